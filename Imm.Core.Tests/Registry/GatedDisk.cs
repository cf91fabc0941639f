using Imm.Core.Storage;
using Imm.Core.Tests.Storage;

namespace Imm.Core.Tests.Registry;

/// <summary>A disk whose flushes a test can block and release. The test can wait until one is blocked.</summary>
/// <param name="inner">The disk that is decorated.</param>
/// <param name="blocks">Returns true for the path of a file whose flushes are blocked; null for every file.</param>
internal sealed class GatedDisk(Disk inner, Predicate<string>? blocks = null) : ForwardingDisk(inner), IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _begun = new(0);
    private readonly SemaphoreSlim _permits = new(0);
    private volatile bool _isBlocking;
    private volatile Thread? _flushThread;

    /// <summary>The thread of the latest flush, blocked or not; null before the first one.</summary>
    public Thread? FlushThread => _flushThread;

    /// <summary>Opens a store. It has no idle marks: their flushes would be taken for those of commits where the machine is slow.</summary>
    public ImmStore Open(ImmStoreOptions options) => ImmStore.Open(options, this, settings => settings with { IdleMark = TimeSpan.Zero });

    /// <summary>Blocks each later flush until it is released.</summary>
    public void BlockFlushes() => _isBlocking = true;

    /// <summary>Waits until a flush is blocked. Each blocked flush ends one wait.</summary>
    public void AwaitBlockedFlush() => Xunit.Assert.True(_begun.Wait(Patience), "No flush began.");

    /// <summary>Releases one blocked flush. Later ones are still blocked.</summary>
    public void ReleaseOneFlush() => _permits.Release();

    /// <summary>Releases the blocked flush, and blocks no later one.</summary>
    public void ReleaseFlushes()
    {
        _isBlocking = false;
        _permits.Release();
    }

    public void Dispose()
    {
        _begun.Dispose();
        _permits.Dispose();
    }

    protected override DiskFile Decorate(DiskFile file) => new GatedFile(this, file);

    private bool Blocks(string path) => _isBlocking && blocks?.Invoke(path) != false;

    private sealed class GatedFile(GatedDisk disk, DiskFile inner) : ForwardingFile(inner)
    {
        public override void Flush()
        {
            disk._flushThread = Thread.CurrentThread;
            if (disk.Blocks(Name))
            {
                disk._begun.Release();
                Xunit.Assert.True(disk._permits.Wait(Patience), "A flush was blocked and never released.");
            }

            Inner.Flush();
        }
    }
}
