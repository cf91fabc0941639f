using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>
/// Adds files and bytes to datasets, or removes them: all together or none. Adding is refused where a dataset would pass a limit, removing
/// where it has not as many.
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

    /// <summary>The datasets that it changes, each once, in ordinal order of project and dataset.</summary>
    public IEnumerable<(string ProjectName, string DatasetName)> Datasets => _items.Select(item => (item.ProjectName, item.DatasetName));

    /// <inheritdoc/>
    public override bool IsEmpty => Array.TrueForAll(_items, static item => item.Files == 0 && item.Bytes == 0);

    /// <summary>
    /// Reads changes. Several of one dataset are one of their sums. What is refused does not depend on the order of the entries: each
    /// parameter is checked in all of them before the next, and the datasets are brought into an order of their own.
    /// </summary>
    public static Refusal? TryRead(FileChange[] changes, bool adds, out ChangeFiles? command)
    {
        command = null;
        if ((FirstOf(changes, change => change is null ? Refusal.Invalid("Changes", "an entry is null.") : null)
            ?? FirstOf(changes, change => NameRule.Check(nameof(change.ProjectName), change.ProjectName))
            ?? FirstOf(changes, change => NameRule.Check(nameof(change.DatasetName), change.DatasetName))
            ?? FirstOf(changes, change => CheckCount(nameof(change.FileCount), change.FileCount))
            ?? FirstOf(changes, change => CheckCount(nameof(change.TotalFileSize), change.TotalFileSize))) is { } refusal)
        {
            return refusal;
        }

        var sums = new Dictionary<(string Project, string Dataset), (UInt128 Files, UInt128 Bytes)>();
        foreach (FileChange change in changes)
        {
            (string, string) key = (change.ProjectName!, change.DatasetName!);
            (UInt128 files, UInt128 bytes) = sums.GetValueOrDefault(key);
            sums[key] = (files + (ulong)change.FileCount, bytes + (ulong)change.TotalFileSize);
        }

        command = new ChangeFiles(
            [
                .. sums
                    .OrderBy(sum => sum.Key.Project, StringComparer.Ordinal)
                    .ThenBy(sum => sum.Key.Dataset, StringComparer.Ordinal)
                    .Select(sum => new Item(sum.Key.Project, sum.Key.Dataset, sum.Value.Files, sum.Value.Bytes)),
            ],
            adds);
        return null;
    }

    public override Refusal? Refuse(ScopeState state)
    {
        var found = new (Project Project, Dataset Dataset)[_items.Length];
        for (int i = 0; i < _items.Length; i++)
        {
            if (state.Find(_items[i].ProjectName, _items[i].DatasetName, out Project? project, out DatasetEntry? dataset) is { } missing)
            {
                return missing;
            }

            found[i] = (project!, dataset!.Dataset);
        }

        UInt128 projectBytes = 0;
        for (int i = 0; i < _items.Length; i++)
        {
            Item item = _items[i];
            if ((_adds ? RefuseGrowth(found[i].Dataset, item) : RefuseShrinking(found[i].Dataset, item)) is { } refusal)
            {
                return refusal;
            }

            bool isLast = i + 1 == _items.Length || _items[i + 1].ProjectName != item.ProjectName;
            projectBytes += item.Bytes;
            long used = found[i].Project.TotalFileSize;
            if (_adds && isLast && projectBytes > (UInt128)(long.MaxValue - used))
            {
                return Exceeded(nameof(Project.TotalFileSize), "bytes of the project", projectBytes, used, long.MaxValue);
            }

            projectBytes = isLast ? 0 : projectBytes;
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
            Invariant.Holds(
                state.Find(item.ProjectName, item.DatasetName, out Project? project, out DatasetEntry? dataset) is null,
                "the dataset exists");
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

        return Decision<IReadOnlyList<Dataset>>.Accepted(Array.AsReadOnly(datasets), state, changes);
    }

    private static Refusal? FirstOf(FileChange[] changes, Func<FileChange, Refusal?> check) =>
        changes.Select(check).FirstOrDefault(static refusal => refusal is not null);

    private static Refusal? CheckCount(string parameter, long count) =>
        count < 0 ? Refusal.BelowMinimum(parameter, count, 0, long.MaxValue) : null;

    private static Refusal? RefuseGrowth(Dataset dataset, in Item item) =>
        Exceeds(item.Files, dataset.FileCount, dataset.DatasetMaxFileCount)
            ? Exceeded(
                nameof(dataset.DatasetMaxFileCount), "files of the dataset", item.Files, dataset.FileCount, dataset.DatasetMaxFileCount)
        : Exceeds(item.Bytes, dataset.TotalFileSize, dataset.DatasetMaxTotalFileSize)
            ? Exceeded(
                nameof(dataset.DatasetMaxTotalFileSize),
                "bytes of the dataset",
                item.Bytes,
                dataset.TotalFileSize,
                dataset.DatasetMaxTotalFileSize)
        : null;

    private static Refusal? RefuseShrinking(Dataset dataset, in Item item) =>
        item.Files > (UInt128)dataset.FileCount
            ? Refusal.Invalid(
                nameof(dataset.FileCount), $"{item.Files} files cannot be removed from a dataset that has {dataset.FileCount}.")
        : item.Bytes > (UInt128)dataset.TotalFileSize
            ? Refusal.Invalid(
                nameof(dataset.TotalFileSize), $"{item.Bytes} bytes cannot be removed from a dataset that has {dataset.TotalFileSize}.")
        : null;

    /// <summary>Nothing more is nothing too much, also where the limit was lowered below what is used.</summary>
    private static bool Exceeds(UInt128 requested, long used, long limit) =>
        requested > 0 && (used >= limit || requested > (UInt128)(limit - used));

    private static Refusal Exceeded(string parameter, string counted, UInt128 requested, long used, long limit) =>
        Refusal.CountExceeded(parameter, counted, requested <= long.MaxValue ? (long)requested : null, used, limit);

    private readonly record struct Item(string ProjectName, string DatasetName, UInt128 Files, UInt128 Bytes);
}
