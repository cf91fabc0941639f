using System.Runtime.InteropServices;

namespace Imm.Core.Storage;

/// <summary>The files of a store as the storage engine sees them: the seam under which a test can put a disk that crashes or fails.</summary>
internal abstract class Disk
{
    /// <summary>The file system of this machine.</summary>
    public static Disk Local { get; } = new LocalDisk();

    /// <summary>Whether a file exists, and its length in bytes; null where there is none.</summary>
    public abstract long? Length(string path);

    /// <summary>Opens a file that exists, for this handle alone.</summary>
    /// <exception cref="IOException">The file does not exist, or another handle, in this process or another, has it open.</exception>
    public abstract DiskFile Open(string path);

    /// <summary>Creates a file, or empties the one that is there, for this handle alone.</summary>
    /// <exception cref="IOException">Another handle, in this process or another, has the file open.</exception>
    public abstract DiskFile Create(string path);

    /// <summary>
    /// Gives a file, open or not, another name in the same directory, replacing what had it. Durable once the directory is flushed.
    /// </summary>
    public abstract void Rename(string from, string to);

    /// <summary>Deletes a file if it is there.</summary>
    public abstract void Delete(string path);

    /// <summary>Makes the names in the directory of a file durable.</summary>
    public abstract void FlushDirectory(string path);

    private sealed class LocalDisk : Disk
    {
        public override long? Length(string path)
        {
            var info = new FileInfo(path);
            return info.Exists ? info.Length : null;
        }

        public override DiskFile Open(string path) => new LocalFile(path, FileMode.Open);

        public override DiskFile Create(string path)
        {
            // Truncate only after the lock is held: FileMode.Create could empty a file that somebody else has open.
            var file = new LocalFile(path, FileMode.OpenOrCreate);
            try
            {
                file.SetLength(0);
                return file;
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }

        public override void Rename(string from, string to) => File.Move(from, to, overwrite: true);

        public override void Delete(string path) => File.Delete(path);

        public override void FlushDirectory(string path)
        {
            // Windows journals names with the file; elsewhere the directory itself must be flushed, which .NET offers no call for.
            if (!OperatingSystem.IsWindows())
            {
                Posix.FlushDirectory(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/");
            }
        }
    }

    private sealed class LocalFile : DiskFile
    {
        private readonly Microsoft.Win32.SafeHandles.SafeFileHandle _handle;

        public LocalFile(string path, FileMode mode)
            : base(path)
        {
            try
            {
                _handle = File.OpenHandle(path, mode, FileAccess.ReadWrite, OperatingSystem.IsWindows() ? FileShare.Delete : FileShare.None);
            }
            catch (IOException e) when (IsHeld(e))
            {
                throw new IOException($"The file '{path}' is open already, in this process or another; a store has one owner at a time.", e);
            }
            catch (DirectoryNotFoundException e)
            {
                throw new DirectoryNotFoundException($"The folder '{Path.GetDirectoryName(Path.GetFullPath(path))}' does not exist.", e);
            }
        }

        public override long Length => RandomAccess.GetLength(_handle);

        public override void Read(long offset, Span<byte> buffer)
        {
            while (buffer.Length > 0)
            {
                int read = RandomAccess.Read(_handle, buffer, offset);
                if (read <= 0)
                {
                    throw new EndOfStreamException($"The file '{Name}' ended at {Length} bytes; {buffer.Length} more were expected at {offset}.");
                }

                buffer = buffer[read..];
                offset += read;
            }
        }

        public override void Write(long offset, ReadOnlySpan<byte> buffer) => RandomAccess.Write(_handle, buffer, offset);

        public override void SetLength(long length) => RandomAccess.SetLength(_handle, length);

        public override void Flush() => RandomAccess.FlushToDisk(_handle);

        public override void Dispose() => _handle.Dispose();

        /// <summary>Whether somebody else holds the file: ERROR_SHARING_VIOLATION or ERROR_LOCK_VIOLATION on Windows, EWOULDBLOCK of Linux or of BSD and macOS.</summary>
        private static bool IsHeld(IOException e) =>
            OperatingSystem.IsWindows() ? (e.HResult & 0xFFFF) is 32 or 33 : e.HResult is 11 or 35;
    }

    private static class Posix
    {
        private const int ReadOnly = 0;

        public static void FlushDirectory(string directory)
        {
            int descriptor = Open(directory, ReadOnly);
            if (descriptor < 0)
            {
                throw new IOException($"The directory '{directory}' could not be opened to flush it (errno {Marshal.GetLastPInvokeError()}).");
            }

            try
            {
                if (Fsync(descriptor) != 0)
                {
                    throw new IOException($"The directory '{directory}' could not be flushed (errno {Marshal.GetLastPInvokeError()}).");
                }
            }
            finally
            {
                _ = Close(descriptor);
            }
        }

        [DllImport("libc", EntryPoint = "open", SetLastError = true, BestFitMapping = false)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

        [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static extern int Fsync(int descriptor);

        [DllImport("libc", EntryPoint = "close", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static extern int Close(int descriptor);
    }
}

/// <summary>One open file. Its user calls it from one thread at a time; a read runs beside a write of another place.</summary>
internal abstract class DiskFile(string name) : IDisposable
{
    /// <summary>The path, for messages.</summary>
    public string Name { get; } = name;

    /// <summary>The length in bytes.</summary>
    public abstract long Length { get; }

    /// <summary>Fills the whole buffer from an offset in bytes.</summary>
    /// <exception cref="EndOfStreamException">The file ends before the buffer is full.</exception>
    public abstract void Read(long offset, Span<byte> buffer);

    /// <summary>Writes the whole buffer at an offset in bytes, growing the file where it ends sooner.</summary>
    public abstract void Write(long offset, ReadOnlySpan<byte> buffer);

    /// <summary>Cuts the file or fills it up with zeros.</summary>
    public abstract void SetLength(long length);

    /// <summary>
    /// Returns once everything written so far is on the disk. After a failure nobody knows what is, and to flush again would not tell: the file is
    /// of no more use to its writer.
    /// </summary>
    public abstract void Flush();

    /// <summary>Closes the handle and with it gives up the exclusive hold.</summary>
    public abstract void Dispose();
}
