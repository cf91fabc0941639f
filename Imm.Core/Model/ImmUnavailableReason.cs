namespace Imm.Core;

/// <summary>The reasons for <see cref="ImmErrorCode.ServiceUnavailable"/>: why a store cannot be opened, read or changed.</summary>
/// <remarks>docs/operations.md says for each reason what happened and what to do. Later versions may add reasons.</remarks>
public enum ImmUnavailableReason
{
    /// <summary>None of the other reasons. The message says which.</summary>
    Other = 0,

    /// <summary>The file is open in this process or another one. Close the store there.</summary>
    Locked = 1,

    /// <summary>The file system does not keep other processes out of an open file. Use another file system.</summary>
    LocksNotSupported = 2,

    /// <summary>The file or its directory does not exist.</summary>
    NotFound = 3,

    /// <summary>The path does not name a regular file, or is too long for the names of the logs. Use another path.</summary>
    InvalidPath = 4,

    /// <summary>The file system denies access to a file or to its directory.</summary>
    AccessDenied = 5,

    /// <summary>The file system, or the store as it was opened, takes no changes.</summary>
    ReadOnly = 6,

    /// <summary>The file is not a store. It was left unchanged.</summary>
    NotAStore = 7,

    /// <summary>A newer version of the library wrote the file. It was left unchanged.</summary>
    NewerFormat = 8,

    /// <summary>The content of a file is not what was written to it. Restore a backup, or salvage.</summary>
    Damaged = 9,

    /// <summary>Another program has written to the data file. Restore a backup, or salvage.</summary>
    WrittenByAnotherProgram = 10,

    /// <summary>A log with the latest changes is missing or empty. Put it back beside the data file.</summary>
    MissingLog = 11,

    /// <summary>The data file is missing or empty, and a log beside it holds changes. Put the data file back.</summary>
    MissingDataFile = 12,

    /// <summary>The data file and the logs are not of one store at one moment. Bring the files together that belong together.</summary>
    MismatchedFiles = 13,

    /// <summary>The file is a backup that was cut short. Take another backup.</summary>
    UnfinishedBackup = 14,

    /// <summary>The disk has no room, or a quota or limit is reached. Make room and try again.</summary>
    NoSpace = 15,

    /// <summary>
    /// A file has the name of the file that is to be written or of a log of it, or the name is that of a log of another file. No file is
    /// replaced: use another path.
    /// </summary>
    NameTaken = 16,

    /// <summary>A file was moved, deleted or replaced while the store was open. Bring the files back as they were.</summary>
    FilesChanged = 17,

    /// <summary>A read, write or flush failed, or the file system gave another error.</summary>
    InputOutputError = 18,

    /// <summary>
    /// The store has failed earlier and takes no changes until it is opened again. <see cref="ImmStoreStatus.FailureReason"/> has the
    /// reason of that failure.
    /// </summary>
    StoreFailed = 19,

    /// <summary>The database does not answer, or has lost the connection, for longer than the store is to wait.</summary>
    DatabaseUnreachable = 20,
}
