using Imm.Core.Commit;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>Who takes a change to the disk: the thread that calls, or the store's own.</summary>
public sealed class CallingThreadTests
{
    [Fact]
    public void A_thread_that_waits_for_each_change_hands_over_ever_less_often()
    {
        var thread = new CallingThread();
        var handedOver = new List<int>();
        for (int change = 1; change <= 200; change++)
        {
            if (!thread.MayLead())
            {
                handedOver.Add(change);
                thread.HandsOver().Done();
            }
        }

        // Behind 1, 2, 4, 8, 16 and then always 32 that it led.
        Assert.Equal([2, 5, 10, 19, 36, 69, 102, 135, 168], handedOver);
    }

    [Fact]
    public void A_thread_that_begins_many_leads_none_until_it_has_waited()
    {
        var thread = new CallingThread();
        Assert.True(thread.MayLead());
        for (int burst = 0; burst < 3; burst++)
        {
            Assert.False(thread.MayLead());
            CallingThread.HandOver first = thread.HandsOver();
            thread.ComesToWait();
            thread.ComesToWait();
            first.Done();
        }

        Assert.False(thread.MayLead());
        thread.HandsOver().Done();
        Assert.True(thread.MayLead());
        Assert.False(thread.MayLead());
    }

    [Fact]
    public void A_thread_that_waits_behind_others_keeps_its_pace()
    {
        var thread = new CallingThread();
        Assert.True(thread.MayLead());
        Assert.False(thread.MayLead());
        thread.HandsOver().Done();
        thread.ComesToWait();
        Assert.True(thread.MayLead());
        thread.ComesToWait();
        Assert.True(thread.MayLead());
        Assert.False(thread.MayLead());
    }
}
