namespace Imm.Core.Tests.Wire;

/// <summary>How many inputs a property is tried with: a few in every run, many where the environment variable IMM_CAMPAIGN is set.</summary>
internal static class WireCampaign
{
    public static bool IsOn { get; } = Environment.GetEnvironmentVariable("IMM_CAMPAIGN") is { Length: > 0 };

    public static int Count(int always, int campaign) => IsOn ? campaign : always;
}
