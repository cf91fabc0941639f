using Imm.Core.Storage;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>Files as an earlier version has left them.</summary>
public class EarlierVersionTests
{
    [Fact]
    public void A_killed_store_of_an_earlier_version_survives_a_recovery_that_is_cut_short()
    {
        var failures = new List<string>();
        bool met = true;
        for (long n = 1; met && n < 200; n++)
        {
            SimulatedDisk disk = KilledByEarlierVersion();
            var faulty = new FaultyDisk(disk);
            faulty.FailAt(n, FaultKinds.Write | FaultKinds.Flush, fromThenOn: true);
            FaultTests.OpenAfterFailedOpen(faulty, failures);
            met = faulty.Failed is not null;
        }

        Assert.True(failures.Count == 0, string.Join("\n", failures));
    }

    // After its first checkpoint it began the log at the greatest generation so far plus one, so that the two are two apart; its header
    // said neither which generation it needs nor which batch was logged.
    private static SimulatedDisk KilledByEarlierVersion()
    {
        var disk = new SimulatedDisk();
        SimulatedDisk killed;
        using (ImmStore store = new StoreOnDisk(disk).Open())
        {
            Contents.Registry(store, 0).Create(new CreateProjectRequest { ProjectName = "one" });
            killed = disk.AfterKill();
        }

        using (DataFile data = DataFile.OpenOrCreate(killed, StoreOnDisk.DataPath, exists: true))
        {
            data.WriteHeader(data.Header with { LogGeneration = 0, LoggedSequence = 0 });
        }

        using (WriteAheadLog spare = WriteAheadLog.Open(killed, WriteAheadLog.Paths(StoreOnDisk.DataPath).Second))
        {
            spare.BeginGeneration(spare.StoreId, spare.Generation + 1, spare.BaseSequence);
        }

        return killed;
    }
}
