namespace Imm.Core.Access;

/// <summary>The condition keys that all services know, with their spelling: they are compared with case.</summary>
internal static class RamConditionKey
{
    public const string CurrentTime = "acs:CurrentTime";
    public const string SourceIp = "acs:SourceIp";
    public const string SecureTransport = "acs:SecureTransport";
    public const string MfaPresent = "acs:MFAPresent";
    public const string PrincipalArn = "acs:PrincipalARN";
    public const string Service = "acs:Service";
    public const string RequestTagPrefix = "acs:RequestTag/";
    public const string ResourceTagPrefix = "acs:ResourceTag/";

    /// <summary>Keys that are filled in here.</summary>
    public static string[] Filled { get; } = [CurrentTime, SourceIp, SecureTransport, MfaPresent, PrincipalArn];

    /// <summary>Keys that only the host can give.</summary>
    public static string[] OfHost { get; } =
        ["acs:SourceVpc", "acs:PrincipalRDId", "acs:PrincipalRDPath", "acs:UserAgent", "acs:AccessId", Service];

    public static bool IsTag(string key) =>
        key.StartsWith(RequestTagPrefix, StringComparison.Ordinal) || key.StartsWith(ResourceTagPrefix, StringComparison.Ordinal);
}
