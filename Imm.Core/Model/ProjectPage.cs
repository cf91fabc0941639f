using System.Text.Json.Serialization;

namespace Imm.Core;

/// <summary>One page of a list of projects, all of one committed moment.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
[JsonConverter(typeof(ImmJsonConverter))]
public sealed class ProjectPage
{
    internal ProjectPage(Project[] projects, string? nextToken, long revision)
    {
        Revision = revision;
        Projects = Array.AsReadOnly(projects);
        NextToken = nextToken;
    }

    /// <summary>The projects, in ordinal order of their names; may be empty.</summary>
    public IReadOnlyList<Project> Projects { get; }

    /// <summary>The token of the next page; null on the last page.</summary>
    public string? NextToken { get; }

    /// <summary>
    /// The revision of the account's projects in the region at that moment, 0 or more: <see cref="ProjectRegistry.Watch"/> goes on from it
    /// without a gap. Of a list of several pages take that of the first: a later page may show changes that the watch reports again.
    /// </summary>
    public long Revision { get; }

    /// <summary>The number of projects, and the next token, for people.</summary>
    public override string ToString() => FormattableString.Invariant($"projects: {Projects.Count}, next token: {NextToken ?? "none"}");
}
