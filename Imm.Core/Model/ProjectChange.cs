namespace Imm.Core;

/// <summary>The kinds of a change of a project.</summary>
public enum ProjectChangeKind
{
    /// <summary>The project was created.</summary>
    Created,

    /// <summary>The project was updated, or something in it has changed: a dataset, a binding, files.</summary>
    Updated,

    /// <summary>The project was deleted.</summary>
    Deleted,
}

/// <summary>One change of a project, as <see cref="ProjectRegistry.Watch"/> reports it. Immutable and thread-safe.</summary>
public sealed class ProjectChange
{
    internal ProjectChange(long revision, ProjectChangeKind kind, ProjectName projectName, Project? project)
    {
        Revision = revision;
        Kind = kind;
        ProjectName = projectName;
        Project = project;
    }

    /// <summary>
    /// The revision of the change: 1 for the first change of the account's projects in the region, and 1 more for each next one. A watch
    /// that has handled the change goes on after it.
    /// </summary>
    public long Revision { get; }

    /// <summary>The kind of the change.</summary>
    public ProjectChangeKind Kind { get; }

    /// <summary>The project.</summary>
    public ProjectName ProjectName { get; }

    /// <summary>The project after the change; null where it was deleted.</summary>
    public Project? Project { get; }

    /// <summary>Returns revision, kind and name.</summary>
    public override string ToString() => FormattableString.Invariant($"{Revision} {Kind} {ProjectName}");
}
