namespace Imm.Core;

/// <summary>One page of a list of projects, all of one committed moment.</summary>
/// <remarks>Immutable, and so safe to share between threads.</remarks>
public sealed class ProjectPage
{
    internal ProjectPage(IReadOnlyList<Project> projects, string? nextToken)
    {
        Projects = projects;
        NextToken = nextToken;
    }

    /// <summary>The projects, in ordinal order of their names; may be empty.</summary>
    public IReadOnlyList<Project> Projects { get; }

    /// <summary>Where the next page goes on; null where no more matches.</summary>
    public string? NextToken { get; }
}
