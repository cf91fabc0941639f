using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]

namespace Imm.Core.Storage;

/// <summary>
/// A file as the file system identifies it: its device and its number on the device, which together are unique, and its kind and length. On
/// Unix also its owner.
/// </summary>
internal readonly record struct FileEntry(ulong Device, ulong Number, bool IsRegular, long Length, uint User = 0, uint Group = 0)
{
    public bool IsSameFile(in FileEntry other) => Device == other.Device && Number == other.Number;
}

/// <summary>
/// System calls that .NET does not offer or whose failures it hides. On Unix .NET ignores errors of <c>fsync</c>, <c>flock</c> and
/// <c>lstat</c>, and has no atomic rename that replaces nothing.
/// </summary>
internal static class FileSystemCalls
{
    // The same numbers on Linux, macOS and BSD.
    private const int NoEntry = 2;
    private const int Interrupted = 4;
    private const int InvalidArgument = 22;

    private const int ReadWrite = 2;

    private const int Shared = 1;
    private const int Exclusive = 2;
    private const int WithoutWaiting = 4;

    /// <summary>The flag by which a program that is started meanwhile does not inherit the file.</summary>
    private static int CloseOnExec => OperatingSystem.IsLinux() ? 0x80000 : OperatingSystem.IsMacOS() ? 0x1000000 : 0;

    /// <summary>Finds the file with a name, without following a link; null only if certainly nothing has the name.</summary>
    /// <exception cref="IOException">The file system gives no answer.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied.</exception>
    public static FileEntry? Find(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return Windows.Find(path);
        }

        if ((OperatingSystem.IsLinux() ? Linux.TryFind(path) : Bsd.TryFind(path)) is { } entry)
        {
            return entry;
        }

        int error = Marshal.GetLastPInvokeError();
        return error == NoEntry ? null : throw Failure($"The file '{path}' cannot be examined", error);
    }

    /// <summary>Finds the file that a handle has open; null if the file system gives no answer.</summary>
    public static FileEntry? Find(SafeFileHandle handle) =>
        OperatingSystem.IsWindows() ? Windows.Find(handle)
        : OperatingSystem.IsLinux() ? Linux.TryFind(handle)
        : Bsd.TryFind(handle);

    /// <summary>Reads the target of a link as it is stored; null if the path is not a link.</summary>
    public static string? ReadLink(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The open of the path reports the error.
            return null;
        }
    }

    /// <summary>Flushes everything written to a file to the disk.</summary>
    /// <exception cref="IOException">The flush failed; it is unknown what is on the disk.</exception>
    public static void Flush(SafeFileHandle handle, string name)
    {
        if (OperatingSystem.IsWindows())
        {
            RandomAccess.FlushToDisk(handle);
            return;
        }

        // On macOS fsync leaves the data in the cache of the drive, and not every file system supports F_FULLFSYNC.
        if (OperatingSystem.IsMacOS() && Bsd.TryFullFlush(handle))
        {
            return;
        }

        int error = ErrorOf(handle, static handle => Unix.Fsync(handle));
        if (error != 0)
        {
            throw Failure($"The file '{name}' could not be flushed to the disk", error);
        }
    }

    /// <summary>Flushes the names in a directory to the disk, if the file system supports that.</summary>
    /// <exception cref="DirectoryNotOpenedException">The directory could not be opened.</exception>
    /// <exception cref="IOException">The flush failed; it is unknown which names are on the disk.</exception>
    public static void FlushDirectory(string directory)
    {
        // Windows journals the names with the file.
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        int descriptor = Unix.Open(directory, CloseOnExec);
        if (descriptor < 0)
        {
            throw new DirectoryNotOpenedException(
                Failure($"The directory '{directory}' could not be opened to flush it", Marshal.GetLastPInvokeError()));
        }

        int error = ErrorOf(descriptor, static descriptor => Unix.Fsync(descriptor));
        _ = Unix.Close(descriptor);
        if (error != 0 && error != InvalidArgument && !IsNotSupported(error))
        {
            throw Failure($"The directory '{directory}' could not be flushed to the disk", error);
        }
    }

    /// <summary>Takes an exclusive or a shared lock on a file on Unix, without waiting.</summary>
    public static bool TryLock(SafeFileHandle handle, out int error, bool isShared = false)
    {
        error = isShared
            ? ErrorOf(handle, static handle => Unix.Flock(handle, Shared | WithoutWaiting))
            : ErrorOf(handle, static handle => Unix.Flock(handle, Exclusive | WithoutWaiting));
        return error == 0;
    }

    /// <summary>True if another handle gets the exclusive lock of a file that is locked, on Unix: the lock then excludes nobody.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static bool IsLockGrantedAgain(string path)
    {
        // Not through .NET, which locks what it opens, and reports the lock that is there by an exception. On some file systems only a file
        // that is open for writing can be locked.
        int descriptor = Unix.Open(path, ReadWrite | CloseOnExec);
        if (descriptor < 0)
        {
            throw Failure($"The file '{path}' could not be opened to verify its lock", Marshal.GetLastPInvokeError());
        }

        int error = ErrorOf(descriptor, static descriptor => Unix.Flock(descriptor, Exclusive | WithoutWaiting));
        _ = Unix.Close(descriptor);
        return error == 0;
    }

    /// <summary>
    /// Gives a file the user and group of another one on Unix, as far as the process may do that. Whoever owns the file may give it to a
    /// group that he is in, and only a privileged process to another user.
    /// </summary>
    /// <returns>False if the file has another group than it should have.</returns>
    public static bool CopyOwner(SafeFileHandle from, SafeFileHandle to)
    {
        const uint Unchanged = uint.MaxValue;
        return Find(from) is not { } source || Find(to) is not { } target || (source.User, source.Group) == (target.User, target.Group)
            || Unix.Fchown(to, source.User, source.Group) == 0
            || source.Group == target.Group
            || Unix.Fchown(to, Unchanged, source.Group) == 0;
    }

    /// <summary>Renames a file on the same file system, atomically and without replacing another file.</summary>
    /// <exception cref="IOException">The new name is taken, or the file cannot be renamed.</exception>
    public static void RenameToNew(string from, string to)
    {
        if (OperatingSystem.IsWindows())
        {
            File.Move(from, to, overwrite: false);
            return;
        }

        int error = OperatingSystem.IsLinux() ? Linux.RenameToNew(from, to)
            : OperatingSystem.IsMacOS() ? Bsd.RenameToNew(from, to)
            : InvalidArgument;
        if (error == InvalidArgument || IsNotSupported(error))
        {
            // The file system has no such rename. A hard link replaces nothing either. If the old name cannot be removed, the file has both
            // names.
            error = Unix.Link(from, to) == 0 ? 0 : Marshal.GetLastPInvokeError();
            _ = error == 0 ? Unix.Unlink(from) : 0;
        }

        if (error != 0)
        {
            throw Failure($"The file '{from}' could not be renamed to '{to}'", error);
        }
    }

    /// <summary>Makes a call, again if a signal interrupts it. Returns the error number; 0 if it succeeds.</summary>
    private static int ErrorOf<T>(T argument, Func<T, int> call)
    {
        int error;
        do
        {
            error = call(argument) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
        while (error == Interrupted);

        return error;
    }

    /// <summary>Returns the text of an error number.</summary>
    public static string Text(int error) => Marshal.GetPInvokeErrorMessage(error);

    // ENOTSUP, EOPNOTSUPP and ENOSYS, whose numbers differ between systems.
    private static bool IsNotSupported(int error) => OperatingSystem.IsLinux() ? error is 95 or 38 : error is 45 or 102 or 78;

    private static Exception Failure(string what, int error)
    {
        const int NotPermitted = 1;
        const int AccessDenied = 13;
        string message = $"{what}: {Text(error)}.";
        return error switch
        {
            NotPermitted or AccessDenied => new UnauthorizedAccessException(message, new IOException(message, error)),
            NoEntry => new FileNotFoundException(message),
            _ => new IOException(message, error),
        };
    }

    private static class Unix
    {
        [DllImport("libc", EntryPoint = "open", SetLastError = true, BestFitMapping = false)]
        public static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

        [DllImport("libc", EntryPoint = "close", SetLastError = true)]
        public static extern int Close(int descriptor);

        [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
        public static extern int Fsync(int descriptor);

        [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
        public static extern int Fsync(SafeFileHandle handle);

        [DllImport("libc", EntryPoint = "flock", SetLastError = true)]
        public static extern int Flock(SafeFileHandle handle, int operation);

        [DllImport("libc", EntryPoint = "flock", SetLastError = true)]
        public static extern int Flock(int descriptor, int operation);

        [DllImport("libc", EntryPoint = "fchown", SetLastError = true)]
        public static extern int Fchown(SafeFileHandle handle, uint user, uint group);

        [DllImport("libc", EntryPoint = "link", SetLastError = true, BestFitMapping = false)]
        public static extern int Link([MarshalAs(UnmanagedType.LPUTF8Str)] string from, [MarshalAs(UnmanagedType.LPUTF8Str)] string to);

        [DllImport("libc", EntryPoint = "unlink", SetLastError = true, BestFitMapping = false)]
        public static extern int Unlink([MarshalAs(UnmanagedType.LPUTF8Str)] string path);
    }

    /// <summary>Calls of Linux. <c>statx</c> has the same layout on every processor.</summary>
    private static class Linux
    {
        private const int CurrentDirectory = -100;
        private const int EmptyPath = 0x1000;
        private const int NoFollow = 0x100;
        private const uint TypeOwnerNumberAndSize = 0x1 | 0x8 | 0x10 | 0x100 | 0x200;
        private const uint NoReplace = 1;

        public static FileEntry? TryFind(string path)
        {
            var buffer = new byte[256];
            return Statx(CurrentDirectory, path, NoFollow, TypeOwnerNumberAndSize, buffer) == 0 ? Read(buffer) : null;
        }

        public static FileEntry? TryFind(SafeFileHandle handle)
        {
            var buffer = new byte[256];
            return Statx(handle, "", EmptyPath, TypeOwnerNumberAndSize, buffer) == 0 ? Read(buffer) : null;
        }

        public static int RenameToNew(string from, string to)
        {
            try
            {
                return Rename(CurrentDirectory, from, CurrentDirectory, to, NoReplace) == 0 ? 0 : Marshal.GetLastPInvokeError();
            }
            catch (EntryPointNotFoundException)
            {
                return InvalidArgument;
            }
        }

        private static FileEntry Read(ReadOnlySpan<byte> buffer) => new(
            ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(buffer[136..]) << 32) | BinaryPrimitives.ReadUInt32LittleEndian(buffer[140..]),
            BinaryPrimitives.ReadUInt64LittleEndian(buffer[32..]),
            IsRegularMode(BinaryPrimitives.ReadUInt16LittleEndian(buffer[28..])),
            BinaryPrimitives.ReadInt64LittleEndian(buffer[40..]),
            BinaryPrimitives.ReadUInt32LittleEndian(buffer[20..]),
            BinaryPrimitives.ReadUInt32LittleEndian(buffer[24..]));

        [DllImport("libc", EntryPoint = "statx", SetLastError = true, BestFitMapping = false)]
        private static extern int Statx(
            int directory, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, byte[] buffer);

        [DllImport("libc", EntryPoint = "statx", SetLastError = true, BestFitMapping = false)]
        private static extern int Statx(
            SafeFileHandle handle, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, byte[] buffer);

        [DllImport("libc", EntryPoint = "renameat2", SetLastError = true, BestFitMapping = false)]
        private static extern int Rename(
            int fromDirectory,
            [MarshalAs(UnmanagedType.LPUTF8Str)] string from,
            int toDirectory,
            [MarshalAs(UnmanagedType.LPUTF8Str)] string to,
            uint flags);
    }

    /// <summary>Calls of macOS and BSD. <c>lstat</c> with 64-bit file numbers has another name on Intel.</summary>
    private static class Bsd
    {
        private const int FullFlush = 51;
        private const uint ToNewNameOnly = 4;

        public static FileEntry? TryFind(string path)
        {
            var buffer = new byte[256];
            return (IsIntel ? StatIntel(path, buffer) : Stat(path, buffer)) == 0 ? Read(buffer) : null;
        }

        public static FileEntry? TryFind(SafeFileHandle handle)
        {
            var buffer = new byte[256];
            return (IsIntel ? StatIntel(handle, buffer) : Stat(handle, buffer)) == 0 ? Read(buffer) : null;
        }

        public static bool TryFullFlush(SafeFileHandle handle) => Control(handle, FullFlush) != -1;

        public static int RenameToNew(string from, string to) => Rename(from, to, ToNewNameOnly) == 0 ? 0 : Marshal.GetLastPInvokeError();

        private static bool IsIntel => RuntimeInformation.ProcessArchitecture == Architecture.X64;

        private static FileEntry Read(ReadOnlySpan<byte> buffer) => new(
            BinaryPrimitives.ReadUInt32LittleEndian(buffer),
            BinaryPrimitives.ReadUInt64LittleEndian(buffer[8..]),
            IsRegularMode(BinaryPrimitives.ReadUInt16LittleEndian(buffer[4..])),
            BinaryPrimitives.ReadInt64LittleEndian(buffer[96..]),
            BinaryPrimitives.ReadUInt32LittleEndian(buffer[16..]),
            BinaryPrimitives.ReadUInt32LittleEndian(buffer[20..]));

        [DllImport("libc", EntryPoint = "lstat", SetLastError = true, BestFitMapping = false)]
        private static extern int Stat([MarshalAs(UnmanagedType.LPUTF8Str)] string path, byte[] buffer);

        [DllImport("libc", EntryPoint = "fstat", SetLastError = true)]
        private static extern int Stat(SafeFileHandle handle, byte[] buffer);

        [DllImport("libc", EntryPoint = "lstat$INODE64", SetLastError = true, BestFitMapping = false)]
        private static extern int StatIntel([MarshalAs(UnmanagedType.LPUTF8Str)] string path, byte[] buffer);

        [DllImport("libc", EntryPoint = "fstat$INODE64", SetLastError = true)]
        private static extern int StatIntel(SafeFileHandle handle, byte[] buffer);

        [DllImport("libc", EntryPoint = "fcntl", SetLastError = true)]
        private static extern int Control(SafeFileHandle handle, int command);

        [DllImport("libc", EntryPoint = "renamex_np", SetLastError = true, BestFitMapping = false)]
        private static extern int Rename(
            [MarshalAs(UnmanagedType.LPUTF8Str)] string from, [MarshalAs(UnmanagedType.LPUTF8Str)] string to, uint flags);
    }

    private static class Windows
    {
        private const int FileNotFound = 2;
        private const int PathNotFound = 3;
        private const uint ShareAll = 7;
        private const uint OpenExisting = 3;
        private const uint BackupSemantics = 0x02000000;
        private const uint DirectoryOrDevice = 0x10 | 0x40;

        public static FileEntry? Find(string path)
        {
            // Without access rights, so that the sharing mode of other handles does not matter.
            using SafeFileHandle handle = CreateFile(path, access: 0, ShareAll, 0, OpenExisting, BackupSemantics, 0);
            if (handle.IsInvalid)
            {
                int error = Marshal.GetLastPInvokeError();
                return error is FileNotFound or PathNotFound
                    ? null
                    : throw Failure($"The file '{path}' cannot be examined", unchecked((int)0x80070000) | error);
            }

            return Find(handle);
        }

        public static FileEntry? Find(SafeFileHandle handle)
        {
            var buffer = new byte[52];
            if (GetInformation(handle, buffer) == 0)
            {
                return null;
            }

            ReadOnlySpan<byte> read = buffer;
            return new FileEntry(
                BinaryPrimitives.ReadUInt32LittleEndian(read[28..]),
                ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(read[44..]) << 32) | BinaryPrimitives.ReadUInt32LittleEndian(read[48..]),
                (BinaryPrimitives.ReadUInt32LittleEndian(read) & DirectoryOrDevice) == 0,
                ((long)BinaryPrimitives.ReadUInt32LittleEndian(read[32..]) << 32) | BinaryPrimitives.ReadUInt32LittleEndian(read[36..]));
        }

        [DllImport("kernel32", EntryPoint = "CreateFileW", SetLastError = true, CharSet = CharSet.Unicode)]
        private static extern SafeFileHandle CreateFile(
            string path, uint access, uint share, nint security, uint disposition, uint flags, nint template);

        [DllImport("kernel32", EntryPoint = "GetFileInformationByHandle", SetLastError = true)]
        private static extern int GetInformation(SafeFileHandle handle, byte[] buffer);
    }

    private static bool IsRegularMode(ushort mode) => (mode & 0xF000) == 0x8000;
}
