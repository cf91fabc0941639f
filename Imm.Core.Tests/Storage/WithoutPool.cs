using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using Imm.Core.Testing;

namespace Imm.Core.Tests.Storage;

/// <summary>
/// Synchronous calls in a process whose thread pool has not one thread left, with listeners to everything. Each step is written when it is
/// done.
/// </summary>
internal static class WithoutPool
{
    public static void Run(string directory)
    {
        using var meters = new MeterListener();
        meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == ImmTelemetry.MeterName)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        meters.Start();
        using var activities = new ActivityListener
        {
            ShouldListenTo = source => source.Name == ImmTelemetry.ActivitySourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(activities);
        using var end = new ManualResetEventSlim();
        OccupyPool(end);

        ImmStore store = ImmStore.Open(new ImmStoreOptions { Path = Path.Combine(directory, "store"), ProjectQuota = int.MaxValue });
        ProjectRegistry registry = store.Registry();
        OnThreads(4, thread =>
        {
            for (int i = 0; i < 50; i++)
            {
                registry.Create(new() { ProjectName = $"p{thread}_{i}" });
            }
        });
        Done("create");
        registry.Get("p0_0");
        registry.TryGet("none", out _);
        registry.List();
        Done("read");
        registry.Update(new() { ProjectName = "p0_0", Description = "d" });
        registry.CreateDataset(new() { ProjectName = "p0_0", DatasetName = "d" });
        registry.AddFiles("p0_0", "d", 1, 1);
        registry.RemoveFiles([new FileChange("p0_0", "d", 1, 1)]);
        registry.DeleteDataset("p0_0", "d");
        registry.Delete("p0_0");
        Done("change");
        using (var client = new HttpClient(new ImmHttpMessageHandler(new ImmApi(store), "default", "local")))
        {
            OnThreads(4, thread =>
            {
                for (int i = 0; i < 20; i++)
                {
                    Send(client, $"Action=CreateProject&ProjectName=h{thread}_{i}");
                    Send(client, $"Action=GetProject&ProjectName=h{thread}_{i}");
                }
            });
        }

        Done("http");
        store.Check();
        Done("check");
        ValueTask closing = store.DisposeAsync();
        store.Dispose();
        Done(closing.IsCompletedSuccessfully ? "close" : "close that is not closed");
        foreach (TimeProvider clock in (TimeProvider[])[new ImmFixtureClock(), TimeProvider.System])
        {
            WaitForFault(clock);
        }

        Done("fault");
        end.Set();
    }

    /// <summary>A call that meets a latency: on a clock that another thread moves, or that of the system.</summary>
    private static void WaitForFault(TimeProvider clock)
    {
        using var fixture = new ImmFixture(new ImmFixtureOptions { TimeProvider = clock });
        fixture.Faults.OnAny().Delay(TimeSpan.FromMilliseconds(1));
        bool called = false;
        var mover = new Thread(() =>
        {
            while (!Volatile.Read(ref called))
            {
                (clock as ImmFixtureClock)?.Advance(TimeSpan.FromMilliseconds(1));
                Thread.Yield();
            }
        });
        mover.Start();
        fixture.Registry.Create(new() { ProjectName = "p" });
        Volatile.Write(ref called, true);
        mover.Join();
    }

    private static void OccupyPool(ManualResetEventSlim end)
    {
        ThreadPool.GetMinThreads(out _, out int ports);
        int count = Environment.ProcessorCount;
        if (!ThreadPool.SetMinThreads(count, ports) || !ThreadPool.SetMaxThreads(count, ports))
        {
            throw new InvalidOperationException("The pool cannot be bounded.");
        }

        using var occupied = new CountdownEvent(count);
        for (int i = 0; i < count; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                _ =>
                {
                    occupied.Signal();
                    end.Wait();
                },
                null);
        }

        occupied.Wait();
    }

    private static void OnThreads(int count, Action<int> work)
    {
        Thread[] threads = [.. Enumerable.Range(0, count).Select(thread => new Thread(() => work(thread)))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
    }

    private static void Send(HttpClient client, string form)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://imm/")
        {
            Content = new StringContent(form, Encoding.UTF8, "application/x-www-form-urlencoded"),
        };
        using HttpResponseMessage response = client.Send(request);
        response.EnsureSuccessStatusCode();
    }

    private static void Done(string step)
    {
        Console.Write(step + ";");
        Console.Out.Flush();
    }
}
