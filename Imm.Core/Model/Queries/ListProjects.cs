using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>Lists projects in ordinal order of their names, one page.</summary>
internal sealed class ListProjects : Query<ProjectPage>
{
    private static readonly ListProjectsRequest NoFilter = new();

    private readonly string _prefix;
    private readonly string? _after;
    private readonly int _maxResults;

    private ListProjects(string prefix, string? after, int maxResults, TagSet tags)
    {
        _prefix = prefix;
        _after = after;
        _maxResults = maxResults;
        Tags = tags;
    }

    /// <summary>The tags that a listed project has.</summary>
    public TagSet Tags { get; }

    /// <summary>Parses a request, first failure first; null lists all projects.</summary>
    public static ImmRefusal? Parse(ListProjectsRequest? request, Scope scope, out ListProjects? query)
    {
        query = null;
        request ??= NoFilter;
        string? after = null;
        TagSet tags = TagSet.Empty;
        int maxResults = 0;
        if ((request.Unreadable?[nameof(request.MaxResults)]
            ?? Paging.CheckMaxResults(request.MaxResults, out maxResults)
            ?? PageToken.Parse(request.NextToken, scope.AccountId, out after)
            ?? Paging.CheckPrefix(request.Prefix)
            ?? request.Unreadable?[nameof(request.Tag)]
            ?? TagSet.Parse(request.Tag, out tags)) is { } refusal)
        {
            return refusal;
        }

        query = new ListProjects(request.Prefix ?? "", after, maxResults, tags);
        return null;
    }

    public override ImmRefusal? Run(ScopeState state, out ProjectPage? answer)
    {
        NameTree<Project>.Cursor cursor = Paging.Start(state.Projects, _prefix, _after);
        var projects = new Project[Math.Min(_maxResults, state.ProjectCount)];
        int count = 0;
        string? nextToken = null;
        while (cursor.MoveNext())
        {
            // A project is dereferenced only where a filter needs it: each one is likely a cache miss.
            Project project = cursor.Current;
            if (_prefix.Length > 0 && !project.Name.StartsWith(_prefix, StringComparison.Ordinal))
            {
                break;
            }

            if (Tags.Count > 0 && !Matches(project))
            {
                continue;
            }

            if (count == _maxResults)
            {
                nextToken = PageToken.Write(state.Scope.AccountId, projects[^1].Name);
                break;
            }

            projects[count++] = project;
        }

        answer = new ProjectPage(count == projects.Length ? projects : projects[..count], nextToken, state.Revision);
        return null;
    }

    /// <summary>Reads all projects of a state, whatever the page size.</summary>
    public IEnumerable<Project> All(ScopeState state) => All(state.Projects);

    // Holds no state: one that is held while its scope is changed holds those changes too.
    private IEnumerable<Project> All(NameTree<Project> projects)
    {
        foreach (Project project in Paging.Start(projects, _prefix, _after))
        {
            if (!project.Name.StartsWith(_prefix, StringComparison.Ordinal))
            {
                yield break;
            }

            if (Matches(project))
            {
                yield return project;
            }
        }
    }

    private bool Matches(Project project)
    {
        var tags = (TagSet)project.Tags;
        foreach (Tag tag in Tags.AsSpan())
        {
            if (!tags.Contains(tag))
            {
                return false;
            }
        }

        return true;
    }
}
