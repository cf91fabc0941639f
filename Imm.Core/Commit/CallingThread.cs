namespace Imm.Core.Commit;

/// <summary>
/// What is known of how the present thread writes: whether it waits for each change, and then is quickest when it takes its changes to the disk itself,
/// or begins one after the other, and then must not be held up.
/// </summary>
/// <remarks>
/// The two look alike as long as each change is done when its call returns. So now and then one is handed over: a thread that comes back before it is
/// done begins many, and hands over also what it begins next; one that comes back after it has waited, and hands over half as often.
/// </remarks>
internal sealed class CallingThread
{
    /// <summary>How many changes a thread leads at most between two that it hands over, which cost about a third of a flush more.</summary>
    public const int MaxLeads = 32;

    [ThreadStatic]
    private static CallingThread? _current;

    private int _leads = 1;
    private int _led;
    private HandOver? _handedOver;

    public static CallingThread Current => _current ??= new CallingThread();

    /// <summary>Whether the thread is to lead now that it can; otherwise its change is handed over.</summary>
    public bool MayLead()
    {
        if (_handedOver is { IsDone: true })
        {
            _handedOver = null;
            _leads = Math.Clamp(2 * _leads, 1, MaxLeads);
            _led = 0;
        }

        if (_led >= _leads)
        {
            return false;
        }

        _led++;
        return true;
    }

    /// <summary>The thread hands its change over.</summary>
    public HandOver HandsOver() => _handedOver = new HandOver();

    /// <summary>The thread's change goes to wait behind others.</summary>
    public void ComesToWait()
    {
        if (_handedOver is { IsDone: false })
        {
            _handedOver = null;
            _leads = 0;
        }
    }

    /// <summary>
    /// A change that was handed over. Apart from the change, so that a thread holds nothing of a store. One that was withdrawn, or came when the store
    /// had closed, is never done, and only costs its thread a few more hand-overs.
    /// </summary>
    internal sealed class HandOver
    {
        private volatile bool _isDone;

        public bool IsDone => _isDone;

        /// <summary>Said before the caller is told.</summary>
        public void Done() => _isDone = true;
    }
}
