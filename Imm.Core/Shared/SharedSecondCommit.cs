using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Imm.Core.Commit;
using Imm.Core.Storage;

namespace Imm.Core.Shared;

/// <summary>
/// Commits half of a batch of many scopes on a thread and a connection of its own, while the commit thread commits the other half: the
/// server works on both at once, and they share a flush of its log.
/// </summary>
/// <remarks>
/// The connection is opened on the thread, so that no batch waits for it; without it the batches stay whole. Only the holder of the commit
/// lock calls, but for <see cref="Close"/>.
/// </remarks>
[SuppressMessage(
    "Design", "CA1001:Types that own disposable fields should be disposable", Justification = "The thread gives up the connection.")]
internal sealed class SharedSecondCommit
{
    /// <summary>The number of scopes from which a batch is worth two statements.</summary>
    private const int MinScopes = 16;

    /// <summary>The time before another attempt, where no connection could be opened.</summary>
    private static readonly TimeSpan OpenAgainAfter = TimeSpan.FromMinutes(1);

    private readonly SharedCommit _commit;
    private readonly Action<ImmRefusal> _refuseWaiting;
    private readonly Thread _thread;
    private readonly Dictionary<ScopeEntry, SharedPart> _parts = [];

    /// <summary>Held to read and change what follows, and pulsed after a change.</summary>
    private readonly object _gate = new();
    private Work _work;
    private Guid _batchId;
    private DatabaseException? _failure;
    private bool _isOpen;
    private long _openFailedAt;

    /// <param name="commit">Commits on the connection.</param>
    /// <param name="refuseWaiting">Refuses the writes that wait, when an outcome is in doubt for longer than the patience.</param>
    /// <param name="startThread">Starts the thread.</param>
    /// <exception cref="StoreFileException">The thread cannot be started.</exception>
    /// <exception cref="ThreadStartException">The thread cannot be started.</exception>
    public SharedSecondCommit(
        SharedCommit commit, Action<ImmRefusal> refuseWaiting, Func<ThreadStart, string, Thread> startThread)
    {
        _commit = commit;
        _refuseWaiting = refuseWaiting;
        _thread = startThread(WorkUntilClosed, "Imm.Core second commit");
    }

    /// <summary>The work of the thread.</summary>
    private enum Work
    {
        None,
        Open,
        Commit,
        Close,
    }

    /// <summary>True on the thread that commits the half.</summary>
    public bool IsCurrentThread => Thread.CurrentThread == _thread;

    /// <summary>Begins to commit half of a batch, where it is large enough and the connection is open.</summary>
    /// <param name="parts">The parts of the batch.</param>
    /// <param name="batchId">The id of the batch.</param>
    /// <param name="rest">Takes the parts that the caller has to commit. It is empty before.</param>
    /// <returns>False where the caller has to commit all; else <see cref="End"/> is to be called.</returns>
    public bool TryBegin(Dictionary<ScopeEntry, SharedPart> parts, Guid batchId, Dictionary<ScopeEntry, SharedPart> rest)
    {
        if (parts.Count < MinScopes || !IsOpenOrOpens())
        {
            return false;
        }

        _parts.Clear();
        foreach ((ScopeEntry entry, SharedPart part) in parts)
        {
            (rest.Count > _parts.Count ? _parts : rest).Add(entry, part);
        }

        lock (_gate)
        {
            (_work, _batchId) = (Work.Commit, batchId);
            Monitor.PulseAll(_gate);
        }

        return true;
    }

    /// <summary>Waits for the half that was begun. Those of its parts that cannot be committed have the failure then.</summary>
    public void End()
    {
        lock (_gate)
        {
            while (_work == Work.Commit)
            {
                Monitor.Wait(_gate);
            }

            if (_failure is { } failure)
            {
                _failure = null;
                SharedPart.Fail(_parts.Values, failure);
            }
        }
    }

    /// <summary>Ends the thread and the connection.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _work = Work.Close;
            Monitor.PulseAll(_gate);
        }

        _thread.Join();
    }

    /// <summary>True if the connection is open; if not, lets the thread open it.</summary>
    private bool IsOpenOrOpens()
    {
        lock (_gate)
        {
            if (!_isOpen && _work == Work.None
                && (_openFailedAt == 0 || Stopwatch.GetElapsedTime(_openFailedAt) >= OpenAgainAfter))
            {
                _work = Work.Open;
                Monitor.PulseAll(_gate);
            }

            return _isOpen && _work == Work.None;
        }
    }

    private void WorkUntilClosed()
    {
        while (true)
        {
            Work work;
            lock (_gate)
            {
                while (_work == Work.None)
                {
                    Monitor.Wait(_gate);
                }

                work = _work;
            }

            if (work == Work.Close)
            {
                _commit.Dispose();
                return;
            }

            DatabaseException? failure = null;
            try
            {
                if (work == Work.Open)
                {
                    _ = _commit.Lane.Connection;
                }
                else
                {
                    _commit.Run(_parts, _batchId, _refuseWaiting);
                }
            }
#pragma warning disable CA1031 // Whatever the cause: the callers of the half must know it, and the thread goes on.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _commit.Forget();
                failure = DatabaseException.Of(e);
            }

            lock (_gate)
            {
                _isOpen = _commit.Lane.IsOpen;
                if (work == Work.Commit)
                {
                    _failure = failure;
                }
                else
                {
                    _openFailedAt = failure is null ? 0 : Stopwatch.GetTimestamp();
                }

                // A close may have been asked for meanwhile.
                _work = _work == work ? Work.None : _work;
                Monitor.PulseAll(_gate);
            }
        }
    }
}
