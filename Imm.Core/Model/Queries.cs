using System.Text;
using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>A well-formed query for projects.</summary>
internal sealed class ProjectQuery
{
    private readonly string _prefix;
    private readonly string? _after;
    private readonly int _maxResults;
    private readonly TagSet _tags;

    private ProjectQuery(string prefix, string? after, int maxResults, TagSet tags)
    {
        _prefix = prefix;
        _after = after;
        _maxResults = maxResults;
        _tags = tags;
    }

    public TagSet Tags => _tags;

    public static Refusal? TryRead(ListProjectsRequest? request, Scope scope, out ProjectQuery? query)
    {
        query = null;
        request ??= Everything;
        string? after = null;
        TagSet tags = TagSet.Empty;
        int maxResults = 0;
        string? prefix = request.Prefix;
        if ((request.Unreadable?[nameof(request.MaxResults)]
            ?? Paging.CheckMaxResults(request.MaxResults, out maxResults)
            ?? PageToken.TryRead(request.NextToken, scope.AccountId, out after)
            ?? Paging.CheckPrefix(prefix)
            ?? request.Unreadable?[nameof(request.Tag)]
            ?? TagSet.TryCreate(request.Tag, out tags)) is { } refusal)
        {
            return refusal;
        }

        query = new ProjectQuery(prefix ?? "", after, maxResults, tags);
        return null;
    }

    public ProjectPage Run(ScopeState state)
    {
        NameTree<Project>.Cursor cursor = Paging.Start(state.Projects, _prefix, _after);
        var projects = new Project[Math.Min(_maxResults, state.ProjectCount)];
        int count = 0;
        while (cursor.MoveNext())
        {
            // What is not asked for is not looked at: each name and each project would be a place in memory to wait for.
            Project project = cursor.Current;
            if (_prefix.Length > 0 && !project.ProjectName.Value.StartsWith(_prefix, StringComparison.Ordinal))
            {
                break;
            }

            if (_tags.Count > 0 && !Matches(project))
            {
                continue;
            }

            if (count == _maxResults)
            {
                return new ProjectPage(projects, PageToken.Write(state.Scope.AccountId, projects[^1].ProjectName.Value));
            }

            projects[count++] = project;
        }

        return new ProjectPage(count == projects.Length ? projects : projects[..count], null);
    }

    private static ListProjectsRequest Everything { get; } = new();

    private bool Matches(Project project)
    {
        var tags = (TagSet)project.Tags;
        foreach (Tag tag in _tags.AsSpan())
        {
            if (!tags.Contains(tag))
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>A well-formed query for datasets of a project.</summary>
internal sealed class DatasetQuery
{
    private readonly string _prefix;
    private readonly string? _after;
    private readonly int _maxResults;

    private DatasetQuery(string projectName, string prefix, string? after, int maxResults)
    {
        ProjectName = projectName;
        _prefix = prefix;
        _after = after;
        _maxResults = maxResults;
    }

    public string ProjectName { get; }

    public static Refusal? TryRead(ListDatasetsRequest request, Scope scope, out DatasetQuery? query)
    {
        query = null;
        string? projectName = request.ProjectName;
        string? after = null;
        int maxResults = 0;
        string? prefix = request.Prefix;
        if ((NameRule.Check(nameof(request.ProjectName), projectName)
            ?? request.Unreadable?[nameof(request.MaxResults)]
            ?? Paging.CheckMaxResults(request.MaxResults, out maxResults)
            ?? PageToken.TryReadDataset(request.NextToken, scope.AccountId, projectName!, out after)
            ?? Paging.CheckPrefix(prefix)) is { } refusal)
        {
            return refusal;
        }

        query = new DatasetQuery(projectName!, prefix ?? "", after, maxResults);
        return null;
    }

    public Refusal? TryRun(ScopeState state, out DatasetPage? page)
    {
        page = null;
        if (!state.TryFind(ProjectName, out Project? project))
        {
            return Refusal.NotFound("project", nameof(ProjectName));
        }

        NameTree<DatasetEntry>.Cursor cursor = Paging.Start(project.Datasets, _prefix, _after);
        var datasets = new List<Dataset>();
        string? token = null;
        while (cursor.MoveNext() && cursor.Current.Name.StartsWith(_prefix, StringComparison.Ordinal))
        {
            if (datasets.Count == _maxResults)
            {
                token = PageToken.WriteDataset(state.Scope.AccountId, ProjectName, datasets[^1].DatasetName);
                break;
            }

            datasets.Add(cursor.Current.Dataset);
        }

        page = new DatasetPage([.. datasets], token);
        return null;
    }
}

/// <summary>The rules that the lists of the service have in common.</summary>
internal static class Paging
{
    public const int DefaultMaxResults = 100;
    public const int MaxMaxResults = 200;
    public const int MaxPrefixLength = 128;

    public static Refusal? CheckMaxResults(int? requested, out int maxResults)
    {
        maxResults = requested is null or 0 ? DefaultMaxResults : requested.Value;
        return maxResults is < 0 or > MaxMaxResults
            ? Refusal.Invalid(
                "MaxResults", $"{maxResults} is out of range; it must be from 0 to {MaxMaxResults}, where 0 is {DefaultMaxResults}.")
            : null;
    }

    public static Refusal? CheckPrefix(string? prefix) => UnicodeText.Check("Prefix", "the text", prefix, MaxPrefixLength);

    /// <summary>The first place whose name is at or after a prefix and after the last name of the page before.</summary>
    public static NameTree<T>.Cursor Start<T>(NameTree<T> tree, string prefix, string? after)
        where T : class, INamed =>
        after is not null && string.CompareOrdinal(after, prefix) >= 0 ? tree.After(after) : tree.From(prefix);
}

/// <summary>
/// The tokens of pages, as the service's: for projects the base64 of <c>{accountId}:{last name}</c>, for datasets the plain text
/// <c>{accountId}:{project}:{last name}</c>.
/// </summary>
internal static class PageToken
{
    private const string Parameter = "NextToken";

    // The account and the name are ASCII, and so is what a token decodes to; anything longer is none of ours.
    private const int MaxLength = Scope.MaxIdLength + 1 + ProjectName.MaxLength;

    public static string Write(string accountId, string lastName) =>
        Convert.ToBase64String(Encoding.ASCII.GetBytes($"{accountId}:{lastName}"));

    /// <summary>Reads a token; null or empty is none. The name in it need not exist any more.</summary>
    public static Refusal? TryRead(string? token, string accountId, out string? lastName)
    {
        lastName = null;
        if (string.IsNullOrEmpty(token))
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[MaxLength];
        if (!Convert.TryFromBase64String(token, bytes, out int length))
        {
            return Malformed();
        }

        string text = Encoding.Latin1.GetString(bytes[..length]);
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || !Scope.IsAccountId(text[..colon]) || !NameRule.Holds(text.AsSpan(colon + 1)))
        {
            return Malformed();
        }

        // Base64 can say the same bytes in other texts, with white space or spare bits; only the one that Write makes is a token.
        string name = text[(colon + 1)..];
        if (!string.Equals(token, Write(text[..colon], name), StringComparison.Ordinal))
        {
            return Malformed();
        }

        if (!text.AsSpan(0, colon).SequenceEqual(accountId))
        {
            return Refusal.Invalid(Parameter, "it belongs to another account.");
        }

        lastName = name;
        return null;
    }

    public static string WriteDataset(string accountId, string projectName, string lastName) => $"{accountId}:{projectName}:{lastName}";

    /// <summary>Reads a token of datasets; null or empty is none. The name in it need not exist any more.</summary>
    public static Refusal? TryReadDataset(string? token, string accountId, string projectName, out string? lastName)
    {
        lastName = null;
        if (string.IsNullOrEmpty(token))
        {
            return null;
        }

        string[] parts = token.Split(':');
        if (parts.Length != 3 || !Scope.IsAccountId(parts[0]) || !NameRule.Holds(parts[1]) || !NameRule.Holds(parts[2]))
        {
            return Malformed();
        }

        if (parts[0] != accountId || parts[1] != projectName)
        {
            return Refusal.Invalid(Parameter, "it belongs to another account or project.");
        }

        lastName = parts[2];
        return null;
    }

    private static Refusal Malformed() => Refusal.Invalid(Parameter, "it is not a token that a page of this list returned.");
}
