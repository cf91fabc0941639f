using Imm.Core.Storage;

namespace Imm.Core.Tests.Storage;

/// <summary>
/// Kinds of operations. Writes include changes of the length, flushes include those of the directory. Operations on names are open, create,
/// rename and delete.
/// </summary>
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

/// <summary>The effect and the exception of an operation that fails.</summary>
internal enum FaultMode
{
    /// <summary>Has no effect; throws an <see cref="IOException"/>.</summary>
    Error,

    /// <summary>
    /// A write writes its first half, other operations have no effect; throws the <see cref="IOException"/> of a full disk.
    /// </summary>
    DiskFull,

    /// <summary>A read fills half the buffer, other operations have no effect; throws an <see cref="EndOfStreamException"/>.</summary>
    ShortRead,
}

/// <summary>An operation that failed, and its number among all operations.</summary>
internal sealed record FailedOperation(long Number, FaultKinds Kind, string Path, string What);

/// <summary>A disk on which the n-th operation of a kind fails, once or from then on.</summary>
internal sealed class FaultyDisk(Disk inner) : ForwardingDisk(inner)
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

    /// <summary>Returns the number of operations of some kinds so far, including failed ones.</summary>
    public long Count(FaultKinds kinds = FaultKinds.Any)
    {
        lock (_lock)
        {
            return _counts.Where(count => kinds.HasFlag(count.Key)).Sum(count => count.Value);
        }
    }

    /// <summary>Makes the n-th operation of some kinds from now fail; 1 is the next. Replaces an earlier call.</summary>
    public void FailAt(long n, FaultKinds kinds, FaultMode mode = FaultMode.Error, bool fromThenOn = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(n);
        lock (_lock)
        {
            (_left, _kinds, _mode, _fromThenOn, _failed) = (n, kinds, mode, fromThenOn, null);
        }
    }

    /// <summary>Makes all operations succeed again; <see cref="Failed"/> keeps its value.</summary>
    public void Heal()
    {
        lock (_lock)
        {
            _kinds = FaultKinds.None;
        }
    }

    public override DiskFile Open(string path)
    {
        Step(FaultKinds.Name, path, "open");
        return base.Open(path);
    }

    public override DiskFile OpenToRead(string path)
    {
        Step(FaultKinds.Name, path, "open to read");
        return base.OpenToRead(path);
    }

    public override DiskFile Create(string path, UnixFileMode? mode = null)
    {
        Step(FaultKinds.Name, path, "create");
        return base.Create(path, mode);
    }

    public override void Rename(string from, string to)
    {
        Step(FaultKinds.Name, from, $"rename to '{to}'");
        Inner.Rename(from, to);
    }

    public override void Replace(string from, string to)
    {
        Step(FaultKinds.Name, from, $"replace '{to}'");
        Inner.Replace(from, to);
    }

    public override void Delete(string path)
    {
        Step(FaultKinds.Name, path, "delete");
        Inner.Delete(path);
    }

    public override void FlushDirectory(string path)
    {
        Step(FaultKinds.Flush, path, "flush-directory");
        Inner.FlushDirectory(path);
    }

    protected override DiskFile Decorate(DiskFile file) => new FaultyFile(this, file);

    private static IOException Error(FaultMode mode, string text)
    {
        // The exception of .NET for a full disk: the Windows error as an HRESULT, on Unix errno ENOSPC.
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

    private sealed class FaultyFile(FaultyDisk disk, DiskFile inner) : ForwardingFile(inner)
    {
        public override void Read(long offset, Span<byte> buffer)
        {
            if (disk.Fails(FaultKinds.Read, Name, $"read {offset}+{buffer.Length}") is var (mode, error))
            {
                if (mode == FaultMode.ShortRead)
                {
                    Inner.Read(offset, buffer[..(buffer.Length / 2)]);
                }

                throw error;
            }

            Inner.Read(offset, buffer);
        }

        public override void Write(long offset, ReadOnlySpan<byte> buffer)
        {
            if (disk.Fails(FaultKinds.Write, Name, $"write {offset}+{buffer.Length}") is var (mode, error))
            {
                if (mode == FaultMode.DiskFull)
                {
                    Inner.Write(offset, buffer[..(buffer.Length / 2)]);
                }

                throw error;
            }

            Inner.Write(offset, buffer);
        }

        public override void SetLength(long length)
        {
            disk.Step(FaultKinds.Write, Name, $"set-length {length}");
            Inner.SetLength(length);
        }

        public override void Flush()
        {
            disk.Step(FaultKinds.Flush, Name, "flush");
            Inner.Flush();
        }
    }
}
