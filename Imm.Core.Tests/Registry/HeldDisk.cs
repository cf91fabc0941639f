using Imm.Core.Storage;
using Imm.Core.Tests.Storage;

namespace Imm.Core.Tests.Registry;

/// <summary>A disk whose flushes can be made to wait: a test decides when each may go on, and knows when one has begun.</summary>
/// <param name="inner">The disk.</param>
/// <param name="ofWhat">Says by its path whether the flushes of a file are held; null for those of every file.</param>
internal sealed class HeldDisk(Disk inner, Predicate<string>? ofWhat = null) : ForwardingDisk(inner), IDisposable
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

    protected override DiskFile Decorate(DiskFile file) => new HeldFile(this, file);

    private bool Holds(string path) => _holds && ofWhat?.Invoke(path) != false;

    private sealed class HeldFile(HeldDisk disk, DiskFile inner) : ForwardingFile(inner)
    {
        public override void Flush()
        {
            if (disk.Holds(Name))
            {
                disk._begun.Release();
                Xunit.Assert.True(disk._permits.Wait(Patience), "A flush was held and never let go.");
            }

            Inner.Flush();
        }
    }
}
