using Imm.Core.Collections;
using Imm.Core.Model;

namespace Imm.Core.Testing;

/// <summary>
/// Creates a project with given fields, times and counts, under the rules for a new one. Datasets are made up to hold its files and bytes.
/// Its use may be above its limits: a limit may have been lowered since.
/// </summary>
/// <param name="project">The project.</param>
/// <param name="datasetNames">The names of its datasets, distinct, as many as it has.</param>
internal sealed class ImportProject(Project project, string[] datasetNames) : Command<Project>
{
    public override ImmRefusal? Check(ScopeState state) => CreateProject.Check(state, project.Name);

    protected override Decision<Project> Accept(ScopeState state, long nowTicks, OwnerToken? owner)
    {
        long number = state.LastNumber + 1;
        Project whole = project with
        {
            DatasetCount = 0,
            FileCount = 0,
            TotalFileSize = 0,
            Number = number,
            Revision = state.Revision + 1,
            Datasets = NameTree<DatasetEntry>.Empty,
        };
        var changes = new List<Change>(1 + datasetNames.Length);
        DatasetQuota quota = whole.Quota.Dataset.With(new LimitSet<long?>
        {
            [Limit.DatasetMaxFileCount] = Limit.DatasetMaxFileCount.Maximum,
            [Limit.DatasetMaxTotalFileSize] = Limit.DatasetMaxTotalFileSize.Maximum,
        });
        (long files, long bytes) = (project.FileCount, project.TotalFileSize);
        long last = number;
        foreach (string name in datasetNames)
        {
            long share = Math.Min(files, Limit.DatasetMaxFileCount.Maximum);
            var dataset = new Dataset(whole.ProjectName, name, "", "", quota, nowTicks, nowTicks)
            {
                FileCount = share,
                TotalFileSize = bytes,
                Revision = whole.Revision,
            };
            var entry = new DatasetEntry(++last, dataset, []);
            whole = whole.With(entry, owner);
            changes.Add(new Change(ChangeKind.Dataset, entry.Number, entry, ChangeState.Created));
            files -= share;
            bytes = 0;
        }

        changes.Add(new Change(ChangeKind.Project, number, whole, ChangeState.Created));
        return Decision<Project>.Accepted(whole, state.With(null, whole, owner, last), [.. changes]);
    }
}
