using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>Stores projects as they are, with numbers, times, counts and revisions, in a scope that has none of their names.</summary>
internal sealed class ImportProjects(Project[] projects) : Command<int>
{
    public override ImmRefusal? Check(ScopeState state) => null;

    protected override Decision<int> Accept(ScopeState state, long nowTicks, OwnerToken? owner)
    {
        // Where no batch has a token, one for this command: it makes many changes.
        OwnerToken? own = owner is null ? new() : null;
        var changes = new List<Change>(projects.Length);
        foreach (Project project in projects)
        {
            long last = project.Number;
            foreach (DatasetEntry dataset in project.Datasets.After(null))
            {
                changes.Add(new Change(ChangeKind.Dataset, dataset.Number, dataset, ChangeState.Created));
                last = Math.Max(last, dataset.Number);
            }

            foreach (OssBucketAttachment attachment in project.Attachments.After(null))
            {
                changes.Add(new Change(ChangeKind.Attachment, attachment.Number, attachment, ChangeState.Created));
                last = Math.Max(last, attachment.Number);
            }

            changes.Add(new Change(ChangeKind.Project, project.Number, project, ChangeState.Created));
            state = state.With(null, project, owner ?? own, last);
        }

        own?.Close();
        return Decision<int>.Accepted(projects.Length, state, [.. changes]);
    }
}
