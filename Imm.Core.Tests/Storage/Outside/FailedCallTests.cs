using Imm.Core.Storage;
using Xunit;

namespace Imm.Core.Tests.Storage.Outside;

/// <summary>
/// System calls fail where the runtime does not expect it. Whatever becomes of a call, the store says no more than is true: what it
/// acknowledges is there when it is opened again, and after a flush that failed it acknowledges nothing.
/// </summary>
public class FailedCallTests
{
    private const int Seed = 31;

    /// <summary>The errors, and the file on which the call fails; without a name, the folder.</summary>
    public static TheoryData<string, string> Flushes => new()
    {
        { "EIO", "store.db" }, { "EIO", "store.db-log1" }, { "EIO", "store.db-log2" }, { "EIO", "" },
        { "ENOSPC", "store.db" }, { "ENOSPC", "store.db-log1" },
    };

    /// <inheritdoc cref="Flushes"/>
    public static TheoryData<string, string> Writes => new()
    {
        { "EIO", "store.db" }, { "EIO", "store.db-log1" },
        { "ENOSPC", "store.db" }, { "ENOSPC", "store.db-log1" }, { "ENOSPC", "store.db-log2" },
    };

    [TheoryIfTraceable]
    [MemberData(nameof(Flushes))]
    public void A_failed_fsync_fails_the_store_and_nothing_acknowledged_is_lost(string error, string name)
    {
        FailEach("fsync", error, name, Campaign.Scale == 0 ? [1, 2, 6] : Enumerable.Range(1, 24), (n, run) =>
        {
            if (!run.Injected.Any())
            {
                return;
            }

            string told = string.Join(", ", run.Told);
            switch (BeforeFailure(run))
            {
                case null or OutsideLoad.Closed:
                    Assert.True(run.Told[^1] == Refused(ImmStoreState.Closed), $"Flush {n} failed, and the store was opened: {told}");
                    break;
                case OutsideLoad.Closing:
                    // Nobody is told. What was acknowledged must be there all the same.
                    break;
                default:
                    Assert.True(run.Told.Contains(Refused(ImmStoreState.Failed)), $"Flush {n} failed, and the store did not: {told}");
                    Assert.DoesNotContain(OutsideLoad.DoneAfterFailure, run.Told);
                    break;
            }
        });
    }

    [FactIfTraceable]
    public void After_a_failed_fsync_a_power_cut_leaves_all_that_was_acknowledged()
    {
        int met = 0;
        int images = 0;
        foreach (int n in Campaign.Scale == 0 ? [5, 10, 14] : Enumerable.Range(1, 40))
        {
            using var directory = new TempDirectory();
            RecordedRun run = Run(directory, $"fsync:error=EIO:when={n}", name: null);
            met += run.Injected.Any() ? 1 : 0;
            CrashMoment moment = run.Moments().Last().Files.Moment();
            var random = new Random(n);
            IEnumerable<CrashImage> some = Enumerable.Range(0, 4).Select(i => moment.Any(random, $"random {i}"));
            foreach (CrashImage image in moment.Extremes().Take(2).Concat(some))
            {
                Verdict.OnImage(image, run.Folder, run.AtEnd(), n, $"Flush {n} of a thread failed", asFiles: false);
                images++;
            }
        }

        Assert.InRange(met, 1, int.MaxValue);
        Assert.InRange(images, 10, int.MaxValue);
    }

    [TheoryIfTraceable]
    [InlineData("fsync:error=EINTR:when=2+3", null)]
    [InlineData("fsync:error=EINVAL:when=1+", "")]
    [InlineData("fsync:error=EOPNOTSUPP:when=1+", "")]
    public void An_interrupted_fsync_is_repeated_and_an_unsupported_flush_of_a_directory_is_ignored(string inject, string? name)
    {
        using var directory = new TempDirectory();

        RecordedRun run = Run(directory, inject, name);

        Assert.NotEmpty(run.Injected);
        Assert.DoesNotContain(run.Told, line => line.StartsWith(OutsideLoad.Refused, StringComparison.Ordinal));
        Assert.Equal(OutsideLoad.Closed, run.Told[^1]);
        Reopen(run);
    }

    [TheoryIfTraceable]
    [MemberData(nameof(Writes))]
    public void A_failed_write_is_refused_and_nothing_acknowledged_is_lost(string error, string name)
    {
        FailEach("pwrite64", error, name, Campaign.Scale == 0 ? [2, 9] : Enumerable.Range(1, 40), (_, run) =>
        {
            Assert.All(
                run.Told.Where(line => line.StartsWith(OutsideLoad.Refused, StringComparison.Ordinal)),
                line => Assert.Contains(ImmErrorCode.ServiceUnavailable, line, StringComparison.Ordinal));
            Assert.DoesNotContain(OutsideLoad.DoneAfterFailure, run.Told);
        });
    }

    /// <summary>Fails the n-th call on a file, in a run of its own for each n, and verifies the run and the files that it leaves.</summary>
    private static void FailEach(string call, string error, string name, IEnumerable<int> numbers, Action<int, RecordedRun> verify)
    {
        int met = 0;
        foreach (int n in numbers)
        {
            using var directory = new TempDirectory();
            RecordedRun run = Run(directory, $"{call}:error={error}:when={n}", name);
            met += run.Injected.Any() ? 1 : 0;
            verify(n, run);
            Reopen(run);
        }

        Campaign.Report($"outside, {call} {error} on '{name}': {met} runs that met one");
        Assert.InRange(met, 1, int.MaxValue);
    }

    private static string Refused(ImmStoreState state) => $"{OutsideLoad.Refused} {ImmErrorCode.ServiceUnavailable} {state}";

    private static RecordedRun Run(TempDirectory directory, string inject, string? name) => RecordedRun.Run(
        directory.Path,
        new(Seed, 3, 16, 6) { BacksUp = false, CheckpointLength = 4 << 10 },
        inject,
        name is null ? null : [name.Length == 0 ? directory.Path : directory.File(name)]);

    /// <summary>The last line of the child before a call of it failed for the first time.</summary>
    private static string? BeforeFailure(RecordedRun run)
    {
        string? last = null;
        foreach ((CallStep? next, string? told, _, _) in run.Moments())
        {
            if (next is { Ends: true, Call.IsInjected: true })
            {
                break;
            }

            last = told ?? last;
        }

        return last;
    }

    private static void Reopen(RecordedRun run)
    {
        if (run.Told.FirstOrDefault(line => line.StartsWith(OutsideLoad.Holds, StringComparison.Ordinal)) is { } held)
        {
            using ImmStore store = new StoreOnDisk(LocalDisk.Instance, RecordedRun.Store(run.Folder)).Open();
            Assert.Equal(held, $"{OutsideLoad.Holds} {OutsideLoad.Hash(Contents.Of(store))}");
            Assert.Empty(store.Check());
            return;
        }

        Expectation expected = run.AtEnd();
        Verdict.OnDisk(LocalDisk.Instance, run.Folder, expected.Acknowledged, expected, Seed);
    }
}
