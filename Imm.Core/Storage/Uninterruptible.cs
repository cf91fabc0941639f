namespace Imm.Core.Storage;

/// <summary>
/// Waits that ignore <see cref="Thread.Interrupt"/> until <see cref="End"/>. A caller may commit on its own thread, and an interruption of
/// that thread must neither fail the store nor end a commit half-way.
/// </summary>
internal static class Uninterruptible
{
    [ThreadStatic]
    private static bool _interrupted;

    /// <summary>Enters a monitor, which the result or <see cref="Monitor.Exit(object)"/> exits.</summary>
    public static Held Enter(object gate)
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

        return new Held(gate);
    }

    /// <summary>Waits for a pulse. May return without one.</summary>
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

    /// <summary>Runs work again until no interruption ends it. The work must be repeatable.</summary>
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

    /// <summary>Notes that a wait has thrown, and that its caller goes on.</summary>
    public static void NoteInterruption() => _interrupted = true;

    /// <summary>Interrupts the calling thread again if it was interrupted meanwhile: its next wait throws.</summary>
    public static void End()
    {
        if (_interrupted)
        {
            _interrupted = false;
            Thread.CurrentThread.Interrupt();
        }
    }

    /// <summary>A monitor that was entered.</summary>
    internal readonly ref struct Held(object gate)
    {
        public void Dispose() => Monitor.Exit(gate);
    }
}
