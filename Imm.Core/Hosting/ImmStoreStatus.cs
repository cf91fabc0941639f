using Imm.Core.Storage;

namespace Imm.Core;

/// <summary>Whether a store takes changes.</summary>
public enum ImmStoreState
{
    /// <summary>It takes changes.</summary>
    Open,

    /// <summary>A read, write or flush has failed: it answers from memory and refuses changes until it is opened again.</summary>
    Failed,

    /// <summary>It was disposed.</summary>
    Closed,
}

/// <summary>How a store is doing at one moment. Immutable.</summary>
/// <remarks>For a store in memory all figures of files are 0.</remarks>
public sealed class ImmStoreStatus
{
    internal ImmStoreStatus(ImmStoreState state, Exception? failure, int waitingWrites, FileStore? file)
    {
        State = state;
        Failure = failure;
        WaitingWrites = waitingWrites;
        if (file is null)
        {
            return;
        }

        (RecoveredRecords, RecoveredPages) = file.Recovered;
        if (state != ImmStoreState.Closed)
        {
            DataFileLength = file.DataLength;
            LogLength = file.LogLength;
        }

        if (file.LastCheckpoint is { } checkpoint)
        {
            LastCheckpointRecords = checkpoint.Records;
            LastCheckpointPages = checkpoint.Pages;
            LastCheckpointDuration = checkpoint.Duration;
        }
    }

    /// <summary>Whether the store takes changes.</summary>
    public ImmStoreState State { get; }

    /// <summary>What made the store fail; null unless it did.</summary>
    public Exception? Failure { get; }

    /// <summary>How many changes wait for their turn.</summary>
    public int WaitingWrites { get; }

    /// <summary>The length of the data file, in bytes.</summary>
    public long DataFileLength { get; }

    /// <summary>How much of the active log is in use, in bytes: what the next checkpoint brings into the data file.</summary>
    public long LogLength { get; }

    /// <summary>How many changes opening found in the logs only, because the store had not been closed.</summary>
    public int RecoveredRecords { get; }

    /// <summary>How many pages opening had to take from a log, because a checkpoint had been cut short.</summary>
    public int RecoveredPages { get; }

    /// <summary>How many changes the last checkpoint brought into the data file; 0 before the first.</summary>
    public int LastCheckpointRecords { get; }

    /// <summary>How many pages of 8,192 bytes the last checkpoint wrote; 0 before the first.</summary>
    public int LastCheckpointPages { get; }

    /// <summary>How long the last checkpoint took; zero before the first.</summary>
    public TimeSpan LastCheckpointDuration { get; }
}
