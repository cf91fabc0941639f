namespace Imm.Core.Benchmarks.Throughput.Adapters;

/// <summary>
/// An open store of projects in some engine. Names are unique, the number of projects has a quota, and datasets count their files and bytes
/// up to limits. Disposing it closes the store and brings everything into its main file.
/// </summary>
internal abstract class EngineAdapter : IDisposable
{
    /// <summary>The names of the datasets of each project, where projects have datasets.</summary>
    public static readonly string[] DatasetNames = [.. Enumerable.Range(0, 10).Select(n => $"album-{n}")];

    /// <summary>The greatest number of projects.</summary>
    public abstract int ProjectQuota { set; }

    /// <summary>
    /// The length of the store's log in bytes, which shows that a refusal writes nothing; 0 if the engine does not report it.
    /// </summary>
    public virtual long LogLength => 0;

    /// <summary>Inserts projects in the quickest way that the engine has. Not measured.</summary>
    /// <param name="projects">The projects, none of which exists yet.</param>
    /// <param name="withDatasets">True to give each project the datasets <see cref="DatasetNames"/>.</param>
    public abstract void Load(IEnumerable<NewProject> projects, bool withDatasets);

    /// <summary>Opens a session for one caller. A session is used by one thread, or one chain of tasks, at a time.</summary>
    public abstract Session OpenSession();

    public abstract void Dispose();

    /// <summary>The store as one caller uses it.</summary>
    internal abstract class Session : IDisposable
    {
        /// <summary>Creates a project. If its name is taken and the quota is used up, the answer is that the name is taken.</summary>
        public abstract ValueTask<CreateAnswer> CreateAsync(NewProject project);

        /// <summary>Creates a project synchronously.</summary>
        public virtual CreateAnswer Create(NewProject project) => CreateAsync(project).AsTask().GetAwaiter().GetResult();

        /// <summary>Gets all fields of an existing project.</summary>
        public virtual object Get(string name) => throw new NotSupportedException();

        /// <summary>Gets all fields of an existing project from a store whose answers take a round trip.</summary>
        public virtual ValueTask<object> GetAsync(string name) => throw new NotSupportedException();

        /// <summary>Lists the projects after a name in the order of names, with all their fields.</summary>
        /// <param name="position">The result of <see cref="PositionOf"/> for the name.</param>
        /// <param name="count">The greatest number of projects.</param>
        /// <returns>The number of projects listed.</returns>
        public virtual int List(string position, int count) => throw new NotSupportedException();

        /// <summary>Converts a name to the form in which the engine takes the position of a list.</summary>
        public virtual string PositionOf(string name) => name;

        /// <summary>Changes a project's description and its time of update.</summary>
        public virtual ValueTask UpdateAsync(string name, string description) => throw new NotSupportedException();

        /// <summary>Adds to the files and bytes of a dataset.</summary>
        /// <returns>True if the limits of the dataset allowed it.</returns>
        public virtual ValueTask<bool> AddFilesAsync(string project, string dataset, long files, long bytes) =>
            throw new NotSupportedException();

        public virtual void Dispose()
        {
        }
    }
}

/// <summary>The outcome of a create.</summary>
internal enum CreateAnswer
{
    Created,
    NameIsTaken,
    QuotaIsUsedUp,
}

/// <summary>A project as the other engines' adapters return it, with every field decoded.</summary>
internal sealed class AdapterProject
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

/// <summary>The values of a project whose request does not name them, for the engines that do not know them.</summary>
internal static class ProjectDefaults
{
    public const string ServiceRole = "AliyunIMMDefaultRole";
    public const long ProjectMaxDatasetCount = 1_000_000_000;
    public const long DatasetMaxBindCount = 10;
    public const long DatasetMaxFileCount = 100_000_000;
    public const long DatasetMaxEntityCount = 10_000_000_000;
    public const long DatasetMaxRelationCount = 100_000_000_000;
    public const long DatasetMaxTotalFileSize = 90_000_000_000_000_000;
}
