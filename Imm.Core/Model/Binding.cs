using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Imm.Core;

/// <summary>A bucket that is bound to a dataset.</summary>
/// <remarks>
/// Equal where all fields are equal. Immutable and thread-safe. Imm.Core keeps and counts bindings; it does not scan buckets.
/// </remarks>
public sealed record Binding
{
    internal const string UriParameter = "URI";

    private const string Scheme = "oss://";
    private const int MaxBucketLength = 63;

    private static readonly SearchValues<char> BucketCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    internal Binding(ProjectName projectName, string datasetName, string uri, long createTicks)
    {
        ProjectName = projectName;
        DatasetName = datasetName;
        Uri = uri;
        CreateTicks = createTicks;
    }

    /// <summary>The project.</summary>
    public ProjectName ProjectName { get; }

    /// <summary>The dataset.</summary>
    public string DatasetName { get; }

    /// <summary>The bucket, as <c>oss://{bucket}</c>; unique in its dataset.</summary>
    [SuppressMessage(
        "Design",
        "CA1056:URI-like properties should not be strings",
        Justification = "It is compared and kept as the text that was given.")]
    public string Uri { get; }

    /// <summary>The state that the service shows for a binding at work: always <c>Ready</c>.</summary>
    public string State { get; } = "Ready";

    /// <summary>The phase that the service shows for a binding at work: always <c>IncrementalScanning</c>.</summary>
    public string Phase { get; } = "IncrementalScanning";

    /// <summary>The time at which the binding was created, in UTC, to 100 ns.</summary>
    public DateTimeOffset CreateTime => new(CreateTicks, TimeSpan.Zero);

    /// <summary>Equal to <see cref="CreateTime"/>: a binding does not change.</summary>
    public DateTimeOffset UpdateTime => CreateTime;

    internal long CreateTicks { get; }

    /// <summary>True if a text is <c>oss://</c> and a bucket: 1 to 63 of the lower-case letters, digits and <c>-</c>.</summary>
    internal static bool IsUri([NotNullWhen(true)] string? text) =>
        text is not null
        && text.StartsWith(Scheme, StringComparison.Ordinal)
        && text.Length - Scheme.Length is >= 1 and <= MaxBucketLength
        && !text.AsSpan(Scheme.Length).ContainsAnyExcept(BucketCharacters);

    internal static Refusal? Check(string? uri) =>
        string.IsNullOrEmpty(uri) ? Refusal.Missing(UriParameter)
        : IsUri(uri) ? null
        : Refusal.Invalid(UriParameter, "it must be 'oss://' and a bucket of 1 to 63 of the characters a-z, 0-9 and '-'.");
}
