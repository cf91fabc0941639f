using Imm.Core.Storage;

namespace Imm.Core.Tests.Storage;

/// <summary>
/// A disk of limited size. Existing content can be overwritten. A write that would exceed the limit writes what fits and fails. Only files
/// in one directory count, so that there can be another disk beside it.
/// </summary>
internal sealed class FullDisk(Disk inner, string folder = "/store/") : ForwardingDisk(inner)
{
    private readonly Lock _lock = new();
    private long? _left;

    /// <summary>The number of operations that failed because there was no room.</summary>
    public int Refusals { get; private set; }

    /// <summary>Sets how many more bytes fit; null for no limit.</summary>
    public void Leave(long? bytes)
    {
        lock (_lock)
        {
            _left = bytes;
        }
    }

    public override DiskFile Create(string path, UnixFileMode? mode = null)
    {
        Release(path);
        return base.Create(path, mode);
    }

    public override void Rename(string from, string to)
    {
        Release(to);
        Inner.Rename(from, to);
    }

    public override void Replace(string from, string to)
    {
        Release(to);
        Inner.Replace(from, to);
    }

    public override void Delete(string path)
    {
        Release(path);
        Inner.Delete(path);
    }

    protected override DiskFile Decorate(DiskFile file) => new LimitedFile(this, file);

    /// <summary>Returns the exception of .NET for a full disk: the Windows error as an HRESULT, on Unix errno ENOSPC.</summary>
    private static IOException NoSpace(string path) =>
        new($"No space left on device : '{path}'", OperatingSystem.IsWindows() ? unchecked((int)0x80070070) : 28);

    /// <summary>Returns the room of a file that is deleted or replaced.</summary>
    private void Release(string path)
    {
        lock (_lock)
        {
            if (Counts(path) && Inner.Length(path) is { } length)
            {
                _left += length;
            }
        }
    }

    private bool Counts(string path) => path.StartsWith(folder, StringComparison.Ordinal);

    /// <summary>Takes room for a file to grow, or returns what it no longer needs. Returns the length that the file may have.</summary>
    private long Take(string path, long length, long wanted, bool whole)
    {
        lock (_lock)
        {
            long more = wanted - length;
            if (!Counts(path) || _left is not { } left)
            {
                return wanted;
            }

            long taken = more <= left ? more : whole ? 0 : left;
            _left = left - taken;
            Refusals += taken < more ? 1 : 0;
            return length + taken;
        }
    }

    private sealed class LimitedFile(FullDisk disk, DiskFile inner) : ForwardingFile(inner)
    {
        public override void Write(long offset, ReadOnlySpan<byte> buffer)
        {
            long length = Length;
            long end = offset + buffer.Length;
            long fits = end > length ? disk.Take(Name, length, end, whole: false) : end;
            if (fits > offset)
            {
                Inner.Write(offset, buffer[..(int)Math.Min(buffer.Length, fits - offset)]);
            }

            if (fits < end)
            {
                throw NoSpace(Name);
            }
        }

        public override void SetLength(long length)
        {
            if (disk.Take(Name, Length, length, whole: true) < length)
            {
                throw NoSpace(Name);
            }

            Inner.SetLength(length);
        }
    }
}
