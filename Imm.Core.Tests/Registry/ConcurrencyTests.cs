using System.Collections.Concurrent;
using System.Globalization;
using Xunit;

namespace Imm.Core.Tests.Registry;

/// <summary>
/// What many callers at once may rely on, in memory and in a file:
/// <list type="number">
/// <item>Of many who create one name exactly one succeeds; the others hear that it exists.</item>
/// <item>Exactly as many succeed as there are places left in the quota, whatever the names; no reader ever sees more projects than the quota.</item>
/// <item>The same holds for datasets in a project, bindings and files in a dataset; the project's sums are exact at every moment.</item>
/// <item>A reader sees only states that were committed: no half of an update, and no version that is older than one seen before.</item>
/// <item>Get, TryGet and List never disagree: what one has shown, the other shows too, or something later.</item>
/// <item>What a call acknowledged, every read that begins afterwards sees.</item>
/// <item>Every short history of calls can be put in one order that explains all outcomes and respects who ended before whom began.</item>
/// </list>
/// </summary>
public sealed class ConcurrencyTests
{
    private const int Callers = 64;

    public static TheoryData<string> Stores => ["memory", "file"];

    [Theory]
    [MemberData(nameof(Stores))]
    public void Of_64_callers_who_create_few_names_with_few_places_left_exactly_as_many_succeed_as_there_are_places(string kind)
    {
        using var directory = new TempDirectory();
        using ImmStore store = Open(kind, directory);
        for (int round = 0; round < 8; round++)
        {
            ProjectRegistry registry = store.Registry("account", $"round-{round}");
            (int names, int places) = round switch { 0 => (1, 5), 1 => (5, 5), 2 => (64, 1), 3 => (64, 0), _ => (1 + round, 1 + (round * 7 % 11)) };
            registry.SetProjectQuota(places + 1);
            registry.Create(new CreateProjectRequest { ProjectName = "there" });
            using var reader = new Beside(() => Assert.True(registry.List().Projects.Count <= places + 1));
            string[] outcomes = AtOnce(Callers, caller => Shown.Outcome(() =>
            {
                registry.Create(new CreateProjectRequest { ProjectName = $"n{caller % names}", Description = $"{caller}" });
            }));
            reader.Stop();

            int succeeded = outcomes.Count(outcome => outcome == "done");
            Assert.Equal(Math.Min(names, places), succeeded);
            Assert.Equal(succeeded + 1, registry.List().Projects.Count);
            string exists = Shown.Refusal(ImmErrorCode.ResourceAlreadyExists, 400, "ProjectName");
            string full = Shown.Refusal(ImmErrorCode.LimitExceededError, 400, "ProjectName", 1, places + 1, places + 1);
            Assert.All(outcomes, outcome => Assert.Contains(outcome, (string[])["done", exists, full]));
            for (int caller = 0; caller < Callers; caller++)
            {
                Assert.True(outcomes[caller] != "done" || registry.Get($"n{caller % names}").Description == $"{caller}");
                Assert.Equal(outcomes[caller] != full, registry.TryGet($"n{caller % names}", out _));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task Callers_who_await_share_the_places_as_exactly(string kind)
    {
        using var directory = new TempDirectory();
        using ImmStore store = Open(kind, directory);
        ProjectRegistry registry = store.Registry("account", "region");
        registry.SetProjectQuota(7);

        string[] outcomes = await Task.WhenAll(Enumerable.Range(0, 500).Select(caller => Task.Run(
            () => Shown.Outcome(() => registry.CreateAsync(new CreateProjectRequest { ProjectName = $"n{caller % 9}" })))));

        Assert.Equal(7, outcomes.Count(outcome => outcome.StartsWith('n')));
        Assert.Equal(7, registry.List().Projects.Count);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void Datasets_bindings_and_files_are_counted_exactly_too(string kind)
    {
        using var directory = new TempDirectory();
        using ImmStore store = Open(kind, directory);
        ProjectRegistry registry = store.Registry("account", "region");
        registry.Create(new CreateProjectRequest { ProjectName = "p", ProjectMaxDatasetCount = 3, DatasetMaxBindCount = 4, DatasetMaxFileCount = 10 });
        registry.CreateDataset(new CreateDatasetRequest { ProjectName = "p", DatasetName = "d" });
        using var reader = new Beside(() =>
        {
            Project project = registry.Get("p");
            Assert.True(project.DatasetCount <= 3 && project.FileCount <= 10 && project.TotalFileSize == 10 * project.FileCount);
        });
        int[] kinds = AtOnce(Callers, caller => Shown.Outcome(() => _ = (caller % 3) switch
        {
            0 => registry.CreateDataset(new CreateDatasetRequest { ProjectName = "p", DatasetName = $"d{caller}" }),
            1 => (object)registry.CreateBinding("p", "d", $"oss://b{caller}"),
            _ => registry.AddFiles("p", "d", 1, 10),
        })).Select((outcome, caller) => outcome == "done" ? caller % 3 : -1).ToArray();
        reader.Stop();

        Assert.Equal((2, 4, 10), (kinds.Count(done => done == 0), kinds.Count(done => done == 1), kinds.Count(done => done == 2)));
        Project project = registry.Get("p");
        Assert.Equal((3, 10, 100), (project.DatasetCount, project.FileCount, project.TotalFileSize));
        Assert.Equal(4, registry.ListBindings("p", "d").Count);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void Readers_see_whole_states_that_never_go_back_and_every_read_agrees_with_every_other(string kind)
    {
        using var directory = new TempDirectory();
        using ImmStore store = Open(kind, directory);
        ProjectRegistry registry = store.Registry("account", "region");
        string[] names = ["a", "b", "c"];
        foreach (string name in names)
        {
            registry.Create(new CreateProjectRequest { ProjectName = name, Description = "0", Tag = [new("version", "0")] });
        }

        const int Readers = 3;
        const int Reads = 300;
        int versions = kind == "memory" ? 3000 : 100;
        int[] acknowledged = new int[names.Length];
        int left = names.Length;
        int readersLeft = Readers;
        int reads = 0;
        Action[] writers = [.. names.Select((name, index) => (Action)(() =>
        {
            // However quick the writers are, they go on until enough has been read beside them.
            for (int version = 1; version <= versions || (Volatile.Read(ref reads) < Reads && Volatile.Read(ref readersLeft) > 0); version++)
            {
                string text = version.ToString(CultureInfo.InvariantCulture);
                registry.Update(new UpdateProjectRequest { ProjectName = name, Description = text, Tag = [new("version", text)] });
                Volatile.Write(ref acknowledged[index], version);
            }

            Interlocked.Decrement(ref left);
        }))];
        var failures = new List<string>();
        Action[] readers = [.. Enumerable.Range(0, Readers).Select(seed => (Action)(() =>
        {
            int[] seen = new int[names.Length];
            int turn = seed;
            try
            {
                do
                {
                    int[] before = [.. Enumerable.Range(0, names.Length).Select(index => Volatile.Read(ref acknowledged[index]))];
                    Project[] projects = (turn++ % 3) switch
                    {
                        0 => [.. names.Select(registry.Get)],
                        1 => [.. names.Select(name => registry.TryGet(name, out Project? project) ? project : null!)],
                        _ => [.. registry.List().Projects],
                    };
                    Interlocked.Increment(ref reads);
                    for (int index = 0; index < names.Length; index++)
                    {
                        int version = int.Parse(projects[index].Description, CultureInfo.InvariantCulture);
                        bool isWhole = projects[index].Tags[0].Value == projects[index].Description && projects[index].ProjectName.Value == names[index];
                        if (!isWhole || version < seen[index] || version < before[index])
                        {
                            lock (failures)
                            {
                                failures.Add($"read {turn} of {names[index]}: {Shown.Of(projects[index])} after {seen[index]}, acknowledged {before[index]}");
                            }
                        }

                        seen[index] = version;
                    }
                }
                while (Volatile.Read(ref left) > 0);
            }
            finally
            {
                Interlocked.Decrement(ref readersLeft);
            }
        }))];
        Together([.. writers, .. readers]);

        Assert.Empty(failures);
        Assert.True(reads >= Reads);
        Assert.All(names.Zip(acknowledged), last => Assert.Equal($"{last.Second}", registry.Get(last.First).Description));
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void Every_short_history_has_an_order_that_explains_it(string kind)
    {
        using var directory = new TempDirectory();
        using ImmStore store = Open(kind, directory, new YieldingClock());
        int overlaps = 0;
        int refusals = 0;
        for (int seed = 0; seed < 200 || (overlaps < 100 && seed < 5000); seed++)
        {
            (List<Call> calls, int quota) = RecordHistory(store.Registry("account", $"history-{seed}"), seed);
            overlaps += calls.Count(call => calls.Exists(other => other.Caller != call.Caller && other.Begin < call.End && call.Begin < other.End));
            refusals += calls.Count(call => call.Outcome is "exists" or "missing" || call.Outcome.StartsWith("full", StringComparison.Ordinal));
            Assert.True(History.IsLinearizable(calls, quota), $"seed {seed}:{Environment.NewLine}{string.Join(Environment.NewLine, calls)}");
        }

        Assert.True(overlaps > 100 && refusals > 100, $"only {overlaps} calls overlapped, {refusals} were refused");
    }

    [Fact]
    public void The_search_for_an_order_finds_one_exactly_where_there_is_one()
    {
        Call first = new(0, 0, 3, "create 1", "a", "done");
        Assert.True(History.IsLinearizable([first, new(1, 1, 2, "get", "a", "missing")], 1));
        Assert.True(History.IsLinearizable([first, new(1, 1, 2, "get", "a", "1")], 1));
        Assert.True(History.IsLinearizable([first, new(1, 1, 2, "create 2", "b", "full 1/1")], 1));
        Assert.True(History.IsLinearizable([first, new(1, 4, 5, "list", "", "a=1;"), new(2, 6, 7, "delete", "a", "done"), new(2, 8, 9, "create 3", "a", "done")], 1));

        Assert.False(History.IsLinearizable([first, new(1, 4, 5, "get", "a", "missing")], 1));
        Assert.False(History.IsLinearizable([first, new(1, 1, 2, "create 2", "a", "done")], 2));
        Assert.False(History.IsLinearizable([first, new(1, 1, 2, "create 2", "b", "done")], 1));
        Assert.False(History.IsLinearizable([first, new(1, 1, 2, "get", "a", "1"), new(1, 4, 5, "list", "", "")], 1));
        Assert.False(History.IsLinearizable([new(0, 0, 1, "create 1", "a", "done"), new(0, 2, 9, "update 2", "a", "done"), new(1, 3, 4, "get", "a", "2"), new(1, 5, 6, "get", "a", "1")], 1));
    }

    private static (List<Call> Calls, int Quota) RecordHistory(ProjectRegistry registry, int seed)
    {
        var plan = new Random(seed);
        int quota = plan.Next(1, 3);
        registry.SetProjectQuota(quota);
        const int PerCaller = 4;
        long clock = 0;
        string[][] plans = [.. Enumerable.Range(0, 3).Select(_ => Enumerable.Range(0, PerCaller).Select(i => Plan(plan, i)).ToArray())];
        var calls = new Call[plans.Length * PerCaller];
        using var together = new Barrier(plans.Length);
        Together([.. plans.Select((operations, caller) => (Action)(() =>
        {
            for (int i = 0; i < PerCaller; i++)
            {
                string name = operations[i].Split(' ')[^1];
                string operation = operations[i][..(operations[i].Length - name.Length - 1)];
                together.SignalAndWait();
                long begin = Interlocked.Increment(ref clock);
                string outcome = Carry(registry, operation, name);
                calls[(caller * PerCaller) + i] = new Call(caller, begin, Interlocked.Increment(ref clock), operation, name, outcome);
            }
        }))]);
        return ([.. calls], quota);
    }

    private static string Plan(Random plan, int i)
    {
        string name = "ab"[plan.Next(2)].ToString();
        return plan.Next(12) switch
        {
            < 5 => $"create v{i}{plan.Next(100)} {name}",
            < 7 => $"update v{i}{plan.Next(100)} {name}",
            < 9 => $"delete {name}",
            9 => $"get {name}",
            10 => "list *",
            _ => $"quota {plan.Next(3)} *",
        };
    }

    private static string Carry(ProjectRegistry registry, string operation, string name)
    {
        string[] parts = operation.Split(' ');
        try
        {
            switch (parts[0])
            {
                case "create":
                    registry.Create(new CreateProjectRequest { ProjectName = name, Description = parts[1] });
                    return "done";
                case "update":
                    registry.Update(new UpdateProjectRequest { ProjectName = name, Description = parts[1] });
                    return "done";
                case "delete":
                    registry.Delete(name);
                    return "done";
                case "get":
                    return registry.TryGet(name, out Project? project) ? project.Description : "missing";
                case "list":
                    return string.Concat(registry.List().Projects.Select(project => $"{project.ProjectName}={project.Description};"));
                default:
                    registry.SetProjectQuota(int.Parse(parts[1], CultureInfo.InvariantCulture));
                    return "done";
            }
        }
        catch (ImmException e)
        {
            return e.Code switch
            {
                ImmErrorCode.ResourceAlreadyExists => "exists",
                ImmErrorCode.ResourceNotFound => "missing",
                _ => $"full {e.Used}/{e.Limit}",
            };
        }
    }

    /// <summary>Has so many threads do the same at the same moment.</summary>
    private static T[] AtOnce<T>(int callers, Func<int, T> call)
    {
        var results = new T[callers];
        using var together = new Barrier(callers);
        Together([.. Enumerable.Range(0, callers).Select(caller => (Action)(() =>
        {
            together.SignalAndWait();
            results[caller] = call(caller);
        }))]);
        return results;
    }

    /// <summary>Runs each on a thread of its own until all are done; what they throw is thrown here.</summary>
    private static void Together(Action[] actions)
    {
        var errors = new ConcurrentQueue<Exception>();
        Thread[] threads = [.. actions.Select(action => new Thread(() =>
        {
            if (Record.Exception(action) is { } error)
            {
                errors.Enqueue(error);
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.Empty(errors);
    }

    private static ImmStore Open(string kind, TempDirectory directory, TimeProvider? clock = null) =>
        ImmStore.Open(new ImmStoreOptions { Path = kind == "memory" ? null : directory.File("projects.db"), TimeProvider = clock ?? TimeProvider.System });

    /// <summary>Something that is checked over and over beside the rest of a test.</summary>
    private sealed class Beside : IDisposable
    {
        private readonly Thread _thread;
        private Exception? _error;
        private bool _stop;

        public Beside(Action check)
        {
            _thread = new Thread(() =>
            {
                while (_error is null && !Volatile.Read(ref _stop))
                {
                    _error = Record.Exception(check);
                }
            });
            _thread.Start();
        }

        public void Stop()
        {
            Dispose();
            Assert.Null(_error);
        }

        public void Dispose()
        {
            Volatile.Write(ref _stop, true);
            _thread.Join();
        }
    }

    /// <summary>The clock is asked in the middle of a decision: there it lets others run, so that calls meet even where they are short.</summary>
    private sealed class YieldingClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow()
        {
            for (int i = 0; i < 3; i++)
            {
                Thread.Yield();
            }

            return base.GetUtcNow();
        }
    }
}
