namespace Imm.Core.Storage;

/// <summary>A file of the store cannot be used, for a known reason.</summary>
/// <param name="reason">The reason.</param>
/// <param name="message">The file, the problem, and what to do.</param>
/// <param name="cause">The cause; null for none.</param>
internal class StoreFileException(ImmUnavailableReason reason, string message, Exception? cause = null) : IOException(message, cause)
{
    public ImmUnavailableReason Reason { get; } = reason;

    /// <summary>Returns the reason that an exception of the storage engine stands for.</summary>
    public static ImmUnavailableReason ReasonOf(Exception exception) => exception switch
    {
        StoreFileException known => known.Reason,
        UnauthorizedAccessException => ImmUnavailableReason.AccessDenied,
        FileNotFoundException or DirectoryNotFoundException => ImmUnavailableReason.NotFound,
        PathTooLongException => ImmUnavailableReason.InvalidPath,
        InvalidDataException or EndOfStreamException or LiteDB.LiteException => ImmUnavailableReason.Damaged,
        IOException when Disk.IsFull(exception) => ImmUnavailableReason.NoSpace,
        IOException { HResult: var error } when IsReadOnly(error) => ImmUnavailableReason.ReadOnly,
        IOException { HResult: var error } when IsNameTooLong(error) => ImmUnavailableReason.InvalidPath,
        IOException { HResult: var error } when IsNameTaken(error) => ImmUnavailableReason.NameTaken,
        IOException { HResult: var error } when IsThroughFile(error) => ImmUnavailableReason.InvalidPath,
        IOException { HResult: var error } when IsOutOfHandles(error) => ImmUnavailableReason.Other,
        IOException => ImmUnavailableReason.InputOutputError,
        _ => ImmUnavailableReason.Other,
    };

    // ENOTDIR: a part of the path is a file. Windows does not find the path then.
    private static bool IsThroughFile(int error) => !OperatingSystem.IsWindows() && error == 20;

    // ENFILE, EMFILE; ERROR_TOO_MANY_OPEN_FILES.
    private static bool IsOutOfHandles(int error) => OperatingSystem.IsWindows() ? (error & 0xFFFF) == 4 : error is 23 or 24;

    // EROFS; ERROR_WRITE_PROTECT.
    private static bool IsReadOnly(int error) => OperatingSystem.IsWindows() ? (error & 0xFFFF) == 19 : error == 30;

    // EEXIST; ERROR_FILE_EXISTS, ERROR_ALREADY_EXISTS.
    private static bool IsNameTaken(int error) => OperatingSystem.IsWindows() ? (error & 0xFFFF) is 80 or 183 : error == 17;

    // ENAMETOOLONG of Linux and of macOS. Windows has an exception of its own.
    private static bool IsNameTooLong(int error) =>
        !OperatingSystem.IsWindows() && error == (OperatingSystem.IsLinux() ? 36 : 63);
}
