using Imm.Core.Storage;

namespace Imm.Core.Tests.Storage;

/// <summary>
/// A simulated disk that calls back before each flush, when a power cut has the most possible outcomes. Operations other than reads run one
/// at a time, whatever thread they are on, so that nothing happens between the callback and the flush.
/// </summary>
internal sealed class WatchedDisk(SimulatedDisk inner, Action beforeFlush) : ForwardingDisk(inner)
{
    private readonly Lock _lock = new();

    public override long? Length(string path) => Alone(() => Inner.Length(path));

    public override DiskFile Open(string path) => Alone(() => base.Open(path));

    public override DiskFile OpenToRead(string path) => Alone(() => base.OpenToRead(path));

    public override DiskFile Create(string path, UnixFileMode? mode = null) => Alone(() => base.Create(path, mode));

    public override void Rename(string from, string to) => Alone(() => Inner.Rename(from, to));

    public override void Replace(string from, string to) => Alone(() => Inner.Replace(from, to));

    public override void Delete(string path) => Alone(() => Inner.Delete(path));

    public override void FlushDirectory(string path) => Alone(() =>
    {
        beforeFlush();
        Inner.FlushDirectory(path);
    });

    protected override DiskFile Decorate(DiskFile file) => new WatchedFile(this, file);

    private void Alone(Action operation)
    {
        lock (_lock)
        {
            operation();
        }
    }

    private T Alone<T>(Func<T> operation)
    {
        lock (_lock)
        {
            return operation();
        }
    }

    private void BeforeFlush() => beforeFlush();

    private sealed class WatchedFile(WatchedDisk disk, DiskFile inner) : ForwardingFile(inner)
    {
        public override void Write(long offset, ReadOnlySpan<byte> buffer)
        {
            lock (disk._lock)
            {
                Inner.Write(offset, buffer);
            }
        }

        public override void SetLength(long length) => disk.Alone(() => Inner.SetLength(length));

        public override void Flush() => disk.Alone(() =>
        {
            disk.BeforeFlush();
            Inner.Flush();
        });

        public override void Dispose()
        {
            lock (disk._lock)
            {
                base.Dispose();
            }
        }
    }
}
