using Imm.Core.Storage;

namespace Imm.Core;

/// <summary>The states of a store.</summary>
public enum ImmStoreState
{
    /// <summary>The store accepts changes.</summary>
    Open,

    /// <summary>
    /// A read, write or flush has failed, or a file was moved, deleted, replaced or truncated. The store answers reads from memory, and
    /// refuses changes until it is opened again.
    /// </summary>
    Failed,

    /// <summary>The store was disposed.</summary>
    Closed,
}

/// <summary>The state of a store at one moment. Immutable.</summary>
/// <remarks>For a store in memory all values that concern files are 0.</remarks>
public sealed class ImmStoreStatus
{
    internal ImmStoreStatus(
        ImmStoreState state,
        Exception? failure,
        int waitingWrites,
        FileStore? file,
        long readOnlyLength,
        AuthorizationMode authorization)
    {
        DataFileLength = state == ImmStoreState.Closed ? 0 : readOnlyLength;
        Authorization = authorization;
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

    /// <summary>The state. A full disk does not change it: the store stays <see cref="ImmStoreState.Open"/>.</summary>
    public ImmStoreState State { get; }

    /// <summary>
    /// The cause of the failure of the store, or of a close that could not bring all changes into the data file; null without a failure.
    /// After such a close the acknowledged changes are in the logs, and the next open brings them into the data file.
    /// For a store in a database it is the failure for which the database has not answered within
    /// <see cref="ImmStoreOptions.DatabasePatience"/>. It is null again once the database answers: such a store goes on by itself.
    /// </summary>
    public Exception? Failure { get; }

    /// <summary>
    /// The reason of <see cref="Failure"/>; null without a failure. A change that a failed store refuses has the reason
    /// <see cref="ImmUnavailableReason.StoreFailed"/>, whatever this one is.
    /// </summary>
    public ImmUnavailableReason? FailureReason => Failure is null ? null : StoreFileException.ReasonOf(Failure);

    /// <summary>The number of changes in the commit queue, at most <see cref="ImmStoreOptions.MaxWaitingWrites"/>.</summary>
    public int WaitingWrites { get; }

    /// <summary>
    /// The effect of the authorizer's decisions; <see cref="AuthorizationMode.Off"/> for a store without an authorizer, which allows all.
    /// </summary>
    public AuthorizationMode Authorization { get; }

    /// <summary>The length of the data file in bytes, as of the last checkpoint; 0 once the store is closed.</summary>
    public long DataFileLength { get; }

    /// <summary>
    /// The length in bytes of the part of the active log that is in use, with its header of 4,096 bytes; 0 once the store is closed. The
    /// file itself may be longer. A checkpoint begins at 16 MiB.
    /// </summary>
    public long LogLength { get; }

    /// <summary>The number of changes that the open recovered from the logs, because the store had not been closed.</summary>
    public int RecoveredRecords { get; }

    /// <summary>The number of pages that the open redid from a log, because a checkpoint had been interrupted.</summary>
    public int RecoveredPages { get; }

    /// <summary>The number of changes that the last checkpoint brought into the data file; 0 before the first.</summary>
    public int LastCheckpointRecords { get; }

    /// <summary>The number of pages of 8,192 bytes that the last checkpoint wrote; 0 before the first.</summary>
    public int LastCheckpointPages { get; }

    /// <summary>The duration of the last checkpoint; zero before the first.</summary>
    public TimeSpan LastCheckpointDuration { get; }
}
