using Imm.Core.Model;
using Xunit;

namespace Imm.Core.Tests.Model;

/// <summary>Reads as values: an answer or a refusal of one state, without a store.</summary>
public sealed class QueryTests
{
    private static readonly Scope Scope = new("account", "region");

    private static readonly ScopeState State = After(
        ScopeState.Empty(Scope, new ServiceDefaults(9, 100, 100)),
        state => state.Create("a"),
        state => state.Create("b"),
        state => state.CreateDataset("b", "d"),
        state => state.CreateDataset("b", "e"),
        state => new CreateBinding("b", "d", "oss://two").Decide(state, 2, null).Next!,
        state => new CreateBinding("b", "d", "oss://one").Decide(state, 1, null).Next!);

    [Fact]
    public void A_project_that_exists_is_the_answer_and_one_that_does_not_is_a_refusal_or_null()
    {
        Assert.Null(new GetProject("b").Run(State, out Project? got));
        Assert.Null(new FindProject("b").Run(State, out Project? found));
        Assert.Equal("b", got!.ProjectName.Value);
        Assert.Same(got, found);

        AssertNotFound("ProjectName", new GetProject("c").Run(State, out Project? missing), missing);
        Assert.Null(new FindProject("c").Run(State, out missing));
        Assert.Null(missing);
    }

    [Fact]
    public void A_dataset_and_its_bindings_are_the_answer_and_a_missing_project_is_named_before_a_missing_dataset()
    {
        Assert.Null(new GetDataset("b", "d").Run(State, out Dataset? dataset));
        Assert.Null(List("b", "d", out BindingPage? bindings));
        Assert.Equal(("d", 2), (dataset!.DatasetName, dataset.BindCount));
        Assert.Equal(["oss://one", "oss://two"], bindings!.Bindings.Select(binding => binding.Uri));

        AssertNotFound("ProjectName", new GetDataset("c", "d").Run(State, out dataset), dataset);
        AssertNotFound("DatasetName", new GetDataset("b", "f").Run(State, out dataset), dataset);
        AssertNotFound("ProjectName", List("c", "d", out bindings), bindings);
        AssertNotFound("DatasetName", List("b", "f", out bindings), bindings);
    }

    [Fact]
    public void Bindings_of_a_state_cannot_be_changed_through_the_answer()
    {
        List("b", "d", out BindingPage? page);

        Assert.IsNotType<Binding[]>(page!.Bindings);
    }

    [Fact]
    public void A_list_is_one_page_and_the_token_of_the_next()
    {
        Assert.Null(ListProjects.Parse(new() { MaxResults = 1 }, Scope, out ListProjects? projects));
        Assert.Null(projects!.Run(State, out ProjectPage? page));
        Assert.Equal(("a", PageToken.Write("account", "a")), (Assert.Single(page!.Projects).ProjectName.Value, page.NextToken));

        Assert.Null(ListDatasets.Parse(new() { ProjectName = "b", MaxResults = 1 }, Scope, out ListDatasets? datasets));
        Assert.Null(datasets!.Run(State, out DatasetPage? datasetPage));
        Assert.Equal(("d", "account:b:d"), (Assert.Single(datasetPage!.Datasets).DatasetName, datasetPage.NextToken));
        Assert.Null(ListDatasets.Parse(new() { ProjectName = "c" }, Scope, out datasets));
        AssertNotFound("ProjectName", datasets!.Run(State, out datasetPage), datasetPage);
    }

    [Fact]
    public void A_read_of_a_project_allocates_nothing()
    {
        var get = new GetProject("b");
        get.Run(State, out _);
        long before = GC.GetAllocatedBytesForCurrentThread();

        for (int i = 0; i < 100; i++)
        {
            get.Run(State, out _);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static ImmRefusal? List(string projectName, string datasetName, out BindingPage? page)
    {
        Assert.Null(ListBindings.Parse(
            new() { ProjectName = projectName, DatasetName = datasetName }, TimeProvider.System, out ListBindings? query));
        return query!.Run(State, out page);
    }

    private static void AssertNotFound(string parameter, ImmRefusal? refusal, object? answer)
    {
        Assert.Equal((ImmErrorCode.ResourceNotFound, parameter), (refusal?.Code, refusal?.Parameter));
        Assert.Null(answer);
    }

    private static ScopeState After(ScopeState state, params Func<ScopeState, ScopeState>[] steps) =>
        steps.Aggregate(state, (state, step) => step(state));
}

file static class Steps
{
    public static ScopeState Create(this ScopeState state, string name)
    {
        CreateProject.Parse(new() { ProjectName = name }, out CreateProject? command);
        return command!.Decide(state, 1, null).Next!;
    }

    public static ScopeState CreateDataset(this ScopeState state, string projectName, string datasetName)
    {
        Imm.Core.Model.CreateDataset.Parse(new() { ProjectName = projectName, DatasetName = datasetName }, out CreateDataset? command);
        return command!.Decide(state, 1, null).Next!;
    }
}
