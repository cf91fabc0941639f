using System.Globalization;

namespace Imm.Core.Tests.Storage;

/// <summary>
/// The tests of the storage engine are small by default. The environment variable IMM_CAMPAIGN makes them long: 1 for the full size, a greater number
/// for a multiple of it. Where IMM_CAMPAIGN_LOG names a file, it tells how far they have come.
/// </summary>
internal static class Campaign
{
    /// <summary>0 for the short tests, else how many times the full size.</summary>
    public static int Scale { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("IMM_CAMPAIGN"), NumberStyles.None, CultureInfo.InvariantCulture, out int scale) ? scale : 0;

    public static void Report(string line)
    {
        if (Environment.GetEnvironmentVariable("IMM_CAMPAIGN_LOG") is { Length: > 0 } path)
        {
            File.AppendAllText(path, line + "\n");
        }
    }
}
