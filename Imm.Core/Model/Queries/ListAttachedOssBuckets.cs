using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>Lists the buckets that are attached to a project in ordinal order, one page.</summary>
internal sealed class ListAttachedOssBuckets : Query<OssBucketAttachmentPage>
{
    private readonly string _projectName;
    private readonly string? _after;
    private readonly int _maxResults;

    private ListAttachedOssBuckets(string projectName, string? after, int maxResults)
    {
        _projectName = projectName;
        _after = after;
        _maxResults = maxResults;
    }

    /// <summary>Parses a request, first failure first.</summary>
    public static ImmRefusal? Parse(ListAttachedOssBucketsRequest request, Scope scope, out ListAttachedOssBuckets? query)
    {
        query = null;
        string? after = null;
        int maxResults = 0;
        if ((NameRule.Check(nameof(request.ProjectName), request.ProjectName)
            ?? request.Unreadable?[nameof(request.MaxResults)]
            ?? Paging.CheckMaxResults(request.MaxResults, out maxResults)
            ?? PageToken.ParseAttachment(request.NextToken, scope.AccountId, request.ProjectName!, out after)) is { } refusal)
        {
            return refusal;
        }

        query = new ListAttachedOssBuckets(request.ProjectName!, after, maxResults);
        return null;
    }

    public override ImmRefusal? Run(ScopeState state, out OssBucketAttachmentPage? answer)
    {
        answer = null;
        if (!state.TryFind(_projectName, out Project? project))
        {
            return ImmRefusal.NotFound("project", nameof(Project.ProjectName));
        }

        NameTree<OssBucketAttachment>.Cursor cursor = Paging.Start(project.Attachments, "", _after);
        var attachments = new List<OssBucketAttachment>();
        string? nextToken = null;
        while (cursor.MoveNext())
        {
            if (attachments.Count == _maxResults)
            {
                nextToken = PageToken.WriteAttachment(state.Scope.AccountId, _projectName, attachments[^1].OssBucket);
                break;
            }

            attachments.Add(cursor.Current);
        }

        answer = new OssBucketAttachmentPage([.. attachments], nextToken);
        return null;
    }
}
