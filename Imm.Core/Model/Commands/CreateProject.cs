using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>Creates a project. Refused where the name is taken, then where the project quota of the scope is used up.</summary>
internal sealed class CreateProject : Command<Project>
{
    private static readonly ImmRefusal Taken = ImmRefusal.AlreadyExists("project", nameof(Project.ProjectName));

    private readonly string _name;
    private readonly ProjectFields _fields;

    private CreateProject(string name, in ProjectFields fields)
    {
        _name = name;
        _fields = fields;
    }

    /// <summary>The tags of the new project.</summary>
    public TagSet Tags => _fields.Tags ?? TagSet.Empty;

    /// <summary>Parses a request, first failure first.</summary>
    public static ImmRefusal? Parse(CreateProjectRequest request, out CreateProject? command)
    {
        ImmRefusal? refusal = ProjectFields.Parse(request, out ProjectFields fields);
        command = refusal is null ? new CreateProject(request.ProjectName!, fields) : null;
        return refusal;
    }

    public override ImmRefusal? Check(ScopeState state) => Check(state, _name);

    /// <summary>Checks that a state can take a new project of a name.</summary>
    public static ImmRefusal? Check(ScopeState state, string name) =>
        state.TryFind(name, out _) ? Taken
        : state.ProjectCount >= state.ProjectQuota
            ? ImmRefusal.CountExceeded(
                nameof(Project.ProjectName), "projects of the account in the region", 1, state.ProjectCount, state.ProjectQuota)
        : state.CheckNumberLeft(nameof(Project.ProjectName));

    protected override Decision<Project> Accept(ScopeState state, long nowTicks, OwnerToken? owner)
    {
        var project = new Project(
            _name,
            _fields.Description ?? "",
            _fields.ServiceRole ?? ProjectFields.DefaultServiceRole,
            _fields.TemplateId ?? "",
            Quota.Default.With(_fields.Limits),
            Tags,
            nowTicks,
            nowTicks,
            state.Defaults.Capacity)
        { Number = state.LastNumber + 1, Revision = state.Revision + 1 };
        return Decision<Project>.Accepted(
            project,
            state.With(null, project, owner, project.Number),
            new Change(ChangeKind.Project, project.Number, project, ChangeState.Created));
    }
}
