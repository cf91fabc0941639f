using Imm.Core.Benchmarks.Throughput.Measuring;
using Xunit;

namespace Imm.Core.Tests.Benchmarks;

public sealed class SharedRowTests
{
    [Fact]
    public void Rows_have_different_ids_and_titles()
    {
        Assert.Distinct(SharedRow.All.Select(row => row.Id));
        Assert.Distinct(SharedRow.All.Select(row => row.Title));
    }

    [Fact]
    public void Own_scopes_of_the_processes_are_disjoint_and_are_together_all_scopes()
    {
        SharedRow row = SharedRow.ProcessesInOwnScopes;

        int[] scopes = [.. Enumerable.Range(0, row.Processes).SelectMany(process => Numbers(row.ScopesOf(process)))];

        Assert.Equal(Enumerable.Range(0, row.Scopes), scopes);
    }

    [Fact]
    public void Processes_without_own_scopes_use_all_scopes()
    {
        SharedRow row = SharedRow.ProcessesInManyScopes;

        Assert.All(
            Enumerable.Range(0, row.Processes),
            process => Assert.Equal(Enumerable.Range(0, row.Scopes), Numbers(row.ScopesOf(process))));
    }

    [Fact]
    public void Each_target_of_the_shared_store_compares_both_engines_of_one_row()
    {
        Target[] targets = [.. Targets.All.Where(target => target.Metric.Engine == EngineNames.Shared)];

        Assert.Equal(7, targets.Length);
        Assert.All(targets, target => Assert.Equal(target.Metric with { Engine = EngineNames.GuardedCounter }, target.Against));
        Assert.All(targets, target => Assert.Contains(target.Metric.Row, SharedRow.All.Select(row => row.Id)));
    }

    private static IEnumerable<int> Numbers(SharedRow.ScopeRange scopes) => Enumerable.Range(scopes.First, scopes.Count);
}
