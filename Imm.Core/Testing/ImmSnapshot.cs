using System.Diagnostics.CodeAnalysis;
using CommunityToolkit.Diagnostics;
using Imm.Core.Model;

namespace Imm.Core.Testing;

/// <summary>
/// Everything in a store at one moment: projects, datasets, bindings, counts, times and project quotas. A test that needs much prepared makes it once,
/// keeps the snapshot, and begins each fixture with it.
/// </summary>
/// <remarks>
/// Immutable, and so safe to share between threads and fixtures. It shares what it holds with the stores that it comes from and goes to, none of which
/// changes it: to begin a fixture with it takes the same short time, whatever it holds.
/// </remarks>
public sealed class ImmSnapshot
{
    internal ImmSnapshot(IReadOnlyDictionary<Scope, ScopeState> image, int projectQuota, DateTimeOffset time)
    {
        Image = image;
        ProjectQuota = projectQuota;
        Time = time;
    }

    /// <summary>The moment, on the clock of the store. A fixture that begins with the snapshot shows it first, unless it is given a clock.</summary>
    public DateTimeOffset Time { get; }

    /// <summary>How many projects each account may have in each region, where it has set no other number: <see cref="ImmStoreOptions.ProjectQuota"/>.</summary>
    public int ProjectQuota { get; }

    /// <summary>How many projects there are, in all accounts and regions.</summary>
    public int ProjectCount => Image.Values.Sum(state => state.ProjectCount);

    internal IReadOnlyDictionary<Scope, ScopeState> Image { get; }

    /// <summary>Takes a snapshot of any store. One in a file is read as a whole, each account and region as it is when its turn comes.</summary>
    /// <param name="store">The store; changes may go on meanwhile.</param>
    /// <exception cref="ArgumentNullException"><paramref name="store"/> is null.</exception>
    /// <exception cref="ImmException"><see cref="ImmErrorCode.ServiceUnavailable"/>: the file cannot be read.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public static ImmSnapshot Of(ImmStore store)
    {
        Guard.IsNotNull(store, nameof(store));
        return new ImmSnapshot(store.Capture(), store.ProjectQuota, store.TimeProvider.GetUtcNow());
    }

    /// <summary>Reads a snapshot from JSON, under the rules that hold for every store.</summary>
    /// <param name="json">
    /// The JSON, as <see cref="ToJson"/> writes it. Only Format and names are required: what is absent is as in a new project or dataset, an absent
    /// time is that of what it belongs to, and an absent count is what is there. A field that is not known, or stands twice, is a mistake.
    /// </param>
    /// <exception cref="ArgumentNullException"><paramref name="json"/> is null.</exception>
    /// <exception cref="FormatException">The text is no such JSON or breaks a rule; the message names the place and the rule.</exception>
    public static ImmSnapshot FromJson([StringSyntax(StringSyntaxAttribute.Json)] string json)
    {
        Guard.IsNotNull(json, nameof(json));
        return SnapshotReader.Read(json);
    }

    /// <summary>
    /// Writes the snapshot as JSON: the same text for the same content, accounts and regions, projects, datasets and bindings in ordinal order, the
    /// fields of the service under its names, times in UTC.
    /// </summary>
    public string ToJson() => SnapshotWriter.Write(this);
}
