using System.Globalization;

namespace Imm.Core.Tests.Storage;

/// <summary>
/// A user of a store at random, but the same one for the same seed: projects, datasets, files, bindings and quotas come, change and go in
/// several scopes, alone or many at once. It keeps the history of what the store has acknowledged.
/// </summary>
/// <remarks>
/// The store commits in batches. A single change is a batch. A burst is two: its first change, the leader, and all the others, which are
/// enqueued while the leader is decided and so share the next batch. After a crash a batch is found as a whole or not at all.
/// </remarks>
internal sealed class Workload
{
    private const int DatasetNames = 3;

    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly Random _random;
    private Contents _contents;
    private readonly List<string> _states = [];
    private readonly Clock _clock = new();
    private int _acknowledged;
    private int _begun;

    /// <param name="seed">The same seed makes the same changes to the same contents.</param>
    /// <param name="contents">The present contents of the store.</param>
    public Workload(int seed, Contents? contents = null)
    {
        _random = new Random(seed);
        _contents = contents ?? new Contents();
        _states.Add(_contents.ToString());
    }

    /// <summary>The clock that the store must be opened with. It stands still within a step.</summary>
    public TimeProvider TimeProvider => _clock;

    /// <summary>The contents as a text after each number of batches that were acknowledged.</summary>
    public IReadOnlyList<string> States => _states;

    /// <summary>The number of batches that were acknowledged.</summary>
    public int Acknowledged => Volatile.Read(ref _acknowledged);

    /// <summary>The number of batches that were begun.</summary>
    public int Begun => Volatile.Read(ref _begun);

    /// <summary>The contents after the batches that were acknowledged.</summary>
    public string Now => _states[^1];

    /// <summary>Begins with what the store holds, which was opened with this clock.</summary>
    public void Begin(Contents contents)
    {
        _contents = contents;
        _states[0] = contents.ToString();
    }

    /// <summary>Makes one change, or one burst of them.</summary>
    /// <returns>Null, or how the store refused: then it has failed.</returns>
    public ImmException? Step(ImmStore store)
    {
        _clock.Time = Start.AddSeconds(_states.Count);
        Operation first = Next();
        if (_random.Next(3) > 0)
        {
            Volatile.Write(ref _begun, _begun + 1);
            return Acknowledge(first, first.Submit(store));
        }

        Operation[] others = [.. Enumerable.Range(0, _random.Next(1, 9)).Select(_ => Next())];
        Task<object?>[] answers = [];
        _clock.OnceAsked = () => answers = [.. others.Select(operation => operation.Submit(store))];
        Volatile.Write(ref _begun, _begun + 2);
        ImmException? failure = Acknowledge(first, first.Submit(store));
        _clock.OnceAsked = null;
        if (failure is not null)
        {
            // Who waited behind a batch that failed is refused, and was never written; behind one that found no room the store goes on.
            ImmException?[] behind = [.. answers.Select(Wait)];
            return store.Status.State == ImmStoreState.Open || behind.All(refused => refused is { Code: ImmErrorCode.ServiceUnavailable })
                ? failure
                : throw new InvalidOperationException("A change was acknowledged after the store had failed.");
        }

        ImmException?[] outcomes = [.. answers.Select(Wait)];
        if (outcomes.FirstOrDefault(outcome => outcome is { Code: ImmErrorCode.ServiceUnavailable }) is { } batchFailure)
        {
            return outcomes.All(outcome => outcome is { Code: ImmErrorCode.ServiceUnavailable })
                ? batchFailure
                : throw new InvalidOperationException("A batch failed for some of its callers only.");
        }

        for (int i = 0; i < others.Length; i++)
        {
            // Two changes of one burst may get into each other's way; then the later one is refused.
            if (outcomes[i] is null)
            {
                others[i].Apply(_contents, answers[i].Result);
            }
        }

        Remember();
        return null;
    }

    /// <summary>Makes so many steps; each must succeed.</summary>
    public void Steps(ImmStore store, int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (Step(store) is { } refused)
            {
                throw new InvalidOperationException($"Step {i} was refused.", refused);
            }
        }
    }

    private static ImmException? Wait(Task<object?> answer)
    {
        try
        {
            answer.GetAwaiter().GetResult();
            return null;
        }
        catch (ImmException e)
        {
            return e;
        }
    }

    private ImmException? Acknowledge(Operation operation, Task<object?> answer)
    {
        if (Wait(answer) is { } failure)
        {
            return failure.Code == ImmErrorCode.ServiceUnavailable
                ? failure
                : throw new InvalidOperationException($"The change was refused: {failure.Message}");
        }

        operation.Apply(_contents, answer.Result);
        Remember();
        return null;
    }

    private void Remember()
    {
        _states.Add(_contents.ToString());
        Volatile.Write(ref _acknowledged, _acknowledged + 1);
    }

    private Operation Next()
    {
        int scope = _random.Next(Contents.Scopes.Length);
        if (_random.Next(16) == 0)
        {
            return new SetQuota(scope, _random.Next(500, 2000));
        }

        string name = string.Create(CultureInfo.InvariantCulture, $"{"pP_"[_random.Next(3)]}roject-{_random.Next(6)}");
        return _contents.Find(scope, name) is null ? new Create(scope, new CreateProjectRequest
        {
            ProjectName = name,
            Description = Text(256),
            ServiceRole = _random.Next(4) == 0 ? "role.of-mine" : null,
            TemplateId = _random.Next(4) == 0 ? "Official:AllFunction" : null,
            // Never fewer than there are names of datasets: a change that stands alone must be accepted.
            ProjectMaxDatasetCount = _random.Next(4) == 0 ? _random.Next(DatasetNames, 1000) : null,
            DatasetMaxTotalFileSize = _random.Next(4) == 0 ? long.MaxValue : null,
            Tag = Tags(),
        })
        : Change(scope, name);
    }

    private Operation Change(int scope, string project)
    {
        IReadOnlyList<Dataset> datasets = _contents.Datasets(scope, project);
        int chance = _random.Next(10);
        if (chance < 3 && datasets.Count == 0)
        {
            return new Delete(scope, project);
        }

        if (chance < 5)
        {
            return new Update(
                scope,
                new UpdateProjectRequest { ProjectName = project, Description = Text(256), Tag = _random.Next(2) == 0 ? Tags() : null });
        }

        string name = $"data{_random.Next(DatasetNames)}";
        return datasets.FirstOrDefault(one => one.DatasetName == name) is { } dataset
            ? Change(scope, dataset, datasets)
            : new CreateDataset(
                scope,
                new CreateDatasetRequest { ProjectName = project, DatasetName = name, Description = Text(256), DatasetMaxBindCount = 3 });
    }

    private Operation Change(int scope, Dataset dataset, IReadOnlyList<Dataset> all)
    {
        string project = dataset.ProjectName.Value;
        IReadOnlyList<string> bindings = _contents.Bindings(scope, project, dataset.DatasetName);
        switch (_random.Next(6))
        {
            case 0 when bindings.Count > 0:
                return new DeleteBinding(scope, project, dataset.DatasetName, bindings[0]);
            case 0 or 1 when bindings.Count < 3:
                string uri = $"oss://bucket-{_random.Next(1000)}";
                return bindings.Contains(uri)
                    ? new DeleteBinding(scope, project, dataset.DatasetName, uri)
                    : new CreateBinding(scope, project, dataset.DatasetName, uri);
            case 2 when bindings.Count == 0 && dataset.FileCount == 0:
                return new DeleteDataset(scope, project, dataset.DatasetName);
            case 3:
                return new UpdateDataset(
                    scope, new UpdateDatasetRequest { ProjectName = project, DatasetName = dataset.DatasetName, Description = Text(256) });
            case 4 when dataset.FileCount > 0:
                return new Files(scope, [
                    new FileChange(project, dataset.DatasetName, dataset.FileCount, dataset.TotalFileSize)], Adds: false);
            default:
                // All datasets of the project in one change: all or none.
                return new Files(scope, [.. all.Select(
                    one => new FileChange(project, one.DatasetName, _random.Next(1, 100), _random.Next(1, 10_000)))], Adds: true);
        }
    }

    private string Text(int maxLength)
    {
        string[] letters = ["a", "Z", " ", "é", "中", "😀", "\0", "'"];
        return string.Concat(
            Enumerable.Range(0, _random.Next(3) == 0 ? 0 : _random.Next(maxLength + 1)).Select(_ => letters[_random.Next(letters.Length)]));
    }

    // Sometimes so many that a batch is longer than a page.
    private Tag[] Tags() =>
        [.. Enumerable.Range(0, _random.Next(8) switch { 0 => 20, 1 => 3, _ => 0 }).Select(i => new Tag($"key {i}", Text(128)))];

    private abstract record Operation(int Scope)
    {
        public abstract Task<object?> Submit(ImmStore store);

        public abstract void Apply(Contents contents, object? answer);
    }

    private sealed record Create(int Scope, CreateProjectRequest Request) : Operation(Scope)
    {
        public override async Task<object?> Submit(ImmStore store) => await Contents.Registry(store, Scope).CreateAsync(Request);

        public override void Apply(Contents contents, object? answer) => contents.Put(Scope, (Project)answer!);
    }

    private sealed record Update(int Scope, UpdateProjectRequest Request) : Operation(Scope)
    {
        public override async Task<object?> Submit(ImmStore store) => await Contents.Registry(store, Scope).UpdateAsync(Request);

        public override void Apply(Contents contents, object? answer) => contents.Put(Scope, (Project)answer!);
    }

    private sealed record Delete(int Scope, string Name) : Operation(Scope)
    {
        public override async Task<object?> Submit(ImmStore store)
        {
            await Contents.Registry(store, Scope).DeleteAsync(Name);
            return null;
        }

        public override void Apply(Contents contents, object? answer) => contents.Remove(Scope, Name);
    }

    private sealed record CreateDataset(int Scope, CreateDatasetRequest Request) : Operation(Scope)
    {
        public override async Task<object?> Submit(ImmStore store) => await Contents.Registry(store, Scope).CreateDatasetAsync(Request);

        public override void Apply(Contents contents, object? answer) => contents.Put(Scope, (Dataset)answer!);
    }

    private sealed record UpdateDataset(int Scope, UpdateDatasetRequest Request) : Operation(Scope)
    {
        public override async Task<object?> Submit(ImmStore store) => await Contents.Registry(store, Scope).UpdateDatasetAsync(Request);

        public override void Apply(Contents contents, object? answer) => contents.Put(Scope, (Dataset)answer!);
    }

    private sealed record DeleteDataset(int Scope, string Project, string Name) : Operation(Scope)
    {
        public override async Task<object?> Submit(ImmStore store)
        {
            await Contents.Registry(store, Scope).DeleteDatasetAsync(Project, Name);
            return null;
        }

        public override void Apply(Contents contents, object? answer) => contents.RemoveDataset(Scope, Project, Name);
    }

    private sealed record CreateBinding(int Scope, string Project, string Dataset, string Uri) : Operation(Scope)
    {
        public override async Task<object?> Submit(ImmStore store) =>
            await Contents.Registry(store, Scope).CreateBindingAsync(Project, Dataset, Uri);

        public override void Apply(Contents contents, object? answer) => contents.Put(Scope, (Binding)answer!);
    }

    private sealed record DeleteBinding(int Scope, string Project, string Dataset, string Uri) : Operation(Scope)
    {
        public override async Task<object?> Submit(ImmStore store)
        {
            await Contents.Registry(store, Scope).DeleteBindingAsync(Project, Dataset, Uri);
            return null;
        }

        public override void Apply(Contents contents, object? answer) => contents.RemoveBinding(Scope, Project, Dataset, Uri);
    }

    private sealed record Files(int Scope, FileChange[] Changes, bool Adds) : Operation(Scope)
    {
        public override async Task<object?> Submit(ImmStore store) => Adds
            ? await Contents.Registry(store, Scope).AddFilesAsync(Changes)
            : await Contents.Registry(store, Scope).RemoveFilesAsync(Changes);

        public override void Apply(Contents contents, object? answer)
        {
            foreach (Dataset dataset in (IReadOnlyList<Dataset>)answer!)
            {
                contents.Put(Scope, dataset);
            }
        }
    }

    private sealed record SetQuota(int Scope, int Quota) : Operation(Scope)
    {
        public override async Task<object?> Submit(ImmStore store)
        {
            await Contents.Registry(store, Scope).SetProjectQuotaAsync(Quota);
            return null;
        }

        public override void Apply(Contents contents, object? answer) => contents.SetQuota(Scope, Quota);
    }

    /// <summary>Stands still, and runs something when the store looks at it the next time: while it decides a batch.</summary>
    private sealed class Clock : TimeProvider
    {
        private Action? _onceAsked;

        public DateTimeOffset Time { get; set; } = Start;

        public Action? OnceAsked
        {
            set => Volatile.Write(ref _onceAsked, value);
        }

        public override DateTimeOffset GetUtcNow()
        {
            DateTimeOffset time = Time;
            Interlocked.Exchange(ref _onceAsked, null)?.Invoke();
            return time;
        }
    }
}
