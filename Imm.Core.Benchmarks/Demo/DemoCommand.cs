using System.Diagnostics;
using Imm.Core.Benchmarks.Throughput;
using Imm.Core.Benchmarks.Throughput.Measuring;

namespace Imm.Core.Benchmarks.Demo;

/// <summary>
/// Introduces the library, from top to bottom: opens a store in a temporary file, lets many callers use it at once, causes every kind of
/// refusal, measures each operation, reopens the store, and checks that it contains exactly what it has acknowledged.
/// </summary>
internal sealed class DemoCommand(string path, TimeSpan time, CancellationToken cancellationToken)
{
    private const string Account = "1234567890";
    private const string Album = "holiday";
    private const int ManyCallers = 64;

    private readonly Screen _screen = new();
    private readonly List<string[]> _figures = [];
    private long _checks;
    private int _failures;

    public static async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        TimeSpan time = TimeSpan.FromSeconds(CommandLine.IsQuick(args) ? 0.2 : 2);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("imm-core-");
        try
        {
            return await new DemoCommand(Path.Combine(folder.FullName, "store.db"), time, cancellationToken).RunAsync();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private async Task<int> RunAsync()
    {
        _screen.Line(Machine.Describe(path));
        var small = new Ledger(Check);
        var large = new Ledger(Check);

        // A store is one file. A registry contains the projects of one account in one region. The default quota is 100 projects.
        await using (ImmStore store = ImmStore.Open(path))
        {
            _screen.Title("Concurrent callers in a registry with the default quota");
            ProjectRegistry hangzhou = store.Registry(Account, "cn-hangzhou");
            FillQuota(hangzhou, small);
            FillDataset(hangzhou, small);

            _screen.Title("Refusals: code, status, parameter, and the numbers requested/used/limit");
            ShowRefusals(hangzhou, small.Names[0]);
            Compare(hangzhou, small, "after the refusals");

            _screen.Title("Operations in a registry with a quota of its own");
            ProjectRegistry shanghai = store.Registry(Account, "cn-shanghai");
            await shanghai.SetProjectQuotaAsync(int.MaxValue, cancellationToken);
            await MeasureAsync(shanghai, large);

            _screen.Title("Closed, reopened, and compared with the acknowledged answers");
            Compare(hangzhou, small, "before closing");
            Compare(shanghai, large, "before closing");
            IReadOnlyList<string> problems = store.Check();
            Show("the store's own check", $"{problems.Count} problems", problems.Count == 0);
        }

        // All changes were on the disk when their calls returned. Closing has brought them into the one file.
        string[] files = Directory.GetFiles(Path.GetDirectoryName(path)!);
        Show("files after closing", $"{files.Length}, of {new FileInfo(path).Length:N0} bytes", files is [var only] && only == path);
        long started = Stopwatch.GetTimestamp();
        await using (ImmStore store = ImmStore.Open(path))
        {
            ProjectRegistry shanghai = store.Registry(Account, "cn-shanghai");
            bool found = shanghai.TryGet(large.Names[0], out _);
            Show("reopened, to the first answer", NumberFormat.Time(MachineClock.Since(started)), found);
            ProjectRegistry hangzhou = store.Registry(Account, "cn-hangzhou");
            Show("the default quota", $"{hangzhou.ProjectQuota}", hangzhou.ProjectQuota == 100);
            Show("the quota that was set", $"{shanghai.ProjectQuota}", shanghai.ProjectQuota == int.MaxValue);
            Compare(hangzhou, small, "after reopening");
            Compare(shanghai, large, "after reopening");
        }

        _screen.Title(_failures == 0
            ? $"All {_checks:N0} checks hold: what was found is what was acknowledged."
            : $"{_failures:N0} of {_checks:N0} checks failed.");
        return _failures == 0 ? CommandLine.Success : CommandLine.Failure;
    }

    /// <summary>Many callers create the same project, and more callers than the quota allows create one each: the quota is exact.</summary>
    private void FillQuota(ProjectRegistry registry, Ledger ledger)
    {
        CreateProjectRequest Request(int n) => new() { ProjectName = n < 64 ? "the-one" : $"project-{n}" };
        ImmException?[] refusals = TryAtOnce(64 + 150, n => ledger.Created(Request(n), registry.Create(Request(n))));
        ledger.Refused(Enumerable.Range(64, 150).Where(n => refusals[n] is not null).Select(n => Request(n).ProjectName!));
        int created = refusals.Count(refusal => refusal is null);
        int taken = refusals.Count(refusal => refusal?.Code == ImmErrorCode.ResourceAlreadyExists);
        int full = refusals.Count(refusal => refusal is { Code: ImmErrorCode.LimitExceededError, Requested: 1, Used: 100, Limit: 100 });
        string result = $"{created} created, {taken} refused as taken, {full} refused by the quota of {registry.ProjectQuota}";
        Show("64 callers create one project, 150 one each", result, created == 100 && taken + full == 114);
    }

    /// <summary>More callers add a file than a dataset may contain: the limit is exact, and so are all counts.</summary>
    private void FillDataset(ProjectRegistry registry, Ledger ledger)
    {
        string name = ledger.Names[0];
        registry.CreateDataset(new() { ProjectName = name, DatasetName = Album, DatasetMaxFileCount = 100 });
        registry.CreateBinding(name, Album, "oss://photos");
        ImmException?[] refusals = TryAtOnce(150, _ => registry.AddFiles(name, Album, fileCount: 1, totalFileSize: 1_000));
        int added = refusals.Count(refusal => refusal is null);
        int full = refusals.Count(refusal => refusal is { Code: ImmErrorCode.LimitExceededError, Requested: 1, Used: 100, Limit: 100 });
        Show("150 callers add a file to a dataset of 100", $"{added} added, {full} refused", added == 100 && full == 50);
        ledger.Filled(registry.Get(name), registry.GetDataset(name, Album), files: 100, bytes: 100_000);
    }

    /// <summary>Causes every kind of refusal in a registry whose quota is used up, and in a project with a full dataset.</summary>
    private void ShowRefusals(ProjectRegistry registry, string name)
    {
        using ImmStore guardedStore = ImmStore.InMemory(new() { Authorizer = new ReadOnlyAuthorizer() });
        ProjectRegistry guarded = guardedStore.Registry(Account, "cn-hangzhou");
        void Create(CreateProjectRequest request, string what, string expected) => Refuse(what, () => registry.Create(request), expected);
        Create(new(), "a project without a name", "InvalidArgument 400 ProjectName");
        Create(new() { ProjectName = "2026" }, "a name that begins with a digit", "InvalidArgument 400 ProjectName");
        Create(new() { ProjectName = "a", DatasetMaxFileCount = 0 }, "a limit of 0 files", "InvalidArgument 400 DatasetMaxFileCount");
        Create(new() { ProjectName = "b", DatasetMaxBindCount = 11 }, "a limit of 11", "LimitExceededError 400 DatasetMaxBindCount 11//10");
        Tag[] tags = [.. Enumerable.Range(1, 21).Select(n => new Tag($"key-{n}"))];
        Create(new() { ProjectName = "c", Tag = tags }, "a project with 21 tags", "LimitExceededError 400 Tag 21//20");
        Create(new() { ProjectName = "d", Tag = [new("acs:owner", "me")] }, "a tag with a reserved key", "InvalidArgument 400 Tag");
        Create(new() { ProjectName = "new" }, "project number 101", "LimitExceededError 400 ProjectName 1/100/100");
        Create(new() { ProjectName = name }, "a name that is taken", "ResourceAlreadyExists 400 ProjectName");
        Refuse("a project that does not exist", () => registry.Get("nowhere"), "ResourceNotFound 404 ProjectName");
        Refuse("an update that changes nothing", () => registry.Update(new() { ProjectName = name }), "InvalidArgument 400");
        Refuse("a malformed page token", () => registry.List(new() { NextToken = "page 2" }), "InvalidArgument 400 NextToken");
        Refuse("deleting a project with a dataset", () => registry.Delete(name), "StatusConflict 400 ProjectName");
        Refuse("a file too many", () => registry.AddFiles(name, Album, 1, 1_000), "LimitExceededError 400 DatasetMaxFileCount 1/100/100");
        Refuse("removing more files than there are", () => registry.RemoveFiles(name, Album, 101, 0), "InvalidArgument 400 FileCount");
        Refuse("a call that the authorizer denies", () => guarded.Create(new() { ProjectName = "new" }), "NoPermission 403");
        Refuse("opening the same file twice", () => ImmStore.Open(path).Dispose(), "ServiceUnavailable 503");
    }

    private void Refuse(string attempt, Action call, string expected)
    {
        ImmException? refusal = Try(call);
        string numbers = refusal?.Requested is null ? "" : $"{refusal.Requested}/{refusal.Used}/{refusal.Limit}";
        string actual = $"{refusal?.Code} {refusal?.HttpStatus} {refusal?.Parameter} {numbers}".TrimEnd();
        Show(attempt, actual, actual == expected);
        _screen.Line($"      {refusal?.Message}");
    }

    private async Task MeasureAsync(ProjectRegistry registry, Ledger ledger)
    {
        ValueTask<Project> CreateAsync(CreateProjectRequest request) => registry.CreateAsync(request, cancellationToken);
        await MeasureAsync("create", 1, (_, n) => NewProject(ManyCallers, n), CreateAsync, ledger.Created);
        await MeasureAsync("create", ManyCallers, NewProject, CreateAsync, ledger.Created, maxCalls: 3_000);

        // Each caller changes projects of its own, so that the ledger knows the last change of each.
        string[] names = ledger.Names;
        int share = names.Length / ManyCallers;
        string OwnName(int caller, int n) => names[caller + (n % share * ManyCallers)];
        UpdateProjectRequest NewUpdate(int caller, int n) =>
            new() { ProjectName = OwnName(caller, n), Description = $"Update {n}", Tag = n % 2 == 0 ? [new Tag("update", $"{n}")] : null };
        await MeasureAsync("update", ManyCallers, NewUpdate, request => registry.UpdateAsync(request, cancellationToken), ledger.Updated);
        await MeasureAsync(
            "delete", ManyCallers, OwnName, async name => { await registry.DeleteAsync(name, cancellationToken); return true; },
            ledger.Deleted, maxCalls: Math.Max(1, share / 20));

        // Reads do not wait: they take no lock and read no file.
        names = ledger.Names;
        void CheckName(string name, Project answer) => Check(answer.ProjectName.Value == name, $"a get of {name} returned {answer}");
        string NextName(int caller, int n) => names[n * 7_919L % names.Length];
        await MeasureAsync("get", 1, NextName, name => ValueTask.FromResult(registry.Get(name)), CheckName);
        ListProjectsRequest list = new() { MaxResults = 100 };
        void TurnPage(ListProjectsRequest _, ProjectPage page) =>
            Check((list.NextToken = page.NextToken) is null || page.Projects.Count == 100, $"a page of {page.Projects.Count} is not last");
        await MeasureAsync("list a page of 100", 1, (_, _) => list, request => ValueTask.FromResult(registry.List(request)), TurnPage);
        _screen.Show(new TextTable(["operation", ">callers", ">count", ">a second", ">p50", ">p99"], _figures));
    }

    /// <summary>Runs callers in closed loops and checks every answer. The rate leaves out the time of the checks.</summary>
    private async Task MeasureAsync<TRequest, TAnswer>(string operation, int callers, Func<int, int, TRequest> newRequest,
        Func<TRequest, ValueTask<TAnswer>> call, Action<TRequest, TAnswer> check, int maxCalls = int.MaxValue)
    {
        var latency = new Latency();
        long started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            for (int n = 0; n < maxCalls && (n == 0 || Stopwatch.GetElapsedTime(started) < time); n++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                TRequest request = newRequest(caller, n);
                long begun = Stopwatch.GetTimestamp();
                TAnswer answer = await call(request);
                latency.Record(MachineClock.Since(begun));
                check(request, answer);
            }
        })));
        string rate = NumberFormat.ThreeDigits(callers * 1e9 / latency.Mean);
        string p50 = NumberFormat.Time(latency.Percentile(50)), p99 = NumberFormat.Time(latency.Percentile(99));
        _figures.Add([operation, $"{callers}", NumberFormat.Number(latency.Count), rate, p50, p99]);
    }

    /// <summary>Makes the request for a caller's n-th project. The hash puts the names in random order.</summary>
    private static CreateProjectRequest NewProject(int caller, int n) => new()
    {
        ProjectName = $"p{HashCode.Combine(caller, n):x8}-{caller}-{n}",
        Description = n % 2 == 0 ? "Photos of the summer, 夏の写真" : null,
        TemplateId = n % 4 == 1 ? "Official:ImageManagement" : null,
        DatasetMaxFileCount = n % 4 == 0 ? 5_000 : null,
        Tag = n % 2 == 0 ? [new Tag("team", "media"), new Tag("cost-centre", $"{n % 100}")] : null,
    };

    private void Compare(ProjectRegistry registry, Ledger ledger, string when)
    {
        int before = _failures;
        ledger.Compare(registry, when);
        Show($"{registry.RegionId} {when}", $"{NumberFormat.Number(ledger.Names.Length)} projects", _failures == before);
    }

    private void Show(string what, string result, bool asExpected)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _screen.Step(asExpected, what, result);
        Check(asExpected, $"{what}: {result}");
    }

    private void Check(bool holds, FormattableString failure)
    {
        Interlocked.Increment(ref _checks);
        if (!holds && Interlocked.Increment(ref _failures) <= 10)
        {
            _screen.Line($"      Failed: {failure}");
        }
    }

    private static ImmException? Try(Action call)
    {
        try
        {
            call();
            return null;
        }
        catch (ImmException e)
        {
            return e;
        }
    }

    /// <summary>Makes one call on each of many threads and returns the refusals; null for a call that succeeded.</summary>
    private static ImmException?[] TryAtOnce(int callers, Action<int> call)
    {
        var refusals = new ImmException?[callers];
        Threads.Run([.. Enumerable.Range(0, callers)], n => refusals[n] = Try(() => call(n)));
        return refusals;
    }

    private sealed class ReadOnlyAuthorizer : IImmAuthorizer
    {
        public AuthorizationDecision Authorize(AuthorizationRequest request) => request.Action is "imm:GetProject" or "imm:ListProjects"
            ? AuthorizationDecision.Allow
            : AuthorizationDecision.Deny($"{request.Action} on {request.Resource} is denied.");
    }
}
