namespace Imm.Core.Telemetry;

/// <summary>The values of an open store that the meter observes. Reading them is thread-safe.</summary>
internal interface IMeasuredStore
{
    /// <summary>The number of changes in the commit queue.</summary>
    long WaitingWrites { get; }

    /// <summary>The number of projects in memory.</summary>
    long LoadedProjects { get; }

    /// <summary>The number of projects that the store holds, in memory or not. The first read after an open may read files.</summary>
    /// <exception cref="ImmException">The files cannot be read.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    long KnownProjects { get; }

    /// <summary>The number of datasets in memory.</summary>
    long LoadedDatasets { get; }

    /// <summary>The length of the data file in bytes; 0 for a store in memory.</summary>
    long DataFileLength { get; }

    /// <summary>The length in bytes of the part of the active log that is in use; 0 for a store in memory.</summary>
    long LogLength { get; }
}
