using Imm.Core.Storage;

namespace Imm.Core.Tests.Storage;

/// <summary>
/// A simulated disk that shows itself just before each flush, the moments at which a power cut leaves the most to chance. One operation runs at a
/// time, whichever thread asks for it, so that nothing comes between the look and the flush.
/// </summary>
internal sealed class WatchedDisk(SimulatedDisk inner, Action beforeFlush) : Disk
{
    private readonly Lock _lock = new();

    public override string Resolve(string path) => inner.Resolve(path);

    public override long? Length(string path) => One(() => inner.Length(path));

    public override DiskFile Open(string path) => One(() => new WatchedFile(this, inner.Open(path)));

    public override DiskFile Create(string path, UnixFileMode? mode = null) => One(() => new WatchedFile(this, inner.Create(path, mode)));

    public override void Rename(string from, string to) => One(() => inner.Rename(from, to));

    public override void Delete(string path) => One(() => inner.Delete(path));

    public override void FlushDirectory(string path) => One(() =>
    {
        beforeFlush();
        inner.FlushDirectory(path);
    });

    private void One(Action operation)
    {
        lock (_lock)
        {
            operation();
        }
    }

    private T One<T>(Func<T> operation)
    {
        lock (_lock)
        {
            return operation();
        }
    }

    private sealed class WatchedFile(WatchedDisk disk, DiskFile inner) : DiskFile(inner.Name)
    {
        public override long Length => inner.Length;

        public override UnixFileMode? Mode => inner.Mode;

        public override bool IsAt(string path) => inner.IsAt(path);

        // Reads change nothing, so they need not wait for their turn.
        public override void Read(long offset, Span<byte> buffer) => inner.Read(offset, buffer);

        public override void Write(long offset, ReadOnlySpan<byte> buffer)
        {
            lock (disk._lock)
            {
                inner.Write(offset, buffer);
            }
        }

        public override void SetLength(long length) => disk.One(() => inner.SetLength(length));

        public override void Flush() => disk.One(() =>
        {
            disk.BeforeFlush();
            inner.Flush();
        });

        public override void Dispose() => disk.One(inner.Dispose);
    }

    private void BeforeFlush() => beforeFlush();
}
