namespace Imm.Core.Storage;

/// <summary>The snapshots of a data file that are in use. Thread-safe.</summary>
internal sealed class PageSnapshots(DiskFile file)
{
    private readonly object _lock = new();
    private readonly List<PageSnapshot> _snapshots = [];

    /// <summary>Takes a snapshot. Caller must hold the lock that excludes changes of the data file.</summary>
    public PageSnapshot Take(long pageCount)
    {
        var snapshot = new PageSnapshot(file, pageCount, Release);
        lock (_lock)
        {
            _snapshots.Add(snapshot);
        }

        return snapshot;
    }

    /// <summary>Copies pages that are about to be overwritten into the snapshots.</summary>
    public void Copy(params IEnumerable<uint> pages)
    {
        // For the first change since a close, perhaps on the thread of a caller.
        using (Uninterruptible.Enter(_lock))
        {
            foreach (PageSnapshot snapshot in _snapshots)
            {
                foreach (uint number in pages)
                {
                    snapshot.Copy(number);
                }
            }
        }
    }

    /// <summary>Returns once no snapshot is full, so that the memory for copies is bounded.</summary>
    public void WaitForRoom()
    {
        lock (_lock)
        {
            while (_snapshots.Exists(static snapshot => snapshot.IsFull))
            {
                Monitor.Wait(_lock);
            }
        }
    }

    private void Release(PageSnapshot snapshot)
    {
        lock (_lock)
        {
            _snapshots.Remove(snapshot);
            Monitor.PulseAll(_lock);
        }
    }
}
