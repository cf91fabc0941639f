using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>Changes the fields of a project that the request sets.</summary>
internal sealed class UpdateProject : Command<Project>
{
    private readonly string _name;
    private readonly ProjectFields _fields;
    private readonly ExpectedRevision _expected;

    private UpdateProject(string name, in ProjectFields fields, ExpectedRevision expected)
    {
        _name = name;
        _fields = fields;
        _expected = expected;
    }

    /// <summary>The tags that replace the present ones; empty where the request sets none.</summary>
    public TagSet Tags => _fields.Tags ?? TagSet.Empty;

    /// <inheritdoc/>
    public override bool IsEmpty => !_fields.Any;

    /// <summary>Parses a request, first failure first.</summary>
    public static ImmRefusal? Parse(UpdateProjectRequest request, out UpdateProject? command)
    {
        ExpectedRevision expected = default;
        ImmRefusal? refusal = ProjectFields.Parse(request, out ProjectFields fields)
            ?? (fields.Any || request.HasIgnoredParameter ? null : ImmRefusal.ChangesNothing(nameof(request.ProjectName)))
            ?? ExpectedRevision.Parse(request.ExpectedRevision, out expected);
        command = refusal is null ? new UpdateProject(request.ProjectName!, fields, expected) : null;
        return refusal;
    }

    public override ImmRefusal? Check(ScopeState state) =>
        state.TryFind(_name, out Project? project)
            ? _expected.Check("project", project.Revision)
            : ImmRefusal.NotFound("project", nameof(Project.ProjectName));

    protected override Decision<Project> Accept(ScopeState state, long nowTicks, OwnerToken? owner)
    {
        Invariant.Holds(state.TryFind(_name, out Project? old), "an updated project exists");
        if (IsEmpty)
        {
            return Decision<Project>.Accepted(old, state);
        }

        Project project = old with
        {
            Description = _fields.Description ?? old.Description,
            Settings = ProjectSettings.Of(
                _fields.ServiceRole ?? old.ServiceRole,
                _fields.TemplateId ?? old.TemplateId,
                old.Quota.With(_fields.Limits),
                _fields.Tags ?? old.Settings.Tags,
                old.Settings.Capacity),
            Revision = state.Revision + 1,
            UpdateTicks = Times.NextUpdate(old.UpdateTicks, nowTicks),
        };
        return Decision<Project>.Accepted(
            project, state.With(old, project, owner), new Change(ChangeKind.Project, project.Number, project));
    }
}
