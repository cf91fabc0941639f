using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>The n-th operation of a disk fails while a store is opened, used and closed on it.</summary>
public class FaultTests
{
    private const int Seed = 20;
    private const int StepsBefore = 18;
    private const int Steps = 14;

    /// <summary>Short, so that logs grow while there is load.</summary>
    private const int LogGrowthStep = 1 << 10;

    public enum Start
    {
        /// <summary>There is no file yet.</summary>
        Nothing,

        /// <summary>The store was closed.</summary>
        Closed,

        /// <summary>The process was killed.</summary>
        Killed,

        /// <summary>The process was killed while a checkpoint overwrote the data file.</summary>
        KilledInCheckpoint,
    }

    public static TheoryData<Start> Starts => [Start.Nothing, Start.Closed, Start.Killed, Start.KilledInCheckpoint];

    [Theory]
    [MemberData(nameof(Starts))]
    public void Any_failed_operation_is_reported_and_nothing_acknowledged_is_lost(Start start)
    {
        SimulatedDisk before = Prepare(start);
        (FaultKinds Kind, FaultMode Mode)[] faults =
        [
            (FaultKinds.Read, FaultMode.Error), (FaultKinds.Read, FaultMode.ShortRead), (FaultKinds.Write, FaultMode.Error),
            (FaultKinds.Write, FaultMode.DiskFull), (FaultKinds.Flush, FaultMode.Error), (FaultKinds.Name, FaultMode.Error),
        ];
        IReadOnlyList<string> states = Healthy(before, out FaultyDisk counted);

        int reached = 0;
        foreach ((FaultKinds kind, FaultMode mode) in faults)
        {
            long count = counted.Count(kind);

            // Most reads look at one sector of a log after the other; some of those stand for all.
            long step = Campaign.Scale > 0 ? (kind == FaultKinds.Read ? Math.Max(1, count / 500) : 1) : Math.Max(1, count / 12);
            for (long n = 1; n <= count + 1; n += step)
            {
                foreach (bool fromThenOn in (bool[])[false, true])
                {
                    var fault = new Fault(n, kind, mode, fromThenOn);
                    Bounded.Run(() => $"{start}, {fault}", () => reached += Meet(fault, Copy(before), states) ? 1 : 0);
                }
            }
        }

        Campaign.Report($"faults, {start}: {reached} runs that met one");
        Assert.InRange(reached, 40, int.MaxValue);
    }

    [Fact]
    public void A_failed_backup_leaves_a_whole_file_or_none_and_the_store_loses_nothing()
    {
        const string Backup = "/store/backup.db";
        SimulatedDisk before = Prepare(Start.Closed);
        int failed = 0;
        foreach (FaultKinds kind in (FaultKinds[])[FaultKinds.Read, FaultKinds.Write, FaultKinds.Flush, FaultKinds.Name])
        {
            bool met = true;
            for (long n = 1; met; n++)
            {
                SimulatedDisk disk = Copy(before);
                var workload = new Workload(Seed, ReadOf(disk));
                var faulty = new FaultyDisk(disk);
                using (ImmStore store = new StoreOnDisk(faulty).Open(workload.TimeProvider))
                {
                    workload.Steps(store, 2);
                    faulty.FailAt(n, kind, FaultMode.DiskFull);
                    Task backup = store.BackupAsync(Backup);
                    Assert.True(
                        ((IAsyncResult)backup).AsyncWaitHandle.WaitOne(TimeSpan.FromMinutes(1)),
                        $"The backup hangs after {faulty.Failed}.");
                    met = faulty.Failed is not null;
                    faulty.Heal();
                    if (met)
                    {
                        failed++;
                        var error = (ImmException)backup.Exception!.InnerException!;
                        AssertCause(error, faulty, new Fault(n, kind, FaultMode.DiskFull, FromThenOn: false));
                        Assert.Equal(store.Status.State == ImmStoreState.Failed, workload.Step(store) is not null);
                    }

                    if (disk.Paths.Contains(Backup))
                    {
                        using ImmStore copy = new StoreOnDisk(disk, Backup).Open();
                        Assert.Contains(Contents.Of(copy).ToString(), workload.States);
                        Assert.Empty(copy.Check());
                    }
                }

                using ImmStore again = new StoreOnDisk(disk).Open();
                Assert.Equal(workload.Now, Contents.Of(again).ToString());
            }
        }

        Assert.InRange(failed, 30, int.MaxValue);
    }

    [Fact]
    public void A_closed_store_opens_again_after_any_failed_flush_of_an_earlier_open()
    {
        var failures = new List<string>();
        for (int n = 1; n < 12; n++)
        {
            var disk = new SimulatedDisk();
            using (ImmStore store = new StoreOnDisk(disk).Open())
            {
                Contents.Registry(store, 0).Create(new CreateProjectRequest { ProjectName = "one" });
            }

            var faulty = new FaultyDisk(disk);
            faulty.FailAt(n, FaultKinds.Flush);
            OpenAfterFailedOpen(faulty, failures);
        }

        Assert.True(failures.Count == 0, string.Join("\n", failures));
    }

    [Fact]
    public void A_clock_that_throws_fails_only_the_change_that_reads_it()
    {
        var clock = new BrokenClock();
        Bounded.Run(() => "a store whose clock has thrown", () =>
        {
            using ImmStore store = new StoreOnDisk(new SimulatedDisk()).Open(clock);
            ProjectRegistry registry = Contents.Registry(store, 0);
            Assert.Throws<TimeZoneNotFoundException>(() => registry.Create(new CreateProjectRequest { ProjectName = "one" }));
            clock.Works = true;

            registry.Create(new CreateProjectRequest { ProjectName = "two" });

            Assert.False(registry.TryGet("one", out _));
            Assert.True(registry.TryGet("two", out _));
        });
    }

    /// <summary>Opens a store while its disk fails, then on the healed disk. Project "one" must be there; a refusal is added.</summary>
    internal static void OpenAfterFailedOpen(FaultyDisk faulty, List<string> failures)
    {
        try
        {
            new StoreOnDisk(faulty).Open().Dispose();
        }
        catch (ImmException)
        {
        }

        faulty.Heal();
        try
        {
            using ImmStore again = new StoreOnDisk(faulty).Open();
            Assert.True(Contents.Registry(again, 0).TryGet("one", out _));
        }
        catch (ImmException e)
        {
            failures.Add($"{faulty.Failed}: {e.Message}");
        }
    }

    /// <summary>Runs the scenario; true where the fault was met.</summary>
    private static bool Meet(Fault fault, SimulatedDisk disk, IReadOnlyList<string> states)
    {
        var faulty = new FaultyDisk(disk);
        faulty.FailAt(fault.N, fault.Kind, fault.Mode, fault.FromThenOn);
        int found;
        string? refused;
        try
        {
            found = Use(fault, faulty, disk, states, out refused);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{fault}, met as {faulty.Failed}.", e);
        }

        faulty.Heal();
        string reopened;
        try
        {
            using ImmStore store = new StoreOnDisk(faulty).Open();
            reopened = Contents.Of(store).ToString();
        }
        catch (ImmException e)
        {
            throw new InvalidOperationException($"{fault}, met as {faulty.Failed}: the store cannot be opened again.", e);
        }

        bool right = refused is not null
            ? reopened == refused
            : reopened == states[found] || (faulty.Failed is not null && found + 1 < states.Count && reopened == states[found + 1]);
        Assert.True(right, $"{fault}, met as {faulty.Failed}, leaves other contents. {Contents.Difference(states[found], reopened)}");
        return faulty.Failed is not null;
    }

    /// <summary>Opens the store, works with it, closes it, and gives the number of groups that were acknowledged.</summary>
    /// <param name="fault">The fault.</param>
    /// <param name="faulty">The disk that has it.</param>
    /// <param name="disk">The disk below.</param>
    /// <param name="states">The contents after each number of groups where nothing fails.</param>
    /// <param name="refused">Gets the contents after a change that found no room, which is no failure of the store; otherwise null.</param>
    private static int Use(Fault fault, FaultyDisk faulty, SimulatedDisk disk, IReadOnlyList<string> states, out string? refused)
    {
        refused = null;
        var workload = new Workload(Seed, ReadOf(disk));
        ImmStore store;
        try
        {
            store = new StoreOnDisk(faulty) { LogGrowthStep = LogGrowthStep }.Open(workload.TimeProvider);
        }
        catch (ImmException e)
        {
            AssertCause(e, faulty, fault);
            AssertNothingIsOpen(disk);
            return 0;
        }

        ImmException? failure = null;
        try
        {
            Assert.Equal(states[0], Contents.Of(store).ToString());
        }
        catch (ImmException e)
        {
            failure = e;
        }

        if (failure is null)
        {
            for (int step = 0; step < Steps && failure is null; step++)
            {
                failure = workload.Step(store);
            }

            Assert.Equal(states.Take(workload.Acknowledged + 1), workload.States);
        }

        if (failure is not null && store.Status.State == ImmStoreState.Open)
        {
            AssertCause(failure, faulty, fault);
            refused = Contents.Of(store).ToString();
        }
        else if (failure is not null)
        {
            AssertCause(failure, faulty, fault);
            AssertCause(Assert.Throws<ImmException>(() => Contents.Registry(store, 0).SetProjectQuota(1)), faulty, fault);
            AssertCause(Assert.Throws<ImmException>(() => Contents.Registry(store, 1).SetProjectQuota(1)), faulty, fault);
        }
        else
        {
            Assert.Equal(workload.Now, Contents.Of(store).ToString());
        }

        store.Dispose();
        AssertNothingIsOpen(disk);
        return workload.Acknowledged;
    }

    private static void AssertCause(ImmException error, FaultyDisk faulty, Fault fault)
    {
        Assert.Equal(ImmErrorCode.ServiceUnavailable, error.Code);
        Assert.NotNull(faulty.Failed);
        Assert.NotNull(error.InnerException);
        if (!fault.FromThenOn)
        {
            Assert.Contains($"{faulty.Failed.What} '{faulty.Failed.Path}'", error.InnerException.Message, StringComparison.Ordinal);
        }
        else
        {
            // Two threads may have met one each.
            Assert.Matches("The disk failed|not enough space|ended too soon", error.InnerException.Message);
        }
    }

    private static void AssertNothingIsOpen(SimulatedDisk disk)
    {
        foreach (string path in disk.Paths)
        {
            disk.Open(path).Dispose();
        }
    }

    /// <summary>The contents after each group of the workload if nothing fails.</summary>
    private static IReadOnlyList<string> Healthy(SimulatedDisk before, out FaultyDisk counted)
    {
        SimulatedDisk disk = Copy(before);
        var workload = new Workload(Seed, ReadOf(disk));
        counted = new FaultyDisk(disk);
        using ImmStore store = new StoreOnDisk(counted) { LogGrowthStep = LogGrowthStep }.Open(workload.TimeProvider);
        Assert.Equal(workload.Now, Contents.Of(store).ToString());
        workload.Steps(store, Steps);
        return workload.States;
    }

    private static SimulatedDisk Prepare(Start start)
    {
        var disk = new SimulatedDisk();
        var moments = new List<IEnumerable<CrashImage>>();
        var workload = new Workload(Seed + 1);
        if (start != Start.Nothing)
        {
            var watched = new WatchedDisk(disk, () => moments.Add(disk.Images(0, 0)));
            using ImmStore store = new StoreOnDisk(watched).Open(workload.TimeProvider);
            workload.Steps(store, StepsBefore);
            if (start == Start.Killed)
            {
                return Copy(disk);
            }
        }

        // The second flush of the data file in the checkpoint of the close, the last but one of all: some of its pages are overwritten,
        // some are not.
        CrashImage[] images = start == Start.KilledInCheckpoint ? [.. moments[^2]] : [];
        return images.Length > 0 ? images[images.Length / 2].Disk : disk;
    }

    private static Contents ReadOf(SimulatedDisk disk)
    {
        using ImmStore store = new StoreOnDisk(Copy(disk)).Open();
        return Contents.Of(store);
    }

    /// <summary>The disk as it is, as after a kill: nothing lost, nothing open.</summary>
    private static SimulatedDisk Copy(SimulatedDisk disk)
    {
        // Where nothing is unflushed there is one image only.
        CrashImage[] images = [.. disk.Images(0, 0)];
        return (Array.Find(images, image => image.ToString().StartsWith("everything kept", StringComparison.Ordinal)) ?? images[0]).Disk;
    }

    private sealed class BrokenClock : TimeProvider
    {
        public bool Works { get; set; }

        public override DateTimeOffset GetUtcNow() => Works ? DateTimeOffset.UnixEpoch : throw new TimeZoneNotFoundException();
    }

    private sealed record Fault(long N, FaultKinds Kind, FaultMode Mode, bool FromThenOn);
}
