namespace Imm.Core.Model;

/// <summary>The rule for the offset from UTC in which times are written.</summary>
internal static class UtcOffset
{
    public const string Rule = "it must be from -14 to +14 hours, in whole minutes.";

    /// <summary>The offset of the service: +8 hours.</summary>
    public static TimeSpan Default { get; } = TimeSpan.FromHours(8);

    public static bool IsValid(TimeSpan offset) => offset.Ticks % TimeSpan.TicksPerMinute == 0 && offset.TotalHours is >= -14 and <= 14;
}
