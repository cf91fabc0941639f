using Imm.Core.Storage;

namespace Imm.Core.Tests.Registry;

/// <summary>A disk whose flushes can be made to wait: a test decides when each may go on, and knows when one has begun.</summary>
/// <param name="inner">The disk.</param>
/// <param name="ofWhat">Says by its path whether the flushes of a file are held; null for those of every file.</param>
internal sealed class HeldDisk(Disk inner, Predicate<string>? ofWhat = null) : Disk, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _begun = new(0);
    private readonly SemaphoreSlim _permits = new(0);
    private volatile bool _holds;

    /// <summary>From now on each flush of a file waits for a <see cref="LetOneGo"/>.</summary>
    public void Hold() => _holds = true;

    /// <summary>Returns once a flush that waits has begun, one for each call.</summary>
    public void AwaitFlush() => Xunit.Assert.True(_begun.Wait(Patience), "No flush began.");

    public void LetOneGo() => _permits.Release();

    /// <summary>Lets the flush that waits go, and holds no later one.</summary>
    public void LetGo()
    {
        _holds = false;
        _permits.Release();
    }

    public void Dispose()
    {
        _begun.Dispose();
        _permits.Dispose();
    }

    public override string Resolve(string path) => inner.Resolve(path);

    public override long? Length(string path) => inner.Length(path);

    public override DiskFile Open(string path) => new HeldFile(this, inner.Open(path));

    public override DiskFile Create(string path, UnixFileMode? mode = null) => new HeldFile(this, inner.Create(path, mode));

    public override void Rename(string from, string to) => inner.Rename(from, to);

    public override void Delete(string path) => inner.Delete(path);

    public override void FlushDirectory(string path) => inner.FlushDirectory(path);

    private bool Holds(string path) => _holds && ofWhat?.Invoke(path) != false;

    private sealed class HeldFile(HeldDisk disk, DiskFile inner) : DiskFile(inner.Name)
    {
        public override long Length => inner.Length;

        public override UnixFileMode? Mode => inner.Mode;

        public override bool IsAt(string path) => inner.IsAt(path);

        public override void Read(long offset, Span<byte> buffer) => inner.Read(offset, buffer);

        public override void Write(long offset, ReadOnlySpan<byte> buffer) => inner.Write(offset, buffer);

        public override void SetLength(long length) => inner.SetLength(length);

        public override void Flush()
        {
            if (disk.Holds(Name))
            {
                disk._begun.Release();
                Xunit.Assert.True(disk._permits.Wait(Patience), "A flush was held and never let go.");
            }

            inner.Flush();
        }

        public override void Dispose() => inner.Dispose();
    }
}
