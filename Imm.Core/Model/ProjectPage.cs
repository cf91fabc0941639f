namespace Imm.Core;

/// <summary>One page of a list of projects, all of one committed moment.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed class ProjectPage
{
    internal ProjectPage(Project[] projects, string? nextToken)
    {
        Projects = Array.AsReadOnly(projects);
        NextToken = nextToken;
    }

    /// <summary>The projects, in ordinal order of their names; may be empty.</summary>
    public IReadOnlyList<Project> Projects { get; }

    /// <summary>The token of the next page; null on the last page.</summary>
    public string? NextToken { get; }
}
