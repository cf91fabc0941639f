using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Imm.Core.Storage;

/// <summary>
/// A file as the file system knows it: a device and a number on it that no other file has, a kind, and a length in bytes.
/// </summary>
internal readonly record struct FileEntry(ulong Device, ulong Number, bool IsRegular, long Length)
{
    public bool IsSameFile(in FileEntry other) => Device == other.Device && Number == other.Number;
}

/// <summary>
/// System calls that the runtime offers no way to, or whose failure it hides: on Unix it drops the errors of <c>fsync</c>, <c>flock</c> and
/// <c>lstat</c>, and a rename that replaces nothing is no single step there.
/// </summary>
internal static class FileSystemCalls
{
    // The same numbers on Linux, macOS and BSD.
    private const int NoEntry = 2;
    private const int Interrupted = 4;
    private const int InvalidArgument = 22;

    private const int ExclusiveWithoutWaiting = 2 | 4;

    /// <summary>Finds the file that has a name, a link itself where it is one; null only where there is certainly nothing.</summary>
    /// <exception cref="IOException">The file system does not say.</exception>
    /// <exception cref="UnauthorizedAccessException">The file system may not be asked.</exception>
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
        return error == NoEntry ? null : throw Failure($"The file '{path}' cannot be looked for", error);
    }

    /// <summary>The file that a handle has open; null where the file system does not say.</summary>
    public static FileEntry? Find(SafeFileHandle handle) =>
        OperatingSystem.IsWindows() ? Windows.Find(handle)
        : OperatingSystem.IsLinux() ? Linux.TryFind(handle)
        : Bsd.TryFind(handle);

    /// <summary>Reads the target of a link, as it is written there; null where the path is no link.</summary>
    public static string? ReadLink(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Whoever opens the path gets the error.
            return null;
        }
    }

    /// <summary>Returns once everything written to a file is on the disk.</summary>
    /// <exception cref="IOException">Nobody knows what is on the disk.</exception>
    public static void Flush(SafeFileHandle handle, string name)
    {
        if (OperatingSystem.IsWindows())
        {
            RandomAccess.FlushToDisk(handle);
            return;
        }

        // On macOS fsync leaves the data in the cache of the drive. Not every file system there has the other call.
        if (OperatingSystem.IsMacOS() && Bsd.TryFullFlush(handle))
        {
            return;
        }

        int error;
        do
        {
            error = Unix.Fsync(handle) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
        while (error == Interrupted);

        if (error != 0)
        {
            throw Failure($"The file '{name}' could not be flushed to the disk", error);
        }
    }

    /// <summary>Makes the names in a directory durable, where the file system has that as a step of its own.</summary>
    /// <exception cref="IOException">Nobody knows which names are on the disk.</exception>
    public static void FlushDirectory(string directory)
    {
        // Windows journals names with the file.
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        int descriptor = Unix.Open(directory, flags: 0);
        if (descriptor < 0)
        {
            throw Failure($"The folder '{directory}' could not be opened to flush it", Marshal.GetLastPInvokeError());
        }

        int error;
        do
        {
            error = Unix.Fsync(descriptor) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
        while (error == Interrupted);

        _ = Unix.Close(descriptor);
        if (error != 0 && error != InvalidArgument && !IsNotSupported(error))
        {
            throw Failure($"The folder '{directory}' could not be flushed to the disk", error);
        }
    }

    /// <summary>Takes an exclusive lock on a file of Unix, without waiting.</summary>
    public static bool TryLock(SafeFileHandle handle, out int error)
    {
        do
        {
            error = Unix.Flock(handle, ExclusiveWithoutWaiting) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
        while (error == Interrupted);

        return error == 0;
    }

    /// <summary>Gives a file another name on the same file system, if nothing has that name, in one step.</summary>
    /// <exception cref="IOException">Something has the new name, or the file cannot be renamed.</exception>
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
            // A file system without that call: a second name never replaces anything either. If the first one stays, it is one more name
            // of the file.
            error = Unix.Link(from, to) == 0 ? 0 : Marshal.GetLastPInvokeError();
            _ = error == 0 ? Unix.Unlink(from) : 0;
        }

        if (error != 0)
        {
            throw Failure($"The file '{from}' could not be renamed to '{to}'", error);
        }
    }

    /// <summary>The meaning of an error number of the system.</summary>
    public static string Text(int error) => Marshal.GetPInvokeErrorMessage(error);

    // ENOTSUP, EOPNOTSUPP and ENOSYS have numbers of their own on each system.
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
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

        [DllImport("libc", EntryPoint = "close", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Close(int descriptor);

        [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Fsync(int descriptor);

        [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Fsync(SafeFileHandle handle);

        [DllImport("libc", EntryPoint = "flock", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Flock(SafeFileHandle handle, int operation);

        [DllImport("libc", EntryPoint = "link", SetLastError = true, BestFitMapping = false)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Link([MarshalAs(UnmanagedType.LPUTF8Str)] string from, [MarshalAs(UnmanagedType.LPUTF8Str)] string to);

        [DllImport("libc", EntryPoint = "unlink", SetLastError = true, BestFitMapping = false)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Unlink([MarshalAs(UnmanagedType.LPUTF8Str)] string path);
    }

    /// <summary>Linux: <c>statx</c> has one layout on every processor.</summary>
    private static class Linux
    {
        private const int CurrentDirectory = -100;
        private const int EmptyPath = 0x1000;
        private const int NoFollow = 0x100;
        private const uint TypeNumberAndSize = 0x1 | 0x100 | 0x200;
        private const uint NoReplace = 1;

        public static FileEntry? TryFind(string path)
        {
            var buffer = new byte[256];
            return Statx(CurrentDirectory, path, NoFollow, TypeNumberAndSize, buffer) == 0 ? Read(buffer) : null;
        }

        public static FileEntry? TryFind(SafeFileHandle handle)
        {
            var buffer = new byte[256];
            return Statx(handle, "", EmptyPath, TypeNumberAndSize, buffer) == 0 ? Read(buffer) : null;
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
            BinaryPrimitives.ReadInt64LittleEndian(buffer[40..]));

        [DllImport("libc", EntryPoint = "statx", SetLastError = true, BestFitMapping = false)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static extern int Statx(
            int directory, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, byte[] buffer);

        [DllImport("libc", EntryPoint = "statx", SetLastError = true, BestFitMapping = false)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static extern int Statx(
            SafeFileHandle handle, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, byte[] buffer);

        [DllImport("libc", EntryPoint = "renameat2", SetLastError = true, BestFitMapping = false)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static extern int Rename(
            int fromDirectory,
            [MarshalAs(UnmanagedType.LPUTF8Str)] string from,
            int toDirectory,
            [MarshalAs(UnmanagedType.LPUTF8Str)] string to,
            uint flags);
    }

    /// <summary>macOS: <c>lstat</c> with 64-bit numbers, which has a name of its own on Intel.</summary>
    private static class Bsd
    {
        private const int FullFlush = 51;
        private const uint Exclusive = 4;

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

        public static int RenameToNew(string from, string to) => Rename(from, to, Exclusive) == 0 ? 0 : Marshal.GetLastPInvokeError();

        private static bool IsIntel => RuntimeInformation.ProcessArchitecture == Architecture.X64;

        private static FileEntry Read(ReadOnlySpan<byte> buffer) => new(
            BinaryPrimitives.ReadUInt32LittleEndian(buffer),
            BinaryPrimitives.ReadUInt64LittleEndian(buffer[8..]),
            IsRegularMode(BinaryPrimitives.ReadUInt16LittleEndian(buffer[4..])),
            BinaryPrimitives.ReadInt64LittleEndian(buffer[96..]));

        [DllImport("libc", EntryPoint = "lstat", SetLastError = true, BestFitMapping = false)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static extern int Stat([MarshalAs(UnmanagedType.LPUTF8Str)] string path, byte[] buffer);

        [DllImport("libc", EntryPoint = "fstat", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static extern int Stat(SafeFileHandle handle, byte[] buffer);

        [DllImport("libc", EntryPoint = "lstat$INODE64", SetLastError = true, BestFitMapping = false)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static extern int StatIntel([MarshalAs(UnmanagedType.LPUTF8Str)] string path, byte[] buffer);

        [DllImport("libc", EntryPoint = "fstat$INODE64", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static extern int StatIntel(SafeFileHandle handle, byte[] buffer);

        [DllImport("libc", EntryPoint = "fcntl", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static extern int Control(SafeFileHandle handle, int command);

        [DllImport("libc", EntryPoint = "renamex_np", SetLastError = true, BestFitMapping = false)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
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
            // Without any access, so that it is no matter how the file is shared.
            using SafeFileHandle handle = CreateFile(path, access: 0, ShareAll, 0, OpenExisting, BackupSemantics, 0);
            if (handle.IsInvalid)
            {
                int error = Marshal.GetLastPInvokeError();
                return error is FileNotFound or PathNotFound
                    ? null
                    : throw Failure($"The file '{path}' cannot be looked for", unchecked((int)0x80070000) | error);
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
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        private static extern SafeFileHandle CreateFile(
            string path, uint access, uint share, nint security, uint disposition, uint flags, nint template);

        [DllImport("kernel32", EntryPoint = "GetFileInformationByHandle", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        private static extern int GetInformation(SafeFileHandle handle, byte[] buffer);
    }

    private static bool IsRegularMode(ushort mode) => (mode & 0xF000) == 0x8000;
}
