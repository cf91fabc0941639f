using Imm.Core.Storage;

namespace Imm.Core.Tests.Storage;

/// <summary>Kinds of operations. A write is a set-length too, a flush one of the directory too; a name is opened, created, renamed or deleted.</summary>
[Flags]
internal enum FaultKinds
{
    None = 0,
    Read = 1,
    Write = 2,
    Flush = 4,
    Name = 8,
    Any = Read | Write | Flush | Name,
}

/// <summary>How an operation fails.</summary>
internal enum FaultMode
{
    /// <summary>Nothing is done, and an <see cref="IOException"/> thrown.</summary>
    Error,

    /// <summary>A write leaves its first half, every other operation nothing; then the <see cref="IOException"/> of a full disk.</summary>
    DiskFull,

    /// <summary>A read fills half the buffer, every other operation does nothing; then an <see cref="EndOfStreamException"/>.</summary>
    ShortRead,
}

/// <summary>An operation that was made to fail; the number is its place among all operations.</summary>
internal sealed record FailedOperation(long Number, FaultKinds Kind, string Path, string What);

/// <summary>A disk on which the n-th operation of a kind fails, once or from then on.</summary>
internal sealed class FaultyDisk(Disk inner) : Disk
{
    private readonly Lock _lock = new();
    private readonly Dictionary<FaultKinds, long> _counts = [];
    private FaultKinds _kinds;
    private FaultMode _mode;
    private bool _fromThenOn;
    private long _left;
    private FailedOperation? _failed;

    /// <summary>The first operation that failed since <see cref="FailAt"/>; null while none has.</summary>
    public FailedOperation? Failed
    {
        get
        {
            lock (_lock)
            {
                return _failed;
            }
        }
    }

    /// <summary>How many operations of these kinds there were, failed ones included.</summary>
    public long Count(FaultKinds kinds = FaultKinds.Any)
    {
        lock (_lock)
        {
            return _counts.Where(count => kinds.HasFlag(count.Key)).Sum(count => count.Value);
        }
    }

    /// <summary>Makes the n-th operation of these kinds fail, counted from now: 1 is the next. Replaces an earlier order.</summary>
    public void FailAt(long n, FaultKinds kinds, FaultMode mode = FaultMode.Error, bool fromThenOn = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(n);
        lock (_lock)
        {
            (_left, _kinds, _mode, _fromThenOn, _failed) = (n, kinds, mode, fromThenOn, null);
        }
    }

    /// <summary>Lets everything succeed again; <see cref="Failed"/> stays.</summary>
    public void Heal()
    {
        lock (_lock)
        {
            _kinds = FaultKinds.None;
        }
    }

    public override string Resolve(string path) => inner.Resolve(path);

    public override long? Length(string path) => inner.Length(path);

    public override DiskFile Open(string path)
    {
        Step(FaultKinds.Name, path, "open");
        return new FaultyFile(this, inner.Open(path));
    }

    public override DiskFile Create(string path, UnixFileMode? mode = null)
    {
        Step(FaultKinds.Name, path, "create");
        return new FaultyFile(this, inner.Create(path, mode));
    }

    public override void Rename(string from, string to)
    {
        Step(FaultKinds.Name, from, $"rename to '{to}'");
        inner.Rename(from, to);
    }

    public override void Delete(string path)
    {
        Step(FaultKinds.Name, path, "delete");
        inner.Delete(path);
    }

    public override void FlushDirectory(string path)
    {
        Step(FaultKinds.Flush, path, "flush-directory");
        inner.FlushDirectory(path);
    }

    private static IOException Error(FaultMode mode, string text)
    {
        // What .NET gives for a full disk: the Windows error as an HRESULT, elsewhere errno ENOSPC as it is.
        int diskFull = OperatingSystem.IsWindows() ? unchecked((int)0x80070070) : 28;
        return mode switch
        {
            FaultMode.DiskFull => new IOException($"There is not enough space on the disk: {text}.", diskFull),
            FaultMode.ShortRead => new EndOfStreamException($"The file ended too soon: {text}."),
            _ => new IOException($"The disk failed: {text}."),
        };
    }

    private void Step(FaultKinds kind, string path, string what)
    {
        if (Fails(kind, path, what) is (FaultMode _, IOException error))
        {
            throw error;
        }
    }

    private (FaultMode Mode, IOException Error)? Fails(FaultKinds kind, string path, string what)
    {
        lock (_lock)
        {
            _counts[kind] = _counts.GetValueOrDefault(kind) + 1;
            if (!_kinds.HasFlag(kind) || --_left > 0)
            {
                return null;
            }

            if (!_fromThenOn)
            {
                _kinds = FaultKinds.None;
            }

            _failed ??= new FailedOperation(_counts.Values.Sum(), kind, path, what);
            return (_mode, Error(_mode, $"{what} '{path}'"));
        }
    }

    private sealed class FaultyFile(FaultyDisk disk, DiskFile inner) : DiskFile(inner.Name)
    {
        public override long Length => inner.Length;

        public override UnixFileMode? Mode => inner.Mode;

        public override bool IsAt(string path) => inner.IsAt(path);

        public override void Read(long offset, Span<byte> buffer)
        {
            if (disk.Fails(FaultKinds.Read, Name, $"read {offset}+{buffer.Length}") is var (mode, error))
            {
                if (mode == FaultMode.ShortRead)
                {
                    inner.Read(offset, buffer[..(buffer.Length / 2)]);
                }

                throw error;
            }

            inner.Read(offset, buffer);
        }

        public override void Write(long offset, ReadOnlySpan<byte> buffer)
        {
            if (disk.Fails(FaultKinds.Write, Name, $"write {offset}+{buffer.Length}") is var (mode, error))
            {
                if (mode == FaultMode.DiskFull)
                {
                    inner.Write(offset, buffer[..(buffer.Length / 2)]);
                }

                throw error;
            }

            inner.Write(offset, buffer);
        }

        public override void SetLength(long length)
        {
            disk.Step(FaultKinds.Write, Name, $"set-length {length}");
            inner.SetLength(length);
        }

        public override void Flush()
        {
            disk.Step(FaultKinds.Flush, Name, "flush");
            inner.Flush();
        }

        public override void Dispose() => inner.Dispose();
    }
}
