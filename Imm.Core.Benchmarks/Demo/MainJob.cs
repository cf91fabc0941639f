using System.Diagnostics;

namespace Imm.Core.Benchmarks.Demo;

/// <summary>
/// The program's main job: uses a store in a temporary file as a program with many callers would, meets every kind of refusal, closes and reopens
/// it, and compares all it finds with what it was acknowledged.
/// </summary>
internal sealed class MainJob
{
    private const string Account = "1234567890";
    private const string Dataset = "holiday";
    private const int ManyCallers = 64;
    private const int Seed = 20_200_930;

    private readonly Size _size;
    private readonly string _path;
    private readonly CancellationToken _cancellationToken;
    private readonly Findings _findings = new();
    private readonly Stage _stage;
    private readonly List<Meter> _meters = [];
    private readonly Ledger _small;
    private readonly Ledger _large;
    private TimeSpan _reopening;

    private MainJob(Size size, string folder, CancellationToken cancellationToken)
    {
        _size = size;
        _path = Path.Combine(folder, "store.db");
        _cancellationToken = cancellationToken;
        _stage = new Stage(_findings);
        _small = new Ledger("cn-hangzhou", _findings);
        _large = new Ledger("cn-shanghai", _findings);
    }

    public static async Task<int> RunAsync(string[] args)
    {
        Size size = Size.Full;
        foreach (string arg in args)
        {
            size = arg == "--quick" ? Size.Quick : throw UsageException.Unknown(arg);
        }

        using var cancellation = new CancellationTokenSource();
        void Cancel(object? sender, ConsoleCancelEventArgs e)
        {
            e.Cancel = true;
            cancellation.Cancel();
        }

        Console.CancelKeyPress += Cancel;
        DirectoryInfo folder = Directory.CreateTempSubdirectory("imm-core-");
        try
        {
            return await new MainJob(size, folder.FullName, cancellation.Token).RunAsync();
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("Cancelled.");
            return CommandLine.Failure;
        }
        catch (Exception e) when (e is ImmException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"The job cannot go on. {e.Message}");
            return CommandLine.Failure;
        }
        finally
        {
            Console.CancelKeyPress -= Cancel;
            folder.Delete(recursive: true);
        }
    }

    private async Task<int> RunAsync()
    {
        _stage.Line(Machine.Describe(_path));
        string size;
        await using (ImmStore store = ImmStore.Open(_path))
        {
            ProjectRegistry small = store.Registry(Account, "cn-hangzhou");
            ProjectRegistry large = store.Registry(Account, "cn-shanghai");
            _stage.Title("Callers at once in a registry with the default quota");
            await RaceForProjectsAsync(small);
            await RaceForFilesAsync(small);
            Refuse(small);

            _stage.Title("Work in a registry with a quota of its own");
            await large.SetProjectQuotaAsync(int.MaxValue, _cancellationToken);
            await CreateAsync(large, callers: 1, _size.OneCaller, long.MaxValue);
            await CreateAsync(large, ManyCallers, _size.Create, _size.MostProjects);
            await UpdateAsync(large);
            await DeleteAsync(large);
            await GetAsync(large);
            await ListAsync(large);

            _stage.Title("Close, reopen, and compare with what was acknowledged");
            Compare(small, large, "before closing");
            IReadOnlyList<string> problems = store.Check();
            _findings.Expect(problems.Count == 0, () => $"the store's own check found: {string.Join("; ", problems)}");
            _stage.Done("The store's own check", $"{problems.Count} problems");
            size = await CloseAsync(store);
        }

        await ReopenAsync();
        _stage.Figures(_meters);
        _stage.Line($"A create, update or delete is on the disk when its call returns. Each latency contains {Stage.Time(Meter.ClockCost())} for looking at the clock.");
        _stage.Line($"{size}; from opening again to the first answer {Stage.Time(_reopening)}.");
        _stage.Verdict();
        return _findings.Differences.Count == 0 ? CommandLine.Success : CommandLine.Failure;
    }

    /// <summary>More callers at once than the quota allows projects, and many callers who want one and the same name.</summary>
    private async Task RaceForProjectsAsync(ProjectRegistry registry)
    {
        const int Wanted = 150;
        string[] names = [.. Enumerable.Repeat("the-one", ManyCallers), .. Enumerable.Range(1, Wanted).Select(n => $"project-{n:000}")];
        int created = 0, taken = 0, overQuota = 0;
        await Task.WhenAll(names.Select(name => Task.Run(async () =>
        {
            try
            {
                CreateProjectRequest request = new() { ProjectName = name };
                Project project = await registry.CreateAsync(request, _cancellationToken);
                lock (_small)
                {
                    created++;
                    _small.Created(request, project);
                }
            }
            catch (ImmException e) when (e.Code == ImmErrorCode.ResourceAlreadyExists)
            {
                Interlocked.Increment(ref taken);
            }
            catch (ImmException e) when (e.Code == ImmErrorCode.LimitExceededError)
            {
                lock (_small)
                {
                    overQuota++;
                    _small.Refused(name);
                }

                _findings.Expect(e is { Requested: 1, Used: 100, Limit: 100 }, () => $"the quota refused with other numbers: {e.Message}");
            }
        })));

        _findings.Expect(created == 100, () => $"{created} projects were created under a quota of 100");
        _stage.Done(
            $"{ManyCallers} callers want one name, {Wanted} a name each",
            $"{created} created, {taken} refused as taken, {overQuota} refused by the quota of {registry.ProjectQuota}");
    }

    /// <summary>More callers at once than a dataset may have files.</summary>
    private async Task RaceForFilesAsync(ProjectRegistry registry)
    {
        const int Wanted = 150, Allowed = 100, Bytes = 1_000;
        string project = _small.Names[0];
        UpdateProjectRequest update = new() { ProjectName = project, Description = "Has a dataset" };
        _small.Updated(update, await registry.UpdateAsync(update, _cancellationToken));
        await registry.CreateDatasetAsync(new() { ProjectName = project, DatasetName = Dataset, DatasetMaxFileCount = Allowed }, _cancellationToken);
        await registry.CreateBindingAsync(project, Dataset, "oss://photos", _cancellationToken);
        int added = 0, refused = 0;
        await Task.WhenAll(Enumerable.Range(0, Wanted).Select(_ => Task.Run(async () =>
        {
            try
            {
                await registry.AddFilesAsync(project, Dataset, 1, Bytes, _cancellationToken);
                Interlocked.Increment(ref added);
            }
            catch (ImmException e) when (e.Code == ImmErrorCode.LimitExceededError)
            {
                Interlocked.Increment(ref refused);
                _findings.Expect(e is { Requested: 1, Used: Allowed, Limit: Allowed }, () => $"the dataset refused with other numbers: {e.Message}");
            }
        })));
        _findings.Expect(added == Allowed, () => $"{added} files were added to a dataset that may have {Allowed}");
        _small.Filled(registry.Get(project), registry.GetDataset(project, Dataset), files: added, bytes: (long)added * Bytes);
        _stage.Done($"{Wanted} callers add a file to a dataset of at most {Allowed}", $"{added} added, {refused} refused");
    }

    private void Refuse(ProjectRegistry full)
    {
        _stage.Title("Refusals, as a caller meets them");
        using ImmStore guarded = ImmStore.InMemory(new() { Authorizer = new Refusals.ReadOnlyAuthorizer() });
        var scene = new Scene(_path, full, _small.Names[0], Dataset, guarded.Registry(Account, "cn-hangzhou"));
        foreach ((string what, ImmException? refusal) in Refusals.Try(scene, _findings))
        {
            _stage.Refusal(what, refusal);
        }

        int pages = Compare(full, _small, "after the refusals");
        _stage.Done("What is there after all that", $"{_small.Count} projects, {pages} page");
    }

    private async Task CreateAsync(ProjectRegistry registry, int callers, TimeSpan time, long most)
    {
        int seed = Seed + _large.Count;
        List<Project>[] answers = Lists<Project>(callers);
        await MeasureAsync("create", callers, time, most, async (caller, pace, meter) =>
        {
            IEnumerator<CreateProjectRequest> requests = NewProjects(seed, caller);
            while (pace.TryTake() && requests.MoveNext())
            {
                long started = Stopwatch.GetTimestamp();
                Project project = await registry.CreateAsync(requests.Current, _cancellationToken);
                meter.Record(started);
                answers[caller].Add(project);
            }
        },
        () => Replay(answers, caller => NewProjects(seed, caller), _large.Created));
    }

    private async Task UpdateAsync(ProjectRegistry registry)
    {
        // Each caller has projects of its own, so that it is known which update of a project was the last.
        string[][] names = Shares(_large.Names);
        List<Project>[] answers = Lists<Project>(ManyCallers);
        await MeasureAsync("update", ManyCallers, _size.Update, long.MaxValue, async (caller, pace, meter) =>
        {
            IEnumerator<UpdateProjectRequest> requests = Updates(names[caller], caller);
            while (pace.TryTake() && requests.MoveNext())
            {
                long started = Stopwatch.GetTimestamp();
                Project project = await registry.UpdateAsync(requests.Current, _cancellationToken);
                meter.Record(started);
                answers[caller].Add(project);
            }
        },
        () => Replay(answers, caller => Updates(names[caller], caller), _large.Updated));
    }

    private async Task DeleteAsync(ProjectRegistry registry)
    {
        string[][] names = Shares([.. _large.Names.Where((_, i) => i % 20 == 0)]);
        List<string>[] deleted = Lists<string>(ManyCallers);
        await MeasureAsync("delete", ManyCallers, _size.Update, long.MaxValue, async (caller, pace, meter) =>
        {
            foreach (string name in names[caller])
            {
                if (!pace.TryTake())
                {
                    break;
                }

                long started = Stopwatch.GetTimestamp();
                await registry.DeleteAsync(name, _cancellationToken);
                meter.Record(started);
                deleted[caller].Add(name);
            }
        },
        () => deleted.SelectMany(mine => mine).ToList().ForEach(_large.Deleted));
    }

    private async Task GetAsync(ProjectRegistry registry)
    {
        const int Together = 64;
        string[] names = _large.Names;
        await MeasureAsync("get", 1, _size.Read, long.MaxValue, (_, pace, meter) =>
        {
            var random = new Random(Seed);
            long count = 0;
            while (pace.TryTake(Together))
            {
                // A get is so short that the clock would be half of it: time one of many, with a name fresh from the caller's hands.
                int first = random.Next(names.Length);
                string name = new(names[first].AsSpan());
                long started = Stopwatch.GetTimestamp();
                Project project = registry.Get(name);
                meter.Record(started);
                _findings.Expect(project.ProjectName.Value == name, () => $"a get of {name} gave {project}");
                for (int i = 1; i < Together; i++)
                {
                    registry.Get(names[(int)((first + (i * 7_919L)) % names.Length)]);
                }

                count += Together;
            }

            meter.Finish(pace.Elapsed, count);
            return Task.CompletedTask;
        });
    }

    private async Task ListAsync(ProjectRegistry registry)
    {
        // Tokens from everywhere in the list.
        List<string> tokens = [];
        string? token = null;
        while ((token = registry.List(new() { MaxResults = 100, NextToken = token }).NextToken) is not null)
        {
            tokens.Add(token);
        }

        await MeasureAsync("list a page of 100", 1, _size.Read, long.MaxValue, (_, pace, meter) =>
        {
            var random = new Random(Seed);
            ListProjectsRequest request = new() { MaxResults = 100 };
            while (pace.TryTake())
            {
                request.NextToken = tokens[random.Next(tokens.Count)];
                long started = Stopwatch.GetTimestamp();
                ProjectPage page = registry.List(request);
                meter.Record(started);
                _findings.Expect(
                    page.Projects.Count == 100 || page.NextToken is null, () => $"a page of {page.Projects.Count} projects that is not the last");
            }

            return Task.CompletedTask;
        });
    }

    private async Task<string> CloseAsync(ImmStore store)
    {
        long started = Stopwatch.GetTimestamp();
        await store.DisposeAsync();
        TimeSpan closing = Stopwatch.GetElapsedTime(started);
        string[] files = Directory.GetFiles(Path.GetDirectoryName(_path)!);
        _findings.Expect(files is [var only] && only == _path, () => $"after closing there are {string.Join(", ", files)}");
        long length = new FileInfo(_path).Length;
        _stage.Done("Closed", Stage.Time(closing));
        return $"{Stage.Number(length)} bytes on the disk after closing, {Stage.Number(length / (_large.Count + _small.Count))} a project";
    }

    private async Task ReopenAsync()
    {
        long started = Stopwatch.GetTimestamp();
        await using ImmStore store = ImmStore.Open(_path);
        ProjectRegistry large = store.Registry(Account, "cn-shanghai");
        string name = _large.Names[0];
        bool found = large.TryGet(name, out _);
        _reopening = Stopwatch.GetElapsedTime(started);
        _findings.Expect(found, () => $"{name} was lost");
        _stage.Done("Reopened", $"first answer after {Stage.Time(_reopening)}, from a registry of {Stage.Number(_large.Count)} projects");

        ProjectRegistry small = store.Registry(Account, "cn-hangzhou");
        _findings.Expect(small.ProjectQuota == 100, () => $"the default quota became {small.ProjectQuota}");
        _findings.Expect(large.ProjectQuota == int.MaxValue, () => $"the quota that was set became {large.ProjectQuota}");
        Compare(small, large, "after reopening");
    }

    private void Compare(ProjectRegistry small, ProjectRegistry large, string when)
    {
        Compare(small, _small, when);
        int pages = Compare(large, _large, when);
        _stage.Done($"Compared {when}", $"{Stage.Number(_small.Count + _large.Count)} projects, {Stage.Number(pages)} pages");
    }

    private int Compare(ProjectRegistry registry, Ledger ledger, string when)
    {
        _cancellationToken.ThrowIfCancellationRequested();
        return ledger.Compare(registry, when);
    }

    /// <summary>Has callers work at once until the phase is over, then hands their answers in.</summary>
    private async Task MeasureAsync(
        string operation, int callers, TimeSpan time, long most, Func<int, Pace, Meter, Task> work, Action? handIn = null)
    {
        var meter = new Meter(operation, callers);
        var pace = new Pace(time, most, _cancellationToken);
        async Task<TimeSpan> RunAsync()
        {
            await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(() => work(caller, pace, meter))));
            return pace.Elapsed;
        }

        TimeSpan elapsed = await _stage.WatchAsync($"{operation}, {callers} at once", pace, RunAsync());
        if (meter.Count == 0)
        {
            meter.Finish(elapsed);
        }

        handIn?.Invoke();
        _meters.Add(meter);
        _stage.Done($"{operation}, {(callers == 1 ? "one caller" : $"{callers} callers")}", $"{Stage.Number(meter.Count)} in {Stage.Time(elapsed)}");
    }

    /// <summary>
    /// Hands the answers of a phase in, each with its request. The requests are made once more rather than kept, because the phase would measure the
    /// garbage collector's work on them.
    /// </summary>
    private static void Replay<TRequest>(List<Project>[] answers, Func<int, IEnumerator<TRequest>> requestsOf, Action<TRequest, Project> handIn)
    {
        for (int caller = 0; caller < answers.Length; caller++)
        {
            IEnumerator<TRequest> requests = requestsOf(caller);
            foreach (Project answer in answers[caller])
            {
                requests.MoveNext();
                handIn(requests.Current, answer);
            }
        }
    }

    private static IEnumerator<CreateProjectRequest> NewProjects(int seed, int caller)
    {
        var random = new Random(unchecked((seed * 397) ^ caller));
        for (int n = 0; ; n++)
        {
            yield return new CreateProjectRequest
            {
                // The random part makes the names come in no order, the rest makes each unlike all others.
                ProjectName = $"p{random.Next():x8}-{seed}-{caller}-{n}",
                Description = random.Next(2) == 0 ? "Photos of the summer, 夏の写真" : null,
                TemplateId = random.Next(4) == 0 ? "Official:ImageManagement" : null,
                DatasetMaxFileCount = random.Next(4) == 0 ? random.NextInt64(1, 100_000_001) : null,
                Tag = random.Next(2) == 0 ? [new Tag("team", "media"), new Tag("cost-centre", $"{random.Next(100)}")] : null,
            };
        }
    }

    private static IEnumerator<UpdateProjectRequest> Updates(string[] names, int caller)
    {
        var random = new Random(Seed + caller);
        for (int n = 0; ; n++)
        {
            string name = names[random.Next(names.Length)];
            yield return random.Next(2) == 0
                ? new UpdateProjectRequest { ProjectName = name, Description = $"Updated, {n}" }
                : new UpdateProjectRequest { ProjectName = name, Tag = [new Tag("stage", "test"), new Tag("update", $"{n}")] };
        }
    }

    private static List<T>[] Lists<T>(int callers) => [.. Enumerable.Range(0, callers).Select(_ => new List<T>())];

    private static string[][] Shares(string[] names) =>
        [.. Enumerable.Range(0, ManyCallers).Select(caller => names.Where((_, i) => i % ManyCallers == caller).ToArray())];

    /// <summary>How long the phases are at most.</summary>
    private sealed record Size(TimeSpan OneCaller, TimeSpan Create, long MostProjects, TimeSpan Update, TimeSpan Read)
    {
        public static Size Full { get; } =
            new(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4), 200_000, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

        public static Size Quick { get; } =
            new(TimeSpan.FromSeconds(0.3), TimeSpan.FromSeconds(0.5), 20_000, TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(0.2));
    }
}
