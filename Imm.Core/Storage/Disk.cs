namespace Imm.Core.Storage;

/// <summary>The file system as the storage engine uses it. Tests put a disk behind it that loses power, fills up or fails.</summary>
internal abstract class Disk
{
    /// <summary>The size in bytes of an aligned sector, which a power cut leaves wholly written or not written.</summary>
    public const int SectorSize = 512;

    /// <summary>Makes a path absolute and follows links to the final file, which need not exist.</summary>
    /// <exception cref="IOException">The links form a cycle.</exception>
    public virtual string Resolve(string path) => path;

    /// <summary>Gets the length of a file in bytes; null only if certainly nothing has that name.</summary>
    /// <exception cref="IOException">The file system gives no answer, or the name belongs to something other than a regular
    /// file.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied.</exception>
    public abstract long? Length(string path);

    /// <summary>Opens an existing file exclusively.</summary>
    /// <exception cref="IOException">
    /// The file does not exist or is not a regular file, another handle in this or another process has it open, or the file system does not
    /// support locks.
    /// </exception>
    public abstract DiskFile Open(string path);

    /// <summary>Opens an existing file for reading only. Others may read it too; nobody can open it for writing.</summary>
    /// <exception cref="IOException">
    /// The file does not exist or is not a regular file, or a handle in this or another process has it open for writing.
    /// </exception>
    public abstract DiskFile OpenToRead(string path);

    /// <summary>Creates a file and opens it exclusively.</summary>
    /// <param name="path">The path.</param>
    /// <param name="mode">The permissions of the new file on Unix; null for the default of the process.</param>
    /// <exception cref="IOException">The name is taken, or the file cannot be created.</exception>
    public abstract DiskFile Create(string path, UnixFileMode? mode = null);

    /// <summary>Renames a file, open or not, within its directory. The new name is durable once the directory is flushed.</summary>
    /// <exception cref="IOException">The new name is taken; the file that has it is unchanged.</exception>
    public abstract void Rename(string from, string to);

    /// <summary>
    /// Renames an open file within its directory in one step, over the file that has the new name. The new name is durable once the
    /// directory is flushed.
    /// </summary>
    public abstract void Replace(string from, string to);

    /// <summary>Deletes a file if it exists.</summary>
    public abstract void Delete(string path);

    /// <summary>Makes the names in the directory of a file durable.</summary>
    public abstract void FlushDirectory(string path);

    /// <summary>Closes a file, and deletes it if a path still refers to it. Returns the reason if it could not be deleted.</summary>
    public Exception? CloseAndDelete(DiskFile file, string path)
    {
        try
        {
            bool exists = file.IsAt(path);
            file.Dispose();
            if (exists)
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

        // ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL. On Unix .NET gives errno: EFBIG, ENOSPC, EDQUOT of Linux and of macOS.
        return OperatingSystem.IsWindows() ? (error & 0xFFFF) is 39 or 112
            : error is 27 or 28 || error == (OperatingSystem.IsLinux() ? 122 : 69);
    }
}

/// <summary>
/// An open file. One thread uses it at a time, except that a read may run at the same time as a write to another part of the file.
/// </summary>
internal abstract class DiskFile(string name) : IDisposable
{
    /// <summary>The path, for messages.</summary>
    public string Name { get; } = name;

    /// <summary>The length in bytes.</summary>
    public abstract long Length { get; }

    /// <summary>The permissions on Unix; null elsewhere.</summary>
    public virtual UnixFileMode? Mode => null;

    /// <summary>
    /// Gives this file the owner and the group of another one where the system has them and allows it. Where it cannot have that group, the
    /// one that it has gets no permissions.
    /// </summary>
    public virtual void TakeOwnerOf(DiskFile other)
    {
    }

    /// <summary>True if a path refers to this file; false if the file was moved, deleted or replaced.</summary>
    public virtual bool IsAt(string path) => true;

    /// <summary>Fills the whole buffer from an offset in bytes.</summary>
    /// <exception cref="EndOfStreamException">The file ends before the buffer is full.</exception>
    public abstract void Read(long offset, Span<byte> buffer);

    /// <summary>Writes the whole buffer at an offset in bytes; the file grows if it ends before.</summary>
    public abstract void Write(long offset, ReadOnlySpan<byte> buffer);

    /// <summary>Truncates the file, or extends it with zeros.</summary>
    public abstract void SetLength(long length);

    /// <summary>
    /// Returns once everything written so far is on the disk. After a failure it is unknown what is on the disk, and another flush would
    /// not tell: the operating system may have dropped the pages. The caller must not write to the file any more.
    /// </summary>
    public abstract void Flush();

    /// <summary>Closes the file and releases its lock.</summary>
    public abstract void Dispose();
}
