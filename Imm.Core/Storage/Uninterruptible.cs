namespace Imm.Core.Storage;

/// <summary>
/// Waits on the thread of a caller that commits its change itself. Whoever interrupts that thread must neither fail the store nor leave
/// half a commit.
/// </summary>
internal static class Uninterruptible
{
    [ThreadStatic]
    private static bool _interrupted;

    /// <summary>Takes a lock, which is released by <see cref="Monitor.Exit(object)"/>.</summary>
    public static void Enter(object gate)
    {
        for (bool taken = false; !taken;)
        {
            try
            {
                Monitor.Enter(gate, ref taken);
            }
            catch (ThreadInterruptedException)
            {
                _interrupted = true;
            }
        }
    }

    /// <summary>Waits for a pulse of a lock that is held. It may also return without one.</summary>
    public static void Wait(object gate)
    {
        try
        {
            Monitor.Wait(gate);
        }
        catch (ThreadInterruptedException)
        {
            _interrupted = true;
        }
    }

    /// <summary>Does what may be done again, where an interruption ends it before it has taken a lock.</summary>
    public static void Run(Action work)
    {
        for (bool done = false; !done;)
        {
            try
            {
                work();
                done = true;
            }
            catch (ThreadInterruptedException)
            {
                _interrupted = true;
            }
        }
    }

    /// <summary>Interrupts the calling thread where it was interrupted meanwhile; it hears so at its next wait.</summary>
    public static void End()
    {
        if (_interrupted)
        {
            _interrupted = false;
            Thread.CurrentThread.Interrupt();
        }
    }
}
