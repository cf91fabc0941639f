namespace Imm.Core.Benchmarks.Throughput.Peers;

/// <summary>
/// An open store of projects, whatever it is made with: names are unique, there is a quota of projects, datasets count their files and bytes up to
/// limits. Disposing it closes it and brings everything into its main file.
/// </summary>
internal abstract class Peer : IDisposable
{
    public const int DatasetsPerProject = 10;
    public const long DatasetMaxFileCount = 100_000_000;
    public const long DatasetMaxTotalFileSize = 90_000_000_000_000_000;

    public const string ServiceRole = "AliyunIMMDefaultRole";

    /// <summary>How many projects there may be.</summary>
    public abstract int ProjectQuota { set; }

    /// <summary>Bytes in the store's log so far, where something tells that a refusal wrote nothing; 0 where it does not say.</summary>
    public virtual long LogLength => 0;

    /// <summary>Puts projects in, the quickest way there is. Not measured.</summary>
    /// <param name="projects">The projects; none of them is there yet.</param>
    /// <param name="withDatasets">Whether each gets <see cref="DatasetsPerProject"/> datasets.</param>
    public abstract void Load(IEnumerable<NewProject> projects, bool withDatasets);

    /// <summary>The store as one caller uses it. A caller is used by one thread, or one chain of tasks, at a time.</summary>
    public abstract Caller Enter();

    public abstract void Dispose();

    public static string DatasetName(int number) => number switch
    {
        0 => "album-0",
        1 => "album-1",
        2 => "album-2",
        3 => "album-3",
        4 => "album-4",
        5 => "album-5",
        6 => "album-6",
        7 => "album-7",
        8 => "album-8",
        _ => "album-9",
    };

    /// <summary>One caller.</summary>
    internal abstract class Caller : IDisposable
    {
        /// <summary>Creates a project. Where its name is taken and the quota is used up, the name decides.</summary>
        public abstract ValueTask<CreateAnswer> CreateAsync(NewProject project);

        /// <summary>The same for a caller who blocks.</summary>
        public virtual CreateAnswer Create(NewProject project) => CreateAsync(project).AsTask().GetAwaiter().GetResult();

        /// <summary>Gets a project that is there, all of it.</summary>
        public virtual object Get(string name) => throw new NotSupportedException();

        /// <summary>Lists the projects behind a name, in the order of names, all of each.</summary>
        /// <param name="position">What <see cref="PositionOf"/> gave.</param>
        /// <param name="count">How many.</param>
        /// <returns>How many there were.</returns>
        public virtual int List(string position, int count) => throw new NotSupportedException();

        /// <summary>The form in which the store wants to hear behind which name a list goes on.</summary>
        public virtual string PositionOf(string name) => name;

        /// <summary>Gives a project another description, and a later time of change.</summary>
        public virtual ValueTask UpdateAsync(string name, string description) => throw new NotSupportedException();

        /// <summary>Counts files into a dataset.</summary>
        /// <returns>Whether its limits allowed them.</returns>
        public virtual ValueTask<bool> AddFilesAsync(string project, string dataset, long files, long bytes) => throw new NotSupportedException();

        public virtual void Dispose()
        {
        }
    }
}

/// <summary>What became of a create.</summary>
internal enum CreateAnswer
{
    Created,
    NameIsTaken,
    QuotaIsUsedUp,
}

/// <summary>A project as the peers give it: every field, ready to be read.</summary>
internal sealed class PeerProject
{
    public required string Name { get; init; }

    public required string Description { get; init; }

    public required string ServiceRole { get; init; }

    public required string TemplateId { get; init; }

    public required long CreateTicks { get; init; }

    public required long UpdateTicks { get; init; }

    public required long ProjectMaxDatasetCount { get; init; }

    public required long DatasetMaxBindCount { get; init; }

    public required long DatasetMaxFileCount { get; init; }

    public required long DatasetMaxEntityCount { get; init; }

    public required long DatasetMaxRelationCount { get; init; }

    public required long DatasetMaxTotalFileSize { get; init; }

    public required long DatasetCount { get; init; }

    public required long FileCount { get; init; }

    public required long TotalFileSize { get; init; }

    public required string TagText { get; init; }
}

/// <summary>The limits that a project has where its request names none.</summary>
internal static class DefaultLimits
{
    public const long ProjectMaxDatasetCount = 1_000_000_000;
    public const long DatasetMaxBindCount = 10;
    public const long DatasetMaxEntityCount = 10_000_000_000;
    public const long DatasetMaxRelationCount = 100_000_000_000;
}
