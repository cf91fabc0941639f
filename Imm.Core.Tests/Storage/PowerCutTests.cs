using System.Globalization;
using Xunit;

namespace Imm.Core.Tests.Storage;

public class PowerCutTests
{
    private const int ImagesPerProcess = 2500;

    [Fact]
    public void After_a_power_cut_every_acknowledged_change_is_there_and_no_batch_is_there_in_part()
    {
        if (Campaign.Scale == 0)
        {
            for (int seed = 1; seed <= 3; seed++)
            {
                var cut = new PowerCut(seed, Durability.Durable, limit: 250);
                cut.Run();
                Assert.InRange(cut.SecondImages, 1, cut.Images);
                Assert.InRange(cut.Backups, 1, cut.Images);
            }
        }
        else
        {
            Assert.InRange(RunCampaign("power-cut", Durability.Durable, 110_000 * Campaign.Scale), 100_000 * Campaign.Scale, long.MaxValue);
        }
    }

    [Fact]
    public void Without_a_flush_per_commit_a_power_cut_leaves_the_beginning_of_what_was_acknowledged()
    {
        if (Campaign.Scale == 0)
        {
            var cut = new PowerCut(100, Durability.Relaxed, limit: 300);
            cut.Run();
            Assert.InRange(cut.SecondImages, 1, cut.Images);
        }
        else
        {
            Assert.InRange(RunCampaign("power-cut", Durability.Relaxed, 25_000 * Campaign.Scale), 20_000 * Campaign.Scale, long.MaxValue);
        }
    }

    [Theory]
    [InlineData(Durability.Durable)]
    [InlineData(Durability.Relaxed)]
    public void After_a_kill_a_restart_and_a_power_cut_everything_is_there_that_the_killed_process_had_acknowledged(Durability durability)
    {
        if (Campaign.Scale == 0)
        {
            for (int seed = 201; seed <= 203; seed++)
            {
                var cut = new PowerCut(seed, durability, limit: 150);
                cut.RunWithRestarts();
                Assert.InRange(cut.Images, 75, int.MaxValue);
            }
        }
        else
        {
            Assert.InRange(RunCampaign("restart-power-cut", durability, 20_000 * Campaign.Scale), 20_000 * Campaign.Scale, long.MaxValue);
        }
    }

    /// <summary>In processes of their own, one after the other: the images of many runs in one process would fill the memory.</summary>
    private static long RunCampaign(string campaign, Durability durability, long images)
    {
        long opened = 0;
        long seconds = 0;
        for (int seed = 1000; opened < images; seed++)
        {
            string[] counts = Worker.Run(campaign, Text(seed), durability.ToString(), Text(ImagesPerProcess)).Split(' ');
            opened += long.Parse(counts[0], CultureInfo.InvariantCulture);
            seconds += long.Parse(counts[1], CultureInfo.InvariantCulture);
            Campaign.Report($"{campaign}, {durability}: seed {seed}, {opened} images opened, {seconds} of them after a second cut");
        }

        return opened;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
