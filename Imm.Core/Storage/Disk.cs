namespace Imm.Core.Storage;

/// <summary>
/// The files of a store as the storage engine sees them: the seam under which a test can put a disk that crashes or fails.
/// </summary>
internal abstract class Disk
{
    /// <summary>The file system of this machine.</summary>
    public static Disk Local { get; } = new LocalDisk();

    /// <summary>Makes a path absolute and follows links to the file that they lead to in the end, which need not exist.</summary>
    /// <exception cref="IOException">The links lead in a circle.</exception>
    public virtual string Resolve(string path) => path;

    /// <summary>The length of a file in bytes; null only where there is certainly nothing of that name.</summary>
    /// <exception cref="IOException">The file system does not say, or what has the name is no regular file.</exception>
    /// <exception cref="UnauthorizedAccessException">The file system may not be asked.</exception>
    public abstract long? Length(string path);

    /// <summary>Opens a file that exists, for this handle alone.</summary>
    /// <exception cref="IOException">
    /// The file does not exist or is no regular file, another handle, in this process or another, has it open, or the file system offers no
    /// locks.
    /// </exception>
    public abstract DiskFile Open(string path);

    /// <summary>Creates a file, for this handle alone.</summary>
    /// <param name="path">The path.</param>
    /// <param name="mode">The permissions of the new file on Unix; null for those that the process gives its files.</param>
    /// <exception cref="IOException">Something has the name already, or the file cannot be created.</exception>
    public abstract DiskFile Create(string path, UnixFileMode? mode = null);

    /// <summary>Gives a file, open or not, another name in the same directory. Durable once the directory is flushed.</summary>
    /// <exception cref="IOException">Something has the new name already; it stays as it is.</exception>
    public abstract void Rename(string from, string to);

    /// <summary>Deletes a file if it is there.</summary>
    public abstract void Delete(string path);

    /// <summary>Makes the names in the directory of a file durable.</summary>
    public abstract void FlushDirectory(string path);

    /// <summary>Closes a file and deletes it, if a name still leads to it; gives the reason where it stays.</summary>
    public Exception? CloseAndDelete(DiskFile file, string path)
    {
        try
        {
            bool isThere = file.IsAt(path);
            file.Dispose();
            if (isThere)
            {
                Delete(path);
            }

            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            file.Dispose();
            return e;
        }
    }

    /// <summary>
    /// True if an operation failed because a file could not grow: the disk, a quota or a limit of the process leaves no room.
    /// </summary>
    public static bool IsFull(Exception exception)
    {
        if (exception is not IOException { HResult: int error })
        {
            return false;
        }

        // ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL; elsewhere .NET gives errno as it is: EFBIG, ENOSPC, EDQUOT of Linux and of macOS.
        return OperatingSystem.IsWindows() ? (error & 0xFFFF) is 39 or 112
            : error is 27 or 28 || error == (OperatingSystem.IsLinux() ? 122 : 69);
    }
}

/// <summary>One open file. Its user calls it from one thread at a time; a read may run beside a write of another place.</summary>
internal abstract class DiskFile(string name) : IDisposable
{
    /// <summary>The path, for messages.</summary>
    public string Name { get; } = name;

    /// <summary>The length in bytes.</summary>
    public abstract long Length { get; }

    /// <summary>The permissions on Unix; null elsewhere.</summary>
    public virtual UnixFileMode? Mode => null;

    /// <summary>
    /// True if a name leads to this file; false if the file was moved, deleted or replaced, and another file, or none, has the name.
    /// </summary>
    public virtual bool IsAt(string path) => true;

    /// <summary>Fills the whole buffer from an offset in bytes.</summary>
    /// <exception cref="EndOfStreamException">The file ends before the buffer is full.</exception>
    public abstract void Read(long offset, Span<byte> buffer);

    /// <summary>Writes the whole buffer at an offset in bytes, growing the file where it ends sooner.</summary>
    public abstract void Write(long offset, ReadOnlySpan<byte> buffer);

    /// <summary>Cuts the file or fills it up with zeros.</summary>
    public abstract void SetLength(long length);

    /// <summary>
    /// Returns once everything written so far is on the disk. After a failure nobody knows what is, and to flush again would not tell: the
    /// file is of no more use to its writer.
    /// </summary>
    public abstract void Flush();

    /// <summary>Closes the handle and with it gives up the exclusive hold.</summary>
    public abstract void Dispose();
}
