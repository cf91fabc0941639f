namespace Imm.Core.Tests.Wire;

/// <summary>The number of inputs of a property test: few by default, many if the environment variable IMM_CAMPAIGN is set.</summary>
internal static class WireCampaign
{
    public static bool IsOn { get; } = Environment.GetEnvironmentVariable("IMM_CAMPAIGN") is { Length: > 0 };

    public static int Count(int always, int campaign) => IsOn ? campaign : always;
}
