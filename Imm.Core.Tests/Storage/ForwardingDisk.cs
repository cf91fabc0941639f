using Imm.Core.Storage;

namespace Imm.Core.Tests.Storage;

/// <summary>A disk that forwards every operation to another one. A decorator overrides the operations that it changes.</summary>
internal abstract class ForwardingDisk(Disk inner) : Disk
{
    protected Disk Inner => inner;

    public override string Resolve(string path) => inner.Resolve(path);

    public override long? Length(string path) => inner.Length(path);

    public override DiskFile Open(string path) => Decorate(inner.Open(path));

    public override DiskFile OpenToRead(string path) => Decorate(inner.OpenToRead(path));

    public override DiskFile Create(string path, UnixFileMode? mode = null) => Decorate(inner.Create(path, mode));

    public override void Rename(string from, string to) => inner.Rename(from, to);

    public override void Replace(string from, string to) => inner.Replace(from, to);

    public override void Delete(string path) => inner.Delete(path);

    public override void FlushDirectory(string path) => inner.FlushDirectory(path);

    /// <summary>Decorates a file that was opened or created.</summary>
    protected abstract DiskFile Decorate(DiskFile file);
}

/// <summary>A file that forwards every operation to another one.</summary>
internal abstract class ForwardingFile(DiskFile inner) : DiskFile(inner.Name)
{
    protected DiskFile Inner => inner;

    public override long Length => inner.Length;

    public override UnixFileMode? Mode => inner.Mode;

    public override bool IsAt(string path) => inner.IsAt(path);

    public override void Read(long offset, Span<byte> buffer) => inner.Read(offset, buffer);

    public override void Write(long offset, ReadOnlySpan<byte> buffer) => inner.Write(offset, buffer);

    public override void SetLength(long length) => inner.SetLength(length);

    public override void Flush() => inner.Flush();

    public override void Dispose() => inner.Dispose();
}
