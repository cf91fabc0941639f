namespace Imm.Core.Storage;

/// <summary>A thread of the store's own that does the long work behind the commits, one piece after the other.</summary>
internal sealed class StorageThread : IDisposable
{
    private readonly object _gate = new();
    private readonly Queue<Action> _work = [];
    private readonly TimeSpan _idle;
    private readonly Thread _thread;
    private Action? _whenIdle;
    private bool _closed;

    /// <param name="name">The name of the thread.</param>
    /// <param name="start">Starts a thread; what it throws goes to the caller, before anything depends on the thread.</param>
    /// <param name="idle">How long after the last work <see cref="WhenIdle"/> is run, again and again; not positive for never.</param>
    public StorageThread(string name, Func<ThreadStart, string, Thread> start, TimeSpan idle)
    {
        _idle = idle > TimeSpan.Zero ? idle : Timeout.InfiniteTimeSpan;
        _thread = start(Work, name);
    }

    /// <summary>Sets what is run when there is no work. It handles its own exceptions.</summary>
    public void WhenIdle(Action work)
    {
        lock (_gate)
        {
            _whenIdle = work;
        }
    }

    /// <summary>Has work done later. The work handles its own exceptions.</summary>
    public void Post(Action work)
    {
        // Called in the middle of a commit, perhaps on a caller's thread.
        Uninterruptible.Enter(_gate);
        try
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            _work.Enqueue(work);
            Monitor.PulseAll(_gate);
        }
        finally
        {
            Monitor.Exit(_gate);
        }
    }

    /// <summary>Waits for the work that was posted, and ends the thread.</summary>
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
