using Imm.Core.Model;

namespace Imm.Core.Testing;

/// <summary>Creates a project with its fields and times as they are told, under the rules for new ones; what it counts is to be added.</summary>
internal sealed class TakeOverProject(Project project) : Command<Project>
{
    public override Refusal? Refuse(ScopeState state) => CreateProject.Refuse(state, project.ProjectName.Value);

    protected override Decision<Project> Accept(ScopeState state, long nowTicks, Edit? edit)
    {
        Project empty = project with
        {
            DatasetCount = 0,
            FileCount = 0,
            TotalFileSize = 0,
            Number = state.LastNumber + 1,
            Datasets = NameTree<DatasetEntry>.Empty,
        };
        return Decision<Project>.Accepted(empty, state.With(null, empty, edit, empty.Number), new Change(ChangeKind.Project, empty.Number, empty, IsNew: true));
    }
}
