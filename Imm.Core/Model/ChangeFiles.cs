namespace Imm.Core.Model;

/// <summary>
/// Adds files and bytes to datasets, or removes them: all together or none. Adding is refused where a dataset would pass a limit, removing where it
/// has not as many.
/// </summary>
internal sealed class ChangeFiles : Command<IReadOnlyList<Dataset>>
{
    private readonly Item[] _items;
    private readonly bool _adds;

    private ChangeFiles(Item[] items, bool adds)
    {
        _items = items;
        _adds = adds;
    }

    /// <summary>The datasets that it changes, each once, those of one project together.</summary>
    public IEnumerable<(string ProjectName, string DatasetName)> Datasets => _items.Select(item => (item.ProjectName, item.DatasetName));

    /// <summary>Reads changes, first failure first. Several of one dataset are one of their sums.</summary>
    public static Refusal? TryRead(IEnumerable<FileChange> changes, bool adds, out ChangeFiles? command)
    {
        command = null;
        var sums = new Dictionary<(string, string), (UInt128 Files, UInt128 Bytes)>();
        foreach (FileChange? change in changes)
        {
            if ((change is null ? Refusal.Invalid("Changes", "an entry is null.") : Check(change)) is { } refusal)
            {
                return refusal;
            }

            (string, string) key = (change!.ProjectName!, change.DatasetName!);
            (UInt128 files, UInt128 bytes) = sums.GetValueOrDefault(key);
            sums[key] = (files + (ulong)change.FileCount, bytes + (ulong)change.TotalFileSize);
        }

        command = new ChangeFiles(
            [.. sums.GroupBy(sum => sum.Key.Item1).SelectMany(project => project).Select(sum => new Item(sum.Key.Item1, sum.Key.Item2, sum.Value.Files, sum.Value.Bytes))],
            adds);
        return null;
    }

    public override Refusal? Refuse(ScopeState state)
    {
        UInt128 projectBytes = 0;
        for (int i = 0; i < _items.Length; i++)
        {
            Item item = _items[i];
            if ((state.Find(item.ProjectName, item.DatasetName, out Project? project, out DatasetEntry? dataset)
                ?? (_adds ? RefuseGrowth(dataset!.Dataset, item) : RefuseShrinking(dataset!.Dataset, item))) is { } refusal)
            {
                return refusal;
            }

            projectBytes = (i > 0 && _items[i - 1].ProjectName == item.ProjectName ? projectBytes : 0) + item.Bytes;
            long used = project!.TotalFileSize;
            if (_adds && projectBytes > (UInt128)(long.MaxValue - used))
            {
                return Exceeded(nameof(Project.TotalFileSize), "bytes of the project", projectBytes, used, long.MaxValue);
            }
        }

        return null;
    }

    protected override Decision<IReadOnlyList<Dataset>> Accept(ScopeState state, long nowTicks, Edit? edit)
    {
        var datasets = new Dataset[_items.Length];
        var changes = new Change[_items.Length];
        for (int i = 0; i < _items.Length; i++)
        {
            Item item = _items[i];
            Invariant.Holds(state.Find(item.ProjectName, item.DatasetName, out Project? project, out DatasetEntry? dataset) is null, "the dataset exists");
            Dataset old = dataset!.Dataset;
            (long files, long bytes) = ((long)item.Files, (long)item.Bytes);
            datasets[i] = old with
            {
                FileCount = _adds ? old.FileCount + files : old.FileCount - files,
                TotalFileSize = _adds ? old.TotalFileSize + bytes : old.TotalFileSize - bytes,
            };
            state = state.With(project, project!.With(dataset.With(datasets[i]), edit), edit);
            changes[i] = new Change(ChangeKind.DatasetUse, dataset.Number, datasets[i]);
        }

        return Decision<IReadOnlyList<Dataset>>.Accepted(datasets, state, changes);
    }

    private static Refusal? Check(FileChange change) =>
        NameRule.Check(nameof(change.ProjectName), change.ProjectName)
        ?? NameRule.Check(nameof(change.DatasetName), change.DatasetName)
        ?? CheckCount(nameof(change.FileCount), change.FileCount)
        ?? CheckCount(nameof(change.TotalFileSize), change.TotalFileSize);

    private static Refusal? CheckCount(string parameter, long count) =>
        count < 0 ? Refusal.BelowMinimum(parameter, count, 0, long.MaxValue) : null;

    private static Refusal? RefuseGrowth(Dataset dataset, in Item item) =>
        Exceeds(item.Files, dataset.FileCount, dataset.DatasetMaxFileCount)
            ? Exceeded(nameof(dataset.DatasetMaxFileCount), "files of the dataset", item.Files, dataset.FileCount, dataset.DatasetMaxFileCount)
        : Exceeds(item.Bytes, dataset.TotalFileSize, dataset.DatasetMaxTotalFileSize)
            ? Exceeded(nameof(dataset.DatasetMaxTotalFileSize), "bytes of the dataset", item.Bytes, dataset.TotalFileSize, dataset.DatasetMaxTotalFileSize)
        : null;

    private static Refusal? RefuseShrinking(Dataset dataset, in Item item) =>
        item.Files > (UInt128)dataset.FileCount
            ? Refusal.Invalid(nameof(dataset.FileCount), $"{item.Files} files cannot be removed from a dataset that has {dataset.FileCount}.")
        : item.Bytes > (UInt128)dataset.TotalFileSize
            ? Refusal.Invalid(nameof(dataset.TotalFileSize), $"{item.Bytes} bytes cannot be removed from a dataset that has {dataset.TotalFileSize}.")
        : null;

    /// <summary>Nothing more is nothing too much, also where the limit was lowered below what is used.</summary>
    private static bool Exceeds(UInt128 requested, long used, long limit) => requested > 0 && (used >= limit || requested > (UInt128)(limit - used));

    private static Refusal Exceeded(string parameter, string counted, UInt128 requested, long used, long limit) =>
        Refusal.CountExceeded(parameter, counted, requested <= long.MaxValue ? (long)requested : null, used, limit);

    private readonly record struct Item(string ProjectName, string DatasetName, UInt128 Files, UInt128 Bytes);
}
