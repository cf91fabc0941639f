using System.Collections.Concurrent;
using System.Globalization;
using Imm.Core.Tests.Shared;
using Xunit;

namespace Imm.Core.Tests.Registry;

public sealed class ConcurrencyInMemory : ConcurrencyConformance
{
    protected override int Updates => 3000;

    [Fact]
    public void The_check_of_histories_accepts_exactly_the_linearizable_ones()
    {
        Call first = new(0, 0, 3, "create 1", "a", "done");
        Assert.True(History.IsLinearizable([first, new(1, 1, 2, "get", "a", "missing")], 1));
        Assert.True(History.IsLinearizable([first, new(1, 1, 2, "get", "a", "1")], 1));
        Assert.True(History.IsLinearizable([first, new(1, 1, 2, "create 2", "b", "full 1/1")], 1));
        Assert.True(History.IsLinearizable(
            [first, new(1, 4, 5, "list", "", "a=1;"), new(2, 6, 7, "delete", "a", "done"), new(2, 8, 9, "create 3", "a", "done")],
            1));
        Assert.True(History.IsLinearizable([first, new(1, 1, 2, "ensure 2", "a", "found 1")], 1));

        Assert.False(History.IsLinearizable([first, new(1, 1, 2, "ensure 2", "a", "done")], 2));
        Assert.False(History.IsLinearizable([first, new(1, 4, 5, "get", "a", "missing")], 1));
        Assert.False(History.IsLinearizable([first, new(1, 1, 2, "create 2", "a", "done")], 2));
        Assert.False(History.IsLinearizable([first, new(1, 1, 2, "create 2", "b", "done")], 1));
        Assert.False(History.IsLinearizable([first, new(1, 1, 2, "get", "a", "1"), new(1, 4, 5, "list", "", "")], 1));
        Assert.False(History.IsLinearizable(
            [
                new(0, 0, 1, "create 1", "a", "done"),
                new(0, 2, 9, "update 2", "a", "done"),
                new(1, 3, 4, "get", "a", "2"),
                new(1, 5, 6, "get", "a", "1"),
            ],
            1));
    }

    protected override ImmStore Open(ImmStoreOptions options) => ImmStore.InMemory(options);
}

public sealed class ConcurrencyInAFile : ConcurrencyConformance
{
    private readonly TempDirectory _directory = new();

    protected override ImmStore Open(ImmStoreOptions options)
    {
        options.Path = _directory.File("projects.db");
        return ImmStore.Open(options);
    }

    protected override void Dispose(bool disposing)
    {
        _directory.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>
/// The guarantees of every store to concurrent callers:
/// <list type="number">
/// <item>Of many calls that create one name exactly one succeeds; the others are refused because the name exists.</item>
/// <item>Exactly as many creates succeed as the quota has room for. No reader ever sees more projects than the quota.</item>
/// <item>The same holds for datasets in a project, bindings and files in a dataset; the project's sums are exact at every moment.</item>
/// <item>A reader sees only committed states: no half of an update, and no version that is older than one seen before.</item>
/// <item>Get, TryGet and List agree: a later read gives the same state as an earlier one of another kind, or a later state.</item>
/// <item>An acknowledged change is visible to every read that begins afterwards.</item>
/// <item>Every short history of calls is linearizable.</item>
/// </list>
/// </summary>
public abstract class ConcurrencyConformance : IDisposable
{
    private const int Callers = 64;

    /// <summary>The number of updates of each project that readers watch, at least.</summary>
    protected virtual int Updates => 100;

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    [StoreFact]
    public void Concurrent_creates_succeed_exactly_as_often_as_names_and_quota_allow()
    {
        using ImmStore store = Open(new ImmStoreOptions());
        for (int round = 0; round < 8; round++)
        {
            ProjectRegistry registry = store.Registry("account", $"round-{round}");
            (int names, int places) = round switch
            {
                0 => (1, 5),
                1 => (5, 5),
                2 => (64, 1),
                3 => (64, 0),
                _ => (1 + round, 1 + (round * 7 % 11)),
            };
            registry.SetProjectQuota(places + 1);
            registry.Create(new CreateProjectRequest { ProjectName = "there" });
            using var reader = new BackgroundCheck(() => Assert.True(registry.List().Projects.Count <= places + 1));
            string[] outcomes = RunAtOnce(Callers, caller => Shown.Outcome(() =>
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

    [StoreFact]
    public async Task Concurrent_asynchronous_creates_fill_the_quota_exactly()
    {
        using ImmStore store = Open(new ImmStoreOptions());
        ProjectRegistry registry = store.Registry("account", "region");
        registry.SetProjectQuota(7);

        string[] outcomes = await Task.WhenAll(Enumerable.Range(0, 500).Select(caller => Task.Run(
            () => Shown.Outcome(() => registry.CreateAsync(new CreateProjectRequest { ProjectName = $"n{caller % 9}" })))));

        Assert.Equal(7, outcomes.Count(outcome => outcome.StartsWith('n')));
        Assert.Equal(7, registry.List().Projects.Count);
    }

    [StoreFact]
    public void Concurrent_changes_fill_the_limits_of_datasets_bindings_and_files_exactly()
    {
        using ImmStore store = Open(new ImmStoreOptions());
        ProjectRegistry registry = store.Registry("account", "region");
        registry.Create(new() { ProjectName = "p", ProjectMaxDatasetCount = 3, DatasetMaxBindCount = 4, DatasetMaxFileCount = 10 });
        registry.CreateDataset(new CreateDatasetRequest { ProjectName = "p", DatasetName = "d" });
        using var reader = new BackgroundCheck(() =>
        {
            Project project = registry.Get("p");
            Assert.True(project.DatasetCount <= 3 && project.FileCount <= 10 && project.TotalFileSize == 10 * project.FileCount);
        });
        int[] kinds = RunAtOnce(Callers, caller => Shown.Outcome(() => _ = (caller % 3) switch
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

    [StoreFact]
    public void Readers_see_only_committed_states_in_order_and_all_kinds_of_read_agree()
    {
        using ImmStore store = Open(new ImmStoreOptions());
        ProjectRegistry registry = store.Registry("account", "region");
        string[] names = ["a", "b", "c"];
        foreach (string name in names)
        {
            registry.Create(new CreateProjectRequest { ProjectName = name, Description = "0", Tag = [new("version", "0")] });
        }

        const int Readers = 3;
        const int Reads = 300;
        int[] acknowledged = new int[names.Length];
        int left = names.Length;
        int readersLeft = Readers;
        int reads = 0;
        Action[] writers = [.. names.Select((name, index) => (Action)(() =>
        {
            // The writers go on until the readers have read enough during the writes.
            for (int version = 1; version <= Updates || MustGoOn(); version++)
            {
                string text = version.ToString(CultureInfo.InvariantCulture);
                registry.Update(new UpdateProjectRequest { ProjectName = name, Description = text, Tag = [new("version", text)] });
                Volatile.Write(ref acknowledged[index], version);
            }

            Interlocked.Decrement(ref left);
        }))];
        bool MustGoOn() => Volatile.Read(ref reads) < Reads && Volatile.Read(ref readersLeft) > 0;

        var failures = new List<string>();
        Action[] readers = [.. Enumerable.Range(0, Readers).Select(seed => (Action)(() =>
        {
            int[] seen = new int[names.Length];
            int read = seed;
            try
            {
                do
                {
                    int[] before = [.. Enumerable.Range(0, names.Length).Select(index => Volatile.Read(ref acknowledged[index]))];
                    Project[] projects = (read++ % 3) switch
                    {
                        0 => [.. names.Select(registry.Get)],
                        1 => [.. names.Select(name => registry.TryGet(name, out Project? project) ? project : null!)],
                        _ => [.. registry.List().Projects],
                    };
                    Interlocked.Increment(ref reads);
                    for (int index = 0; index < names.Length; index++)
                    {
                        int version = int.Parse(projects[index].Description, CultureInfo.InvariantCulture);
                        bool isWhole = projects[index].Tags[0].Value == projects[index].Description
                            && projects[index].ProjectName.Value == names[index];
                        if (!isWhole || version < seen[index] || version < before[index])
                        {
                            lock (failures)
                            {
                                failures.Add(
                                    $"read {read} of {names[index]}: {Shown.Of(projects[index])} after {seen[index]}, "
                                    + $"acknowledged {before[index]}");
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
        RunTogether([.. writers, .. readers]);

        Assert.Empty(failures);
        Assert.True(reads >= Reads);
        Assert.All(names.Zip(acknowledged), last => Assert.Equal($"{last.Second}", registry.Get(last.First).Description));
    }

    [StoreFact]
    public void Every_short_history_of_calls_is_linearizable()
    {
        using ImmStore store = Open(new ImmStoreOptions { TimeProvider = new YieldingClock() });
        int overlaps = 0;
        int refusals = 0;
        for (int seed = 0; seed < 200 || (overlaps < 100 && seed < 5000); seed++)
        {
            (List<Call> calls, int quota) = RecordHistory(store.Registry("account", $"history-{seed}"), seed);
            overlaps += calls.Count(call =>
                calls.Exists(other => other.Caller != call.Caller && other.Begin < call.End && call.Begin < other.End));
            refusals += calls.Count(call =>
                call.Outcome is "exists" or "missing" || call.Outcome.StartsWith("full", StringComparison.Ordinal));
            Assert.True(
                History.IsLinearizable(calls, quota),
                $"seed {seed}:{Environment.NewLine}{string.Join(Environment.NewLine, calls)}");
        }

        Assert.True(overlaps > 100 && refusals > 100, $"only {overlaps} calls overlapped, {refusals} were refused");
    }

    /// <summary>Opens an empty store.</summary>
    protected abstract ImmStore Open(ImmStoreOptions options);

    protected virtual void Dispose(bool disposing)
    {
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
        RunTogether([.. plans.Select((operations, caller) => (Action)(() =>
        {
            for (int i = 0; i < PerCaller; i++)
            {
                string name = operations[i].Split(' ')[^1];
                string operation = operations[i][..(operations[i].Length - name.Length - 1)];
                together.SignalAndWait();
                long begin = Interlocked.Increment(ref clock);
                string outcome = Execute(registry, operation, name);
                calls[(caller * PerCaller) + i] = new Call(caller, begin, Interlocked.Increment(ref clock), operation, name, outcome);
            }
        }))]);
        return ([.. calls], quota);
    }

    private static string Plan(Random plan, int i)
    {
        string name = "ab"[plan.Next(2)].ToString();
        return plan.Next(14) switch
        {
            >= 12 => $"ensure v{i}{plan.Next(100)} {name}",
            < 5 => $"create v{i}{plan.Next(100)} {name}",
            < 7 => $"update v{i}{plan.Next(100)} {name}",
            < 9 => $"delete {name}",
            9 => $"get {name}",
            10 => "list *",
            _ => $"quota {plan.Next(3)} *",
        };
    }

    private static string Execute(ProjectRegistry registry, string operation, string name)
    {
        string[] parts = operation.Split(' ');
        try
        {
            switch (parts[0])
            {
                case "create":
                    registry.Create(new CreateProjectRequest { ProjectName = name, Description = parts[1] });
                    return "done";
                case "ensure":
                    (Project ensured, bool isNew) = registry.GetOrCreate(new() { ProjectName = name, Description = parts[1] });
                    return isNew ? "done" : $"found {ensured.Description}";
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

    /// <summary>Makes the call on many threads at the same moment.</summary>
    private static T[] RunAtOnce<T>(int callers, Func<int, T> call)
    {
        var results = new T[callers];
        using var together = new Barrier(callers);
        RunTogether([.. Enumerable.Range(0, callers).Select(caller => (Action)(() =>
        {
            together.SignalAndWait();
            results[caller] = call(caller);
        }))]);
        return results;
    }

    /// <summary>Runs each action on a thread of its own and waits for all; fails if one throws.</summary>
    private static void RunTogether(Action[] actions)
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

    /// <summary>A check that runs again and again on a thread of its own until it is stopped.</summary>
    private sealed class BackgroundCheck : IDisposable
    {
        private readonly Thread _thread;
        private Exception? _error;
        private bool _stop;

        public BackgroundCheck(Action check)
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

    /// <summary>A clock that yields. The store reads it while it decides a change, so that even short calls overlap.</summary>
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
