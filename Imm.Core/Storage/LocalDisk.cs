using Microsoft.Win32.SafeHandles;

namespace Imm.Core.Storage;

/// <summary>The file system of the machine. It makes system calls itself where .NET hides an error or has no such call.</summary>
internal sealed class LocalDisk : Disk
{
    private const int MaxLinks = 40;

    public static Disk Instance { get; } = new LocalDisk();

    public override string Resolve(string path) =>
        Path.EndsInDirectorySeparator(path)
            ? throw new StoreFileException(ImmUnavailableReason.InvalidPath, $"The path '{path}' names a directory, not a file.")
            : FollowLinks(Path.GetFullPath(path));

    public override long? Length(string path)
    {
        if (FileSystemCalls.Find(path) is not { } entry)
        {
            return null;
        }

        ThrowIfNotRegular(path, entry);
        return entry.Length;
    }

    public override DiskFile Open(string path)
    {
        // Checked before the open: to open a pipe may wait for ever, and to open a device may have an effect.
        if (FileSystemCalls.Find(path) is { } entry)
        {
            ThrowIfNotRegular(path, entry);
        }

        return new LocalFile(path, FileMode.Open, mode: null);
    }

    public override DiskFile OpenToRead(string path)
    {
        if (FileSystemCalls.Find(path) is { } entry)
        {
            ThrowIfNotRegular(path, entry);
        }

        return new LocalFile(path, FileMode.Open, mode: null, isReadOnly: true);
    }

    public override DiskFile Create(string path, UnixFileMode? mode = null) => new LocalFile(path, FileMode.CreateNew, mode);

    public override void Rename(string from, string to) => FileSystemCalls.RenameToNew(from, to);

    public override void Replace(string from, string to) => File.Move(from, to, overwrite: true);

    public override void Delete(string path) => File.Delete(path);

    public override void FlushDirectory(string path) =>
        FileSystemCalls.FlushDirectory(Path.GetDirectoryName(Path.GetFullPath(path)) ?? Path.GetPathRoot(Path.GetFullPath(path))!);

    /// <summary>
    /// Follows the links in every directory of the path and of the file itself, so that a later change of a link has no effect. It goes as
    /// the system goes, name by name: <c>..</c> in a link leads out of the directory that was reached, which may stand elsewhere.
    /// </summary>
    private static string FollowLinks(string path)
    {
        string reached = Path.GetPathRoot(path)!;
        Stack<string> names = new(NamesOf(path).Reverse());
        for (int links = 0; names.TryPop(out string? name);)
        {
            if (name == "..")
            {
                if (!Directory.Exists(reached))
                {
                    throw new DirectoryNotFoundException($"The directory '{reached}' does not exist.");
                }

                reached = Path.GetDirectoryName(reached) ?? reached;
                continue;
            }

            string next = Path.Combine(reached, name);
            if (FileSystemCalls.ReadLink(next) is not { } target)
            {
                reached = next;
                continue;
            }

            if (++links > MaxLinks)
            {
                throw new StoreFileException(
                    ImmUnavailableReason.InvalidPath, $"The path '{path}' leads through more than {MaxLinks} links.");
            }

            // Windows itself takes ".." away without a look at what it leads out of.
            target = OperatingSystem.IsWindows() ? Path.GetFullPath(target, reached) : target;
            reached = Path.IsPathRooted(target) ? Path.GetPathRoot(target)! : reached;
            foreach (string part in NamesOf(target).Reverse())
            {
                names.Push(part);
            }
        }

        return reached;
    }

    /// <summary>Splits a path behind its root into names, without those that mean no step.</summary>
    private static IEnumerable<string> NamesOf(string path) =>
        path[(Path.GetPathRoot(path)?.Length ?? 0)..]
            .Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries)
            .Where(static name => name != ".");

    private static void ThrowIfNotRegular(string path, in FileEntry entry)
    {
        if (!entry.IsRegular)
        {
            throw new NotRegularFileException(path);
        }
    }

    private sealed class LocalFile : DiskFile
    {
        private readonly SafeFileHandle _handle;

        public LocalFile(string path, FileMode fileMode, UnixFileMode? mode, bool isReadOnly = false)
            : base(path)
        {
            try
            {
                _handle = isReadOnly
                    ? File.OpenHandle(path, fileMode, FileAccess.Read, FileShare.Read | FileShare.Delete)
                    : File.OpenHandle(
                        path, fileMode, FileAccess.ReadWrite, OperatingSystem.IsWindows() ? FileShare.Delete : FileShare.None);
            }
            catch (IOException e) when (IsLocked(e))
            {
                throw Locked(path, e);
            }
            catch (DirectoryNotFoundException e)
            {
                throw new DirectoryNotFoundException($"The directory '{Path.GetDirectoryName(Path.GetFullPath(path))}' does not exist.", e);
            }

            try
            {
                if (isReadOnly && !OperatingSystem.IsWindows())
                {
                    TakeSharedLock(path);
                }
                else if (!OperatingSystem.IsWindows())
                {
                    TakeLock(path);
                    if (mode is { } given && File.GetUnixFileMode(_handle) != given)
                    {
                        File.SetUnixFileMode(_handle, given);
                    }
                }
            }
            catch
            {
                bool isOurs = fileMode == FileMode.CreateNew && IsAt(path);
                _handle.Dispose();
                if (isOurs)
                {
                    File.Delete(path);
                }

                throw;
            }
        }

        public override long Length => RandomAccess.GetLength(_handle);

        public override UnixFileMode? Mode => OperatingSystem.IsWindows() ? null : File.GetUnixFileMode(_handle);

        public override void TakeOwnerOf(DiskFile other)
        {
            if (!OperatingSystem.IsWindows() && other is LocalFile file && !FileSystemCalls.CopyOwner(file._handle, _handle))
            {
                // What the group of the other file may do, the group that this one has got may not.
                const UnixFileMode OfGroup = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute;
                File.SetUnixFileMode(_handle, File.GetUnixFileMode(_handle) & ~OfGroup);
            }
        }

        public override bool IsAt(string path) =>
            FileSystemCalls.Find(path) is { } named && (FileSystemCalls.Find(_handle) is not { } held || named.IsSameFile(held));

        public override void Read(long offset, Span<byte> buffer)
        {
            while (buffer.Length > 0)
            {
                int read = RandomAccess.Read(_handle, buffer, offset);
                if (read <= 0)
                {
                    throw new EndOfStreamException(
                        $"The file '{Name}' ended at {Length} bytes; {buffer.Length} more were expected at {offset}.");
                }

                buffer = buffer[read..];
                offset += read;
            }
        }

        public override void Write(long offset, ReadOnlySpan<byte> buffer)
        {
            try
            {
                RandomAccess.Write(_handle, buffer, offset);
            }
            catch (ArgumentOutOfRangeException e)
            {
                throw TooLarge(e);
            }
        }

        public override void SetLength(long length)
        {
            try
            {
                RandomAccess.SetLength(_handle, length);
            }
            catch (ArgumentOutOfRangeException e)
            {
                throw TooLarge(e);
            }
        }

        public override void Flush() => FileSystemCalls.Flush(_handle, Name);

        public override void Dispose() => _handle.Dispose();

        private static StoreFileException Locked(string path, Exception? cause) =>
            new StoreFileException(
                ImmUnavailableReason.Locked,
                $"The file '{path}' is locked: it is open already, in this process or another. A file has one owner at a time.",
                cause);

        /// <summary>
        /// True if the file is locked by another handle: ERROR_SHARING_VIOLATION or ERROR_LOCK_VIOLATION on Windows, EWOULDBLOCK of Linux
        /// or of BSD and macOS.
        /// </summary>
        private static bool IsLocked(IOException e) =>
            OperatingSystem.IsWindows() ? (e.HResult & 0xFFFF) is 32 or 33 : e.HResult is 11 or 35;

        /// <summary>
        /// Takes the lock, which .NET omits on some file systems or with a switch, and verifies that it excludes: a second handle must not
        /// get it.
        /// </summary>
        private void TakeLock(string path)
        {
            const string Rule = "A store needs a file system on which a lock keeps other processes out.";
            if (!FileSystemCalls.TryLock(_handle, out int error))
            {
                throw IsLocked(new IOException("", error))
                    ? Locked(path, null)
                    : new StoreFileException(
                        ImmUnavailableReason.LocksNotSupported,
                        $"The file '{path}' cannot be locked: {FileSystemCalls.Text(error)}. {Rule}",
                        new IOException(FileSystemCalls.Text(error), error));
            }

            if (FileSystemCalls.IsLockGrantedAgain(path))
            {
                throw new StoreFileException(
                    ImmUnavailableReason.LocksNotSupported, $"The lock on the file '{path}' does not exclude other handles. {Rule}");
            }
        }

        /// <summary>Takes a lock that other readers may have too. Read-only media need not support locks: nobody can write there.</summary>
        private void TakeSharedLock(string path)
        {
            if (!FileSystemCalls.TryLock(_handle, out int error, isShared: true) && IsLocked(new IOException("", error)))
            {
                throw Locked(path, null);
            }
        }

        // EFBIG: a limit of the process or of the file system, which .NET reports as a wrong argument.
        private IOException TooLarge(ArgumentOutOfRangeException cause) =>
            new($"The file '{Name}' cannot grow: a limit of the process or of the file system is reached. {cause.Message}", cause)
            {
                HResult = 27,
            };
    }
}
