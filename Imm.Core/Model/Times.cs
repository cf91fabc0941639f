namespace Imm.Core.Model;

/// <summary>How the times of projects and datasets move.</summary>
internal static class Times
{
    /// <summary>
    /// The time of a change: now, but always at least 100 ns after the change before, also under a clock that stands still or goes back. At the
    /// end of time it stays there.
    /// </summary>
    public static long NextUpdate(long previousTicks, long nowTicks) =>
        Math.Max(nowTicks, Math.Min(previousTicks, DateTime.MaxValue.Ticks - 1) + 1);
}
