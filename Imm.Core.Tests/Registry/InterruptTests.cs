using System.Globalization;
using Imm.Core.Storage;
using Imm.Core.Tests.Storage;
using Xunit;

namespace Imm.Core.Tests.Registry;

/// <summary>Interrupts of the calling thread at any point of a call.</summary>
public sealed class InterruptTests
{
    [Fact]
    public void Interrupting_a_caller_does_not_fail_the_store() => Bounded.Run(() => "an interrupted caller", () =>
    {
        // The real disk: the simulated one has locks of its own.
        using var directory = new TempDirectory();
        var options = new ImmStoreOptions { Path = directory.File("store"), ProjectQuota = int.MaxValue, MaxLoadedProjects = 50 };
        using (ImmStore store = ImmStore.Open(
            options, LocalDisk.Instance, settings => settings with { CheckpointLength = 1, MaxLogLength = 1 }))
        {
            var acknowledged = new List<string>();
            Exception? other = null;
            var caller = new Thread(() =>
            {
                for (int i = 0; i < 1000 && other is null; i++)
                {
                    try
                    {
                        Registry(store, i).Create(new() { ProjectName = $"p{i}" });
                        acknowledged.Add($"p{i}");
                    }
                    catch (ThreadInterruptedException)
                    {
                    }
                    catch (Exception e) when (e is not ThreadInterruptedException)
                    {
                        other = e;
                    }
                }
            });
            caller.Start();
            while (caller.IsAlive)
            {
                caller.Interrupt();
                Thread.Yield();
            }

            caller.Join();
            Assert.Null(other);
            Assert.Equal(ImmStoreState.Open, store.Status.State);
            Assert.All(
                acknowledged,
                name => Assert.True(Registry(store, int.Parse(name[1..], CultureInfo.InvariantCulture)).TryGet(name, out _)));
            Assert.NotEmpty(acknowledged);
        }

        static ProjectRegistry Registry(ImmStore store, int number) => store.Registry("1234", $"r{number % 100}");
    });
}
