using System.Text;

namespace Imm.Core.Model;

/// <summary>
/// The tokens of pages, in the service's form: for projects the base64 of <c>{accountId}:{last name}</c>, for datasets the plain text
/// <c>{accountId}:{project}:{last name}</c>, for bindings <c>{project}:{dataset}:{last bucket}</c>, and for attached buckets the base64 of
/// <c>{accountId}:{project}:{last bucket}</c>.
/// </summary>
internal static class PageToken
{
    private const string Parameter = "NextToken";

    // The parts are ASCII, so a token decodes to one byte for each character. A longer one is malformed.
    private const int MaxLength = Scope.MaxIdLength + 1 + ProjectName.MaxLength + 1 + Binding.MaxBucketLength;

    public static string Write(string accountId, string lastName) => Encode($"{accountId}:{lastName}");

    /// <summary>Parses a token of projects; null or empty is absent. The name in it need not exist any more.</summary>
    public static ImmRefusal? Parse(string? token, string accountId, out string? lastName)
    {
        lastName = null;
        if (string.IsNullOrEmpty(token))
        {
            return null;
        }

        if (Decode(token)?.Split(':') is not [var account, var name] || !Scope.IsAccountId(account) || !NameRule.Holds(name))
        {
            return Malformed();
        }

        if (account != accountId)
        {
            return ImmRefusal.Invalid(Parameter, "it belongs to another account.");
        }

        lastName = name;
        return null;
    }

    public static string WriteDataset(string accountId, string projectName, string lastName) => $"{accountId}:{projectName}:{lastName}";

    /// <summary>Parses a token of datasets; null or empty is absent. The name in it need not exist any more.</summary>
    public static ImmRefusal? ParseDataset(string? token, string accountId, string projectName, out string? lastName)
    {
        lastName = null;
        if (string.IsNullOrEmpty(token))
        {
            return null;
        }

        string[] parts = token.Split(':');
        if (parts.Length != 3 || !Scope.IsAccountId(parts[0]) || !NameRule.Holds(parts[1]) || !NameRule.Holds(parts[2]))
        {
            return Malformed();
        }

        if (parts[0] != accountId || parts[1] != projectName)
        {
            return ImmRefusal.Invalid(Parameter, "it belongs to another account or project.");
        }

        lastName = parts[2];
        return null;
    }

    public static string WriteBinding(string projectName, string datasetName, ReadOnlySpan<char> lastBucket) =>
        $"{projectName}:{datasetName}:{lastBucket}";

    /// <summary>Parses a token of bindings; null or empty is absent. The bucket in it need not be bound any more.</summary>
    public static ImmRefusal? ParseBinding(string? token, string projectName, string datasetName, out string? lastBucket)
    {
        lastBucket = null;
        if (string.IsNullOrEmpty(token))
        {
            return null;
        }

        string[] parts = token.Split(':');
        if (parts.Length != 3 || !NameRule.Holds(parts[0]) || !NameRule.Holds(parts[1]) || !Binding.IsBucket(parts[2]))
        {
            return Malformed();
        }

        if (parts[0] != projectName || parts[1] != datasetName)
        {
            return ImmRefusal.Invalid(Parameter, "it belongs to another project or dataset.");
        }

        lastBucket = parts[2];
        return null;
    }

    public static string WriteAttachment(string accountId, string projectName, string lastBucket) =>
        Encode($"{accountId}:{projectName}:{lastBucket}");

    /// <summary>Parses a token of attached buckets; null or empty is absent. The bucket in it need not be attached any more.</summary>
    public static ImmRefusal? ParseAttachment(string? token, string accountId, string projectName, out string? lastBucket)
    {
        lastBucket = null;
        if (string.IsNullOrEmpty(token))
        {
            return null;
        }

        if (Decode(token)?.Split(':') is not [var account, var project, var bucket]
            || !Scope.IsAccountId(account)
            || !NameRule.Holds(project)
            || !Binding.IsBucket(bucket))
        {
            return Malformed();
        }

        if (account != accountId || project != projectName)
        {
            return ImmRefusal.Invalid(Parameter, "it belongs to another account or project.");
        }

        lastBucket = bucket;
        return null;
    }

    private static string Encode(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));

    /// <summary>Decodes base64; null where it is not what <see cref="Encode"/> makes.</summary>
    private static string? Decode(string token)
    {
        Span<byte> bytes = stackalloc byte[MaxLength];
        if (!Convert.TryFromBase64String(token, bytes, out int length))
        {
            return null;
        }

        // Base64 has several texts for the same bytes, with white space or spare bits.
        string text = Encoding.Latin1.GetString(bytes[..length]);
        return string.Equals(token, Encode(text), StringComparison.Ordinal) ? text : null;
    }

    private static ImmRefusal Malformed() => ImmRefusal.Invalid(Parameter, "it is not a token that a page of this list returned.");
}
