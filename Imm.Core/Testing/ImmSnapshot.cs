using System.Diagnostics.CodeAnalysis;
using System.Text;
using CommunityToolkit.Diagnostics;
using Imm.Core.Json;
using Imm.Core.Model;

namespace Imm.Core.Testing;

/// <summary>
/// The content of a store at one moment: projects, datasets, bindings, counts, times and project quotas. A test suite that needs much
/// content prepares it once, keeps the snapshot, and starts each fixture from it.
/// </summary>
/// <remarks>
/// Immutable and thread-safe. The snapshot shares its content with the stores that it was taken from and given to, and none of them
/// changes it. To start a fixture from it takes a short time that does not depend on the content.
/// </remarks>
public sealed class ImmSnapshot
{
    private static readonly int DefaultProjectQuota = new ImmStoreOptions().ProjectQuota;

    // A lone surrogate is an error.
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private ImmSnapshot(IReadOnlyDictionary<Scope, ScopeState> image, int projectQuota, DateTimeOffset time) =>
        (Image, ProjectQuota, Time) = (image, projectQuota, time);

    /// <summary>
    /// The time on the clock of the store. A fixture that starts from the snapshot shows it first, unless it is given a clock.
    /// </summary>
    public DateTimeOffset Time { get; }

    /// <summary>
    /// The number of projects that each account may have in each region, where it has set no other:
    /// <see cref="ImmStoreOptions.ProjectQuota"/>.
    /// </summary>
    public int ProjectQuota { get; }

    /// <summary>The number of projects in all accounts and regions.</summary>
    public int ProjectCount => Image.Values.Sum(state => state.ProjectCount);

    internal IReadOnlyDictionary<Scope, ScopeState> Image { get; }

    /// <summary>
    /// Takes a snapshot of any store. A store in a file is read as a whole, each account and region at a moment of its own.
    /// </summary>
    /// <param name="store">The store. Changes may go on meanwhile.</param>
    /// <exception cref="ArgumentNullException"><paramref name="store"/> is null.</exception>
    /// <exception cref="ImmException"><see cref="ImmErrorCode.ServiceUnavailable"/>: the file cannot be read.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public static ImmSnapshot Of(ImmStore store)
    {
        Guard.IsNotNull(store, nameof(store));
        return new ImmSnapshot(store.Capture(), store.ProjectQuota, store.TimeProvider.GetUtcNow());
    }

    /// <summary>Reads a snapshot from JSON, under the rules of every store.</summary>
    /// <param name="json">
    /// The JSON in the form of <see cref="ToJson"/>. Only Format and names are required. An absent field has its value of a new project or
    /// dataset, an absent time is that of the owner, and an absent count is the actual one. An unknown or repeated field is an error.
    /// </param>
    /// <exception cref="ArgumentNullException"><paramref name="json"/> is null.</exception>
    /// <exception cref="FormatException">The text is not a snapshot or breaks a rule; the message names the place and the rule.</exception>
    public static ImmSnapshot FromJson([StringSyntax(StringSyntaxAttribute.Json)] string json)
    {
        Guard.IsNotNull(json, nameof(json));
        byte[] bytes;
        try
        {
            bytes = Strict.GetBytes(json);
        }
        catch (EncoderFallbackException e)
        {
            throw new FormatException($"The text is not the JSON of a snapshot. {e.Message}", e);
        }

        var reader = new SnapshotReader(new MemoryStream(bytes), new ServiceDefaults(DefaultProjectQuota, 100, 100));
        var image = reader.Read().ToDictionary(static state => state.Scope);
        foreach (ScopeState state in image.Values)
        {
            state.Freeze();
        }

        return new ImmSnapshot(image, reader.ProjectQuota ?? DefaultProjectQuota, reader.Time);
    }

    /// <summary>
    /// Writes the snapshot as JSON. Equal content gives equal text: accounts and regions, projects, datasets and bindings are in ordinal
    /// order. Fields have the names of the service, times are in UTC.
    /// </summary>
    public string ToJson() => SnapshotWriter.Write(ProjectQuota, Time.UtcTicks, SnapshotWriter.Sort(Image.Values));
}
