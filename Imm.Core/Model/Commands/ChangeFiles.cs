using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>
/// Adds files and bytes to datasets, or removes them, all or none. Adding is refused where a dataset would pass a limit, removing where a
/// dataset has fewer.
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

    /// <summary>The datasets that change, each once, in ordinal order of project and dataset.</summary>
    public IEnumerable<(string ProjectName, string DatasetName)> Datasets => _items.Select(item => (item.ProjectName, item.DatasetName));

    /// <summary>The number of their projects.</summary>
    private int ProjectCount
    {
        get
        {
            int count = 0;
            for (int i = 0; i < _items.Length; i++)
            {
                count += i == 0 || _items[i - 1].ProjectName != _items[i].ProjectName ? 1 : 0;
            }

            return count;
        }
    }

    /// <inheritdoc/>
    public override bool IsEmpty => Array.TrueForAll(_items, static item => item.Files == 0 && item.Bytes == 0);

    /// <summary>
    /// Parses changes; several of one dataset are added up. The refusal does not depend on the order of the entries: each parameter is
    /// checked in all of them before the next, and the datasets are sorted.
    /// </summary>
    public static ImmRefusal? Parse(FileChange[] changes, bool adds, out ChangeFiles? command)
    {
        ImmRefusal? refusal = FirstOf(changes, static change => change is null ? ImmRefusal.Invalid("Changes", "an entry is null.") : null)
            ?? FirstOf(changes, static change => NameRule.Check(nameof(change.ProjectName), change.ProjectName))
            ?? FirstOf(changes, static change => NameRule.Check(nameof(change.DatasetName), change.DatasetName))
            ?? FirstOf(changes, static change => CheckCount(nameof(change.FileCount), change.FileCount))
            ?? FirstOf(changes, static change => CheckCount(nameof(change.TotalFileSize), change.TotalFileSize));
        command = refusal is null ? new ChangeFiles(Sum(changes), adds) : null;
        return refusal;
    }

    public override ImmRefusal? Check(ScopeState state)
    {
        // Existence comes before limits, in all entries.
        foreach (ref readonly Item item in _items.AsSpan())
        {
            if (state.Find(item.ProjectName, item.DatasetName, out _, out _) is { } missing)
            {
                return missing;
            }
        }

        UInt128 projectBytes = 0;
        for (int i = 0; i < _items.Length; i++)
        {
            ref readonly Item item = ref _items[i];
            (Project project, DatasetEntry entry) = Find(state, item);
            if ((_adds ? CheckGrowth(entry.Dataset, item) : CheckShrinking(entry.Dataset, item)) is { } refusal)
            {
                return refusal;
            }

            projectBytes += item.Bytes;
            if (i + 1 == _items.Length || _items[i + 1].ProjectName != item.ProjectName)
            {
                if (_adds && projectBytes > (UInt128)(long.MaxValue - project.TotalFileSize))
                {
                    return ImmRefusal.CountExceeded(
                        nameof(project.TotalFileSize), "bytes of the project", projectBytes, project.TotalFileSize, long.MaxValue);
                }

                projectBytes = 0;
            }
        }

        return null;
    }

    protected override Decision<IReadOnlyList<Dataset>> Accept(ScopeState state, long nowTicks, OwnerToken? owner)
    {
        var datasets = new Dataset[_items.Length];
        var changes = new Change[_items.Length + ProjectCount];
        int changed = 0;
        for (int i = 0; i < _items.Length; i++)
        {
            ref readonly Item item = ref _items[i];
            (Project project, DatasetEntry entry) = Find(state, item);
            Dataset old = entry.Dataset;
            (long files, long bytes) = ((long)item.Files, (long)item.Bytes);

            // The datasets of one project come one after the other, and change it once.
            bool isLast = i + 1 == _items.Length || _items[i + 1].ProjectName != item.ProjectName;
            bool isFirst = i == 0 || _items[i - 1].ProjectName != item.ProjectName;
            long revision = isFirst ? state.Revision + 1 : state.Revision;
            datasets[i] = old with
            {
                Revision = revision,
                FileCount = _adds ? old.FileCount + files : old.FileCount - files,
                TotalFileSize = _adds ? old.TotalFileSize + bytes : old.TotalFileSize - bytes,
            };
            DatasetEntry next = entry.With(datasets[i]);
            Project after = project.With(next, owner);
            state = state.With(project, after, owner);
            changes[changed++] = new Change(ChangeKind.Dataset, next.Number, next);
            if (isLast)
            {
                changes[changed++] = new Change(ChangeKind.Project, after.Number, after);
            }
        }

        return Decision<IReadOnlyList<Dataset>>.Accepted(Array.AsReadOnly(datasets), state, changes);
    }

    private static Item[] Sum(FileChange[] changes)
    {
        var items = new Item[changes.Length];
        for (int i = 0; i < items.Length; i++)
        {
            FileChange change = changes[i];
            items[i] = new Item(change.ProjectName!, change.DatasetName!, (ulong)change.FileCount, (ulong)change.TotalFileSize);
        }

        Array.Sort(items);
        int last = 0;
        for (int i = 1; i < items.Length; i++)
        {
            if (items[i].CompareTo(items[last]) == 0)
            {
                items[last] = items[last] with { Files = items[last].Files + items[i].Files, Bytes = items[last].Bytes + items[i].Bytes };
            }
            else
            {
                items[++last] = items[i];
            }
        }

        return last + 1 < items.Length ? items[..(last + 1)] : items;
    }

    private static (Project Project, DatasetEntry Dataset) Find(ScopeState state, in Item item)
    {
        Invariant.Holds(
            state.Find(item.ProjectName, item.DatasetName, out Project? project, out DatasetEntry? entry) is null,
            "a dataset whose files change exists");
        return (project!, entry!);
    }

    private static ImmRefusal? FirstOf(FileChange[] changes, Func<FileChange, ImmRefusal?> check)
    {
        foreach (FileChange change in changes)
        {
            if (check(change) is { } refusal)
            {
                return refusal;
            }
        }

        return null;
    }

    private static ImmRefusal? CheckCount(string parameter, long count) =>
        count < 0 ? ImmRefusal.BelowMinimum(parameter, count, 0, long.MaxValue) : null;

    private static ImmRefusal? CheckGrowth(Dataset dataset, in Item item) =>
        Limit.DatasetMaxFileCount.CheckGrowth(item.Files, dataset.FileCount, dataset.DatasetMaxFileCount)
            ?? Limit.DatasetMaxTotalFileSize.CheckGrowth(item.Bytes, dataset.TotalFileSize, dataset.DatasetMaxTotalFileSize);

    private static ImmRefusal? CheckShrinking(Dataset dataset, in Item item) =>
        item.Files > (UInt128)dataset.FileCount
            ? ImmRefusal.Invalid(
                nameof(dataset.FileCount), $"{item.Files} files cannot be removed from a dataset that has {dataset.FileCount}.")
        : item.Bytes > (UInt128)dataset.TotalFileSize
            ? ImmRefusal.Invalid(
                nameof(dataset.TotalFileSize), $"{item.Bytes} bytes cannot be removed from a dataset that has {dataset.TotalFileSize}.")
        : null;

    private readonly record struct Item(string ProjectName, string DatasetName, UInt128 Files, UInt128 Bytes) : IComparable<Item>
    {
        public int CompareTo(Item other) => string.CompareOrdinal(ProjectName, other.ProjectName) is not 0 and int order
            ? order
            : string.CompareOrdinal(DatasetName, other.DatasetName);
    }
}
