using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>
/// Adds files and bytes to datasets, or removes them, all or none. Adding is refused where a dataset would pass a limit, removing where a
/// dataset has fewer.
/// </summary>
internal sealed class ChangeFiles : Command<IReadOnlyList<Dataset>>
{
    /// <summary>Sorted by project and dataset.</summary>
    private readonly FileChange[] _changes;
    private readonly bool _adds;

    private ChangeFiles(FileChange[] changes, bool adds)
    {
        _changes = changes;
        _adds = adds;
    }

    /// <summary>The datasets that change, each once, in ordinal order of project and dataset.</summary>
    public IEnumerable<(string ProjectName, string DatasetName)> Datasets =>
        _changes.Select(static change => (change.ProjectName!, change.DatasetName!)).Distinct();

    /// <inheritdoc/>
    public override bool IsEmpty => Array.TrueForAll(_changes, static change => change.FileCount == 0 && change.TotalFileSize == 0);

    private ItemEnumerator Items => new(_changes);

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
        command = refusal is null ? new ChangeFiles(Sorted(changes), adds) : null;
        return refusal;
    }

    public override ImmRefusal? Check(ScopeState state)
    {
        // Existence comes before limits, in all entries.
        foreach (Item item in Items)
        {
            if (state.Find(item.ProjectName, item.DatasetName, out _, out _) is { } missing)
            {
                return missing;
            }
        }

        UInt128 projectBytes = 0;
        foreach (Item item in Items)
        {
            (Project project, DatasetEntry entry) = Find(state, item);
            if ((_adds ? CheckGrowth(entry.Dataset, item) : CheckShrinking(entry.Dataset, item)) is { } refusal)
            {
                return refusal;
            }

            projectBytes += item.Bytes;
            if (item.IsLastOfProject)
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
        (int datasetCount, int projectCount) = (0, 0);
        foreach (Item item in Items)
        {
            datasetCount++;
            projectCount += item.IsLastOfProject ? 1 : 0;
        }

        // Most change one dataset.
        Dataset? only = null;
        Dataset[]? datasets = datasetCount == 1 ? null : new Dataset[datasetCount];
        if (IsEmpty)
        {
            return Unchanged(state, datasets ?? new Dataset[1]);
        }

        OwnerToken? own = owner is null && datasetCount > 1 ? new() : null;
        var changes = new Change[datasetCount + projectCount];
        (int next, int changed) = (0, 0);
        bool isFirst = true;
        foreach (Item item in Items)
        {
            (Project project, DatasetEntry entry) = Find(state, item);
            Dataset old = entry.Dataset;
            (long files, long bytes) = ((long)item.Files, (long)item.Bytes);

            // The datasets of one project come one after the other, and change it once.
            long revision = isFirst ? state.Revision + 1 : state.Revision;
            isFirst = item.IsLastOfProject;
            Dataset dataset = old with
            {
                Revision = revision,
                FileCount = _adds ? old.FileCount + files : old.FileCount - files,
                TotalFileSize = _adds ? old.TotalFileSize + bytes : old.TotalFileSize - bytes,
            };
            only = datasets is null ? dataset : datasets[next++] = dataset;
            DatasetEntry changedEntry = entry.With(dataset);
            Project after = project.With(changedEntry, owner ?? own);
            state = state.With(project, after, owner ?? own);
            changes[changed++] = new Change(ChangeKind.Dataset, changedEntry.Number, changedEntry);
            if (item.IsLastOfProject)
            {
                changes[changed++] = new Change(ChangeKind.Project, after.Number, after);
            }
        }

        own?.Close();
        return datasets is null
            ? Decision<IReadOnlyList<Dataset>>.Accepted([only!], state, changes)
            : Decision<IReadOnlyList<Dataset>>.Accepted(Array.AsReadOnly(datasets), state, changes);
    }

    /// <summary>Answers the datasets as they are. No state is made: only the thread that commits may make the next one.</summary>
    private Decision<IReadOnlyList<Dataset>> Unchanged(ScopeState state, Dataset[] datasets)
    {
        int next = 0;
        foreach (Item item in Items)
        {
            datasets[next++] = Find(state, item).Dataset.Dataset;
        }

        return Decision<IReadOnlyList<Dataset>>.Unchanged(Array.AsReadOnly(datasets));
    }

    private static FileChange[] Sorted(FileChange[] changes)
    {
        if (changes.Length < 2)
        {
            return changes;
        }

        FileChange[] sorted = [.. changes];
        Array.Sort(sorted, Compare);
        return sorted;
    }

    private static int Compare(FileChange a, FileChange b) => string.CompareOrdinal(a.ProjectName, b.ProjectName) is not 0 and int order
        ? order
        : string.CompareOrdinal(a.DatasetName, b.DatasetName);

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

    /// <summary>The gain or loss of one dataset.</summary>
    private readonly record struct Item(string ProjectName, string DatasetName, UInt128 Files, UInt128 Bytes, bool IsLastOfProject);

    /// <summary>Adds up the changes of each dataset.</summary>
    private struct ItemEnumerator(FileChange[] changes)
    {
        private int _next;

        public Item Current { get; private set; }

        public readonly ItemEnumerator GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_next == changes.Length)
            {
                return false;
            }

            FileChange first = changes[_next];
            (UInt128 files, UInt128 bytes) = (0, 0);
            do
            {
                files += (ulong)changes[_next].FileCount;
                bytes += (ulong)changes[_next].TotalFileSize;
                _next++;
            }
            while (_next < changes.Length && Compare(changes[_next], first) == 0);

            bool isLast = _next == changes.Length || changes[_next].ProjectName != first.ProjectName;
            Current = new Item(first.ProjectName!, first.DatasetName!, files, bytes, isLast);
            return true;
        }
    }
}
