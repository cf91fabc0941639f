namespace Imm.Core.Model;

/// <summary>
/// Lists the bindings of a dataset in ordinal order of their URIs, one page, with their states and phases at the time of the clock.
/// </summary>
internal sealed class ListBindings : Query<BindingPage>
{
    private readonly string _projectName;
    private readonly string _datasetName;
    private readonly string? _name;
    private readonly string? _after;
    private readonly int _maxResults;
    private readonly TimeProvider _timeProvider;

    private ListBindings(
        string projectName, string datasetName, string? name, string? after, int maxResults, TimeProvider timeProvider)
    {
        _projectName = projectName;
        _datasetName = datasetName;
        _name = name;
        _after = after;
        _maxResults = maxResults;
        _timeProvider = timeProvider;
    }

    /// <summary>Parses a request, first failure first.</summary>
    /// <param name="request">The request.</param>
    /// <param name="timeProvider">The clock of the store, read when the query is run.</param>
    /// <param name="query">The query; null where the request is refused.</param>
    public static ImmRefusal? Parse(ListBindingsRequest request, TimeProvider timeProvider, out ListBindings? query)
    {
        query = null;
        string? after = null;
        int maxResults = 0;
        if ((NameRule.CheckNames(request.ProjectName, request.DatasetName)
            ?? request.Unreadable?[nameof(request.MaxResults)]
            ?? Paging.CheckMaxResults(request.MaxResults, out maxResults)
            ?? PageToken.ParseBinding(request.NextToken, request.ProjectName!, request.DatasetName!, out after)
            ?? UnicodeText.Check(nameof(request.Name), "the text", request.Name, Paging.MaxPrefixLength)) is { } refusal)
        {
            return refusal;
        }

        query = new ListBindings(
            request.ProjectName!,
            request.DatasetName!,
            string.IsNullOrEmpty(request.Name) ? null : request.Name,
            after is null ? null : Binding.UriOf(after),
            maxResults,
            timeProvider);
        return null;
    }

    public override ImmRefusal? Run(ScopeState state, out BindingPage? answer)
    {
        answer = null;
        if (state.Find(_projectName, _datasetName, out _, out DatasetEntry? entry) is { } missing)
        {
            return missing;
        }

        Binding[] matches = Array.FindAll(
            entry!.Bindings,
            binding => (_after is null || string.CompareOrdinal(binding.Uri, _after) > 0)
                && (_name is null || binding.Bucket.SequenceEqual(_name)));
        long now = _timeProvider.GetUtcNow().UtcTicks;
        Binding[] page = Array.ConvertAll(
            matches.Length > _maxResults ? matches[.._maxResults] : matches, binding => binding.At(now, state.Defaults.BindingTimes));
        answer = new BindingPage(
            page,
            page.Length < matches.Length ? PageToken.WriteBinding(_projectName, _datasetName, page[^1].Bucket) : null);
        return null;
    }
}
