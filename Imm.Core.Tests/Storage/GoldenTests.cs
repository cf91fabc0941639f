using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>The stores of every format that this version reads: see <see cref="GoldenStore"/>.</summary>
public class GoldenTests
{
    public static TheoryData<int, string> Stores => new()
    {
        { 1, GoldenStore.Closed },
        { 1, GoldenStore.Killed },
        { 1, GoldenStore.Overwriting },
        { 2, GoldenStore.Closed },
        { 2, GoldenStore.Killed },
        { 2, GoldenStore.Overwriting },
    };

    [Theory]
    [MemberData(nameof(Stores))]
    public void Every_golden_store_is_opened_with_all_that_it_holds_and_stays_whole(int format, string state)
    {
        (SimulatedDisk disk, string expected) = GoldenStore.Read(format, state);

        for (int open = 1; open <= 2; open++)
        {
            using ImmStore store = new StoreOnDisk(disk).Open();
            string found = Contents.Of(store).ToString();
            Assert.True(expected == found, $"Open {open}: {Contents.Difference(expected, found)}");
            PowerCut.AssertClean(store);
        }
    }

    [Fact]
    public void A_store_that_is_made_today_as_the_golden_ones_were_is_opened_with_all_that_it_holds()
    {
        foreach ((string state, SimulatedDisk disk, string contents) in GoldenStore.Make())
        {
            using ImmStore store = new StoreOnDisk(disk).Open();
            string found = Contents.Of(store).ToString();
            Assert.True(contents == found, $"{state}: {Contents.Difference(contents, found)}");
        }

        if (Environment.GetEnvironmentVariable("IMM_GOLDEN") is { Length: > 0 } folder)
        {
            GoldenStore.Write(folder);
        }
    }
}
