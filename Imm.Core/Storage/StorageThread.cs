namespace Imm.Core.Storage;

/// <summary>A thread of a store that runs checkpoints in the background, one piece of work after the other.</summary>
internal sealed class StorageThread : IDisposable
{
    private readonly object _gate = new();
    private readonly Queue<Action> _work = [];
    private readonly TimeSpan _idle;
    private readonly Thread _thread;
    private Action? _whenIdle;
    private bool _closed;

    /// <param name="name">The name of the thread.</param>
    /// <param name="start">Starts a thread. The constructor throws what it throws.</param>
    /// <param name="idle">The time without work after which <see cref="RunWhenIdle"/> runs, repeatedly; not positive for never.</param>
    public StorageThread(string name, Func<ThreadStart, string, Thread> start, TimeSpan idle)
    {
        _idle = idle > TimeSpan.Zero ? idle : Timeout.InfiniteTimeSpan;
        _thread = start(Work, name);
    }

    /// <summary>Sets what runs when there was no work for a time. It must not throw.</summary>
    public void RunWhenIdle(Action work)
    {
        lock (_gate)
        {
            _whenIdle = work;
        }
    }

    /// <summary>Enqueues work. It must not throw.</summary>
    public void Post(Action work)
    {
        // Called during a commit, which may be on a caller's thread that somebody interrupts.
        using (Uninterruptible.Enter(_gate))
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            _work.Enqueue(work);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Runs the work that is left, and ends the thread.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }

        _thread.Join();
    }

    private void Work()
    {
        while (true)
        {
            Action? work;
            lock (_gate)
            {
                while (!_work.TryDequeue(out work))
                {
                    if (_closed)
                    {
                        return;
                    }

                    if (!Monitor.Wait(_gate, _idle) && _whenIdle is not null)
                    {
                        work = _whenIdle;
                        break;
                    }
                }
            }

            work();
        }
    }
}
