namespace Imm.Core.Model;

/// <summary>The rule for the update times of projects and datasets.</summary>
internal static class Times
{
    /// <summary>
    /// Gets the time of a change: now, but at least 100 ns after the previous change, under a frozen or backward clock too. The last
    /// representable time is not exceeded.
    /// </summary>
    public static long NextUpdate(long previousTicks, long nowTicks) =>
        Math.Max(nowTicks, Math.Min(previousTicks, DateTime.MaxValue.Ticks - 1) + 1);
}
