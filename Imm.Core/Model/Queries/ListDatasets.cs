using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>Lists the datasets of a project in ordinal order of their names, one page.</summary>
internal sealed class ListDatasets : Query<DatasetPage>
{
    private readonly string _projectName;
    private readonly string _prefix;
    private readonly string? _after;
    private readonly int _maxResults;

    private ListDatasets(string projectName, string prefix, string? after, int maxResults)
    {
        _projectName = projectName;
        _prefix = prefix;
        _after = after;
        _maxResults = maxResults;
    }

    /// <summary>Parses a request, first failure first.</summary>
    public static ImmRefusal? Parse(ListDatasetsRequest request, Scope scope, out ListDatasets? query)
    {
        query = null;
        string? after = null;
        int maxResults = 0;
        if ((NameRule.Check(nameof(request.ProjectName), request.ProjectName)
            ?? request.Unreadable?[nameof(request.MaxResults)]
            ?? Paging.CheckMaxResults(request.MaxResults, out maxResults)
            ?? PageToken.ParseDataset(request.NextToken, scope.AccountId, request.ProjectName!, out after)
            ?? Paging.CheckPrefix(request.Prefix)) is { } refusal)
        {
            return refusal;
        }

        query = new ListDatasets(request.ProjectName!, request.Prefix ?? "", after, maxResults);
        return null;
    }

    public override ImmRefusal? Run(ScopeState state, out DatasetPage? answer)
    {
        answer = null;
        if (!state.TryFind(_projectName, out Project? project))
        {
            return ImmRefusal.NotFound("project", nameof(Dataset.ProjectName));
        }

        NameTree<DatasetEntry>.Cursor cursor = Paging.Start(project.Datasets, _prefix, _after);
        var datasets = new List<Dataset>();
        string? nextToken = null;
        while (cursor.MoveNext() && cursor.Current.Name.StartsWith(_prefix, StringComparison.Ordinal))
        {
            if (datasets.Count == _maxResults)
            {
                nextToken = PageToken.WriteDataset(state.Scope.AccountId, _projectName, datasets[^1].DatasetName);
                break;
            }

            datasets.Add(cursor.Current.Dataset);
        }

        answer = new DatasetPage([.. datasets], nextToken);
        return null;
    }

    /// <summary>Reads all datasets of the project in a state, whatever the page size.</summary>
    public ImmRefusal? RunAll(ScopeState state, out IEnumerable<Dataset>? answer)
    {
        bool isThere = state.TryFind(_projectName, out Project? project);
        answer = isThere ? All(project!) : null;
        return isThere ? null : ImmRefusal.NotFound("project", nameof(Dataset.ProjectName));
    }

    private IEnumerable<Dataset> All(Project project)
    {
        foreach (DatasetEntry entry in Paging.Start(project.Datasets, _prefix, _after))
        {
            if (!entry.Name.StartsWith(_prefix, StringComparison.Ordinal))
            {
                yield break;
            }

            yield return entry.Dataset;
        }
    }
}
