using System.Globalization;

namespace Imm.Core.Tests.Storage;

/// <summary>
/// The size of the tests of the storage engine, which are short by default. The environment variable IMM_CAMPAIGN makes them long: 1 for
/// the full size, a greater number for a multiple of it. If IMM_CAMPAIGN_LOG names a file, they write their progress to it.
/// </summary>
internal static class Campaign
{
    /// <summary>0 for the short tests, else how many times the full size.</summary>
    public static int Scale { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("IMM_CAMPAIGN"), NumberStyles.None, CultureInfo.InvariantCulture, out int scale)
            ? scale
            : 0;

    public static void Report(string line)
    {
        if (Environment.GetEnvironmentVariable("IMM_CAMPAIGN_LOG") is { Length: > 0 } path)
        {
            File.AppendAllText(path, line + "\n");
        }
    }
}
