using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>Creates a project: refused where the name is taken, then where the scope's project quota is used up.</summary>
internal sealed class CreateProject : Command<Project>
{
    private readonly ProjectName _name;
    private readonly ProjectFields _fields;

    private CreateProject(ProjectName name, in ProjectFields fields)
    {
        _name = name;
        _fields = fields;
    }

    public string Name => _name.Value;

    public TagSet Tags => _fields.Tags ?? TagSet.Empty;

    public static Refusal? TryRead(CreateProjectRequest request, out CreateProject? command)
    {
        command = null;
        string? name = request.ProjectName;
        ProjectFields fields = default;
        if ((NameRule.Check(nameof(request.ProjectName), name)
            ?? ProjectFields.TryRead(request, out fields)) is { } refusal)
        {
            return refusal;
        }

        command = new CreateProject(ProjectName.Parse(name!), fields);
        return null;
    }

    public override Refusal? Refuse(ScopeState state) => Refuse(state, Name);

    /// <summary>The refusal of a new project of a name by the state; null where there is none.</summary>
    public static Refusal? Refuse(ScopeState state, string name) =>
        state.TryFind(name, out _) ? Refusal.AlreadyExists("project", nameof(Project.ProjectName))
        : state.ProjectCount >= state.ProjectQuota
            ? Refusal.CountExceeded(
                nameof(Project.ProjectName), "projects of the account in the region", 1, state.ProjectCount, state.ProjectQuota)
        : state.RefuseMore(nameof(Project.ProjectName));

    protected override Decision<Project> Accept(ScopeState state, long nowTicks, Edit? edit)
    {
        var project = new Project(
            _name,
            _fields.Description ?? "",
            _fields.ServiceRole ?? ProjectFields.DefaultServiceRole,
            _fields.TemplateId ?? "",
            Quota.Default.With(_fields.Quota),
            _fields.Tags ?? TagSet.Empty,
            nowTicks,
            nowTicks,
            state.Figures.Project)
        { Number = state.LastNumber + 1 };
        return Decision<Project>.Accepted(
            project, state.With(null, project, edit, project.Number), new Change(ChangeKind.Project, project.Number, project, IsNew: true));
    }
}

/// <summary>Changes the fields of a project that the request names.</summary>
internal sealed class UpdateProject : Command<Project>
{
    private readonly ProjectFields _fields;

    private UpdateProject(string name, in ProjectFields fields)
    {
        Name = name;
        _fields = fields;
    }

    public string Name { get; }

    public TagSet Tags => _fields.Tags ?? TagSet.Empty;

    public static Refusal? TryRead(UpdateProjectRequest request, out UpdateProject? command)
    {
        command = null;
        string? name = request.ProjectName;
        ProjectFields fields = default;
        if ((NameRule.Check(nameof(request.ProjectName), name)
            ?? ProjectFields.TryRead(request, out fields)) is { } refusal)
        {
            return refusal;
        }

        if (!fields.Any)
        {
            return Refusal.ChangesNothing(nameof(request.ProjectName));
        }

        command = new UpdateProject(name!, fields);
        return null;
    }

    public override Refusal? Refuse(ScopeState state) =>
        state.TryFind(Name, out _) ? null : Refusal.NotFound("project", nameof(Project.ProjectName));

    protected override Decision<Project> Accept(ScopeState state, long nowTicks, Edit? edit)
    {
        Invariant.Holds(state.TryFind(Name, out Project? old), "what is updated exists");
        Project project = old with
        {
            Description = _fields.Description ?? old.Description,
            ServiceRole = _fields.ServiceRole ?? old.ServiceRole,
            TemplateId = _fields.TemplateId ?? old.TemplateId,
            Quota = old.Quota.With(_fields.Quota),
            Tags = _fields.Tags ?? old.Tags,
            UpdateTicks = Times.NextUpdate(old.UpdateTicks, nowTicks),
        };
        return Decision<Project>.Accepted(project, state.With(old, project, edit), new Change(ChangeKind.Project, project.Number, project));
    }
}

/// <summary>Deletes a project: refused while it has datasets.</summary>
internal sealed class DeleteProject(string name) : Command<Project>
{
    public override Refusal? Refuse(ScopeState state) =>
        !state.TryFind(name, out Project? project) ? Refusal.NotFound("project", nameof(Project.ProjectName))
        : project.DatasetCount > 0
            ? Refusal.Conflict("The project cannot be deleted while it has datasets.", nameof(Project.ProjectName))
        : null;

    protected override Decision<Project> Accept(ScopeState state, long nowTicks, Edit? edit)
    {
        Invariant.Holds(state.TryFind(name, out Project? project), "what is deleted exists");
        return Decision<Project>.Accepted(project, state.Without(project, edit), new Change(ChangeKind.Project, project.Number, null));
    }
}

/// <summary>Sets how many projects the scope may have.</summary>
internal sealed class SetProjectQuota(int projectQuota) : Command<int>
{
    public override Refusal? Refuse(ScopeState state) => null;

    protected override Decision<int> Accept(ScopeState state, long nowTicks, Edit? edit)
    {
        ScopeState next = state.WithProjectQuota(projectQuota);
        return Decision<int>.Accepted(projectQuota, next, new Change(ChangeKind.Scope, 0, next));
    }
}
