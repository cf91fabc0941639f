using Imm.Core.Storage;

namespace Imm.Core.Tests.Storage;

/// <summary>
/// A disk of a limited size: what is there may be overwritten, and a file that would grow beyond what is left takes what fits and fails.
/// Only files under one folder count, so that there can be another disk beside it.
/// </summary>
internal sealed class FullDisk(Disk inner, string folder = "/store/") : Disk
{
    private readonly Lock _lock = new();
    private long? _left;

    /// <summary>How many operations failed for want of space.</summary>
    public int Refusals { get; private set; }

    /// <summary>From now on so many bytes more fit; null for no limit.</summary>
    public void Leave(long? bytes)
    {
        lock (_lock)
        {
            _left = bytes;
        }
    }

    public override string Resolve(string path) => inner.Resolve(path);

    public override long? Length(string path) => inner.Length(path);

    public override DiskFile Open(string path) => new LimitedFile(this, inner.Open(path));

    public override DiskFile Create(string path, UnixFileMode? mode = null)
    {
        Release(path);
        return new LimitedFile(this, inner.Create(path, mode));
    }

    public override void Rename(string from, string to)
    {
        Release(to);
        inner.Rename(from, to);
    }

    public override void Delete(string path)
    {
        Release(path);
        inner.Delete(path);
    }

    public override void FlushDirectory(string path) => inner.FlushDirectory(path);

    /// <summary>What .NET gives for a full disk: the Windows error as an HRESULT, elsewhere errno ENOSPC as it is.</summary>
    private static IOException NoSpace(string path) =>
        new($"No space left on device : '{path}'", OperatingSystem.IsWindows() ? unchecked((int)0x80070070) : 28);

    /// <summary>Gives what was taken from a file's name back to the disk.</summary>
    private void Release(string path)
    {
        lock (_lock)
        {
            if (Counts(path) && inner.Length(path) is { } length)
            {
                _left += length;
            }
        }
    }

    private bool Counts(string path) => path.StartsWith(folder, StringComparison.Ordinal);

    /// <summary>Takes the space for a file to grow, or gives back what it no longer needs; gives the length that it may have.</summary>
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

    private sealed class LimitedFile(FullDisk disk, DiskFile inner) : DiskFile(inner.Name)
    {
        public override long Length => inner.Length;

        public override UnixFileMode? Mode => inner.Mode;

        public override bool IsAt(string path) => inner.IsAt(path);

        public override void Read(long offset, Span<byte> buffer) => inner.Read(offset, buffer);

        public override void Write(long offset, ReadOnlySpan<byte> buffer)
        {
            long length = Length;
            long end = offset + buffer.Length;
            long fits = end > length ? disk.Take(Name, length, end, whole: false) : end;
            if (fits > offset)
            {
                inner.Write(offset, buffer[..(int)Math.Min(buffer.Length, fits - offset)]);
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

            inner.SetLength(length);
        }

        public override void Flush() => inner.Flush();

        public override void Dispose() => inner.Dispose();
    }
}
