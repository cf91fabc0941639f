using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Imm.Core.Model;

namespace Imm.Core;

/// <summary>A bucket that is bound to a dataset.</summary>
/// <remarks>
/// Equal where all fields are equal. Immutable and thread-safe. Imm.Core keeps and counts bindings; it does not scan buckets. State and
/// phase follow from the time alone, so that a client which waits for them comes to an end.
/// </remarks>
public sealed record Binding
{
    internal const string UriParameter = "URI";
    internal const int MaxBucketLength = 63;

    private const string Scheme = "oss://";

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

    /// <summary>
    /// The state when the store answered: <c>Ready</c> at first, and <c>Running</c> once <see cref="ImmStoreOptions.BindingRunsAfter"/> has
    /// passed on the clock of the store since the creation.
    /// </summary>
    public string State { get; private init; } = "Ready";

    /// <summary>
    /// The phase when the store answered: <c>FullScanning</c> at first, and <c>IncrementalScanning</c> once
    /// <see cref="ImmStoreOptions.BindingIsScannedAfter"/> has passed on the clock of the store since the creation.
    /// </summary>
    public string Phase { get; private init; } = "FullScanning";

    /// <summary>The time at which the binding was created, in UTC, to 100 ns.</summary>
    public DateTimeOffset CreateTime => new(CreateTicks, TimeSpan.Zero);

    /// <summary>Equal to <see cref="CreateTime"/>: a binding does not change.</summary>
    public DateTimeOffset UpdateTime => CreateTime;

    internal long CreateTicks { get; }

    /// <summary>The name of the bucket.</summary>
    internal ReadOnlySpan<char> Bucket => Uri.AsSpan(Scheme.Length);

    /// <summary>The binding with the state and phase of a time.</summary>
    internal Binding At(long nowTicks, BindingTimes times)
    {
        long age = nowTicks - CreateTicks;
        (bool runs, bool isScanned) = (age >= times.RunsAfter.Ticks, age >= times.IsScannedAfter.Ticks);
        return runs || isScanned
            ? this with { State = runs ? "Running" : State, Phase = isScanned ? "IncrementalScanning" : Phase }
            : this;
    }

    /// <summary>The URI of a bucket.</summary>
    internal static string UriOf(string bucket) => Scheme + bucket;

    /// <summary>True if a text is <c>oss://</c> and a bucket: 1 to 63 of the lower-case letters, digits and <c>-</c>.</summary>
    internal static bool IsUri([NotNullWhen(true)] string? text) =>
        text is not null && text.StartsWith(Scheme, StringComparison.Ordinal) && IsBucket(text.AsSpan(Scheme.Length));

    /// <summary>True if a text is a bucket: 1 to 63 of the lower-case letters, digits and <c>-</c>.</summary>
    internal static bool IsBucket(ReadOnlySpan<char> text) =>
        text.Length is >= 1 and <= MaxBucketLength && !text.ContainsAnyExcept(BucketCharacters);

    internal static ImmRefusal? Check(string? uri) =>
        string.IsNullOrEmpty(uri) ? ImmRefusal.Missing(UriParameter)
        : IsUri(uri) ? null
        : ImmRefusal.Invalid(UriParameter, "it must be 'oss://' and a bucket of 1 to 63 of the characters a-z, 0-9 and '-'.");

    /// <summary>The names, the URI, the state and the phase, for people.</summary>
    public override string ToString() => $"{ProjectName}/{DatasetName}: {Uri} ({State}, {Phase})";
}
