using System.Diagnostics.CodeAnalysis;

namespace Imm.Core.Model;

/// <summary>
/// Everything in one scope at one moment. Immutable once published; within a batch that nobody else sees yet, an <see cref="Edit"/> lets the
/// next state take over the nodes that the batch itself has made.
/// </summary>
internal sealed class ScopeState
{
    private readonly NameTable<ProjectEntry> _byName;
    private readonly NameTree<ProjectEntry> _inOrder;

    private ScopeState(
        Scope scope,
        ServiceFigures figures,
        int? ownProjectQuota,
        NameTable<ProjectEntry> byName,
        NameTree<ProjectEntry> inOrder,
        long lastNumber)
    {
        Scope = scope;
        Figures = figures;
        OwnProjectQuota = ownProjectQuota;
        _byName = byName;
        _inOrder = inOrder;
        LastNumber = lastNumber;
    }

    public Scope Scope { get; }

    public ServiceFigures Figures { get; }

    /// <summary>The project quota that was set for this scope; null where none was.</summary>
    public int? OwnProjectQuota { get; }

    public int ProjectQuota => OwnProjectQuota ?? Figures.ProjectQuota;

    public int ProjectCount => _byName.Count;

    /// <summary>The greatest number given to a project or dataset of the scope.</summary>
    public long LastNumber { get; }

    /// <summary>All projects, in ordinal order of their names.</summary>
    public NameTree<ProjectEntry> Projects => _inOrder;

    public static ScopeState Empty(Scope scope, ServiceFigures figures, int? ownProjectQuota = null) =>
        new(scope, figures, ownProjectQuota, NameTable<ProjectEntry>.Empty, NameTree<ProjectEntry>.Empty, 0);

    public bool TryFind(string name, [NotNullWhen(true)] out ProjectEntry? entry) => _byName.TryGetValue(name, out entry);

    public ScopeState With(ProjectEntry entry, Edit? edit, long? lastNumber = null) =>
        new(Scope, Figures, OwnProjectQuota, _byName.Set(entry, edit), _inOrder.Set(entry, edit), Math.Max(LastNumber, lastNumber ?? entry.Number));

    public ScopeState Without(string name, Edit? edit) =>
        new(Scope, Figures, OwnProjectQuota, _byName.Remove(name, edit), _inOrder.Remove(name, edit), LastNumber);

    public ScopeState WithProjectQuota(int projectQuota) => new(Scope, Figures, projectQuota, _byName, _inOrder, LastNumber);
}

/// <summary>A project with what belongs to it.</summary>
internal sealed class ProjectEntry : INamed
{
    public ProjectEntry(long number, Project project)
    {
        Number = number;
        Project = project;
        Name = project.ProjectName.Value;
    }

    /// <summary>The project's number in its scope, under which it is stored.</summary>
    public long Number { get; }

    public string Name { get; }

    public Project Project { get; }
}
