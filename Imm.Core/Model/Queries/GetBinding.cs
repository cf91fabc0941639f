namespace Imm.Core.Model;

/// <summary>Gets a binding of a dataset, with its state and phase at the time of the clock.</summary>
/// <param name="projectName">A well-formed name.</param>
/// <param name="datasetName">A well-formed name.</param>
/// <param name="uri">A well-formed URI.</param>
/// <param name="timeProvider">The clock of the store, read when the query is run.</param>
internal sealed class GetBinding(string projectName, string datasetName, string uri, TimeProvider timeProvider) : Query<Binding>
{
    public override ImmRefusal? Run(ScopeState state, out Binding? answer)
    {
        answer = null;
        if (state.Find(projectName, datasetName, out _, out DatasetEntry? entry) is { } missing)
        {
            return missing;
        }

        if (entry!.Find(uri) is not { } binding)
        {
            return ImmRefusal.NotFound("binding", Binding.UriParameter);
        }

        answer = binding.At(timeProvider.GetUtcNow().UtcTicks, state.Defaults.BindingTimes);
        return null;
    }
}
