namespace Imm.Core.Storage;

/// <summary>A thread of the store's own that does the long work behind the commits, one piece after the other. It starts with the first piece.</summary>
internal sealed class StorageThread(string name) : IDisposable
{
    private readonly object _gate = new();
    private readonly Queue<Action> _work = [];
    private Thread? _thread;
    private bool _closed;

    /// <summary>Has work done later. The work handles its own exceptions.</summary>
    public void Post(Action work)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            _work.Enqueue(work);
            if (_thread is null)
            {
                _thread = new Thread(Work) { IsBackground = true, Name = name };
                _thread.UnsafeStart();
            }

            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Has work done behind what was posted before, and waits for it; its exception is thrown here.</summary>
    public void Run(Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            try
            {
                work();
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        done.Task.GetAwaiter().GetResult();
    }

    /// <summary>Waits for the work that was posted, and ends the thread.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }

        _thread?.Join();
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

                    Monitor.Wait(_gate);
                }
            }

            work();
        }
    }
}
