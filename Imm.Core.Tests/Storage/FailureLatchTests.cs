using Imm.Core.Storage;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>A failure is met by a thread of the store, whose end would end the process.</summary>
public class FailureLatchTests
{
    [Fact]
    public void What_those_throw_who_are_told_of_a_failure_does_not_reach_the_thread_that_has_met_it()
    {
        var cause = new IOException("A file cannot be read.");
        var latch = new FailureLatch(StoreOnDisk.DataPath, new Throwing());
        latch.WasSet += static () => throw new FileNotFoundException("An assembly cannot be loaded, because no handle is free.");

        latch.Set(cause);
        latch.Set(new IOException("A later one."));

        Assert.Same(cause, latch.Cause);
    }

    private sealed class Throwing : IStoreObserver
    {
        public bool IsTelling => false;

        public void Committed(int operations)
        {
        }

        public void Flushed(TimeSpan duration)
        {
        }

        public void Checkpointed(StoreCheckpoint checkpoint)
        {
        }

        public void RanOutOfSpace(Exception cause)
        {
        }

        public void MadeRoundTrip()
        {
        }

        public void LostRaces(int scopes)
        {
        }

        public void CaughtUp()
        {
        }

        public void Retried(Exception cause)
        {
        }

        public void Failed(Exception cause) => throw new FileNotFoundException("A listener cannot be loaded either.");
    }
}
