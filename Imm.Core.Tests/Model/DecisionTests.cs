using Imm.Core.Model;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Imm.Core.Tests.Model;

/// <summary>Decisions as values: answers, next states, records to store, refusals.</summary>
public sealed class DecisionTests
{
    private static readonly ScopeState Nothing = ScopeState.Empty(new Scope("account", "region"), new ServiceDefaults(2, 100, 100));

    [Fact]
    public void An_accepted_decision_has_the_records_to_store_and_does_not_change_its_state()
    {
        Decision<Project> created = Create(Nothing, "a");
        Decision<Project> updated = Update(created.Next!, "a", "new");
        Decision<Project> deleted = Delete(updated.Next!, "a");
        Decision<int> quota = new SetProjectQuota(7).Decide(deleted.Next!, 0, null);

        Assert.Equal(new Change(ChangeKind.Project, 1, created.Answer!, ChangeState.Created), Assert.Single(created.Changes));
        Assert.Equal(new Change(ChangeKind.Project, 1, updated.Answer!), Assert.Single(updated.Changes));
        Assert.Equal(
            [
                new Change(ChangeKind.Project, 1, updated.Answer! with { Revision = 3 }, ChangeState.Deleted),
                new Change(ChangeKind.Scope, 0, deleted.Next!),
            ],
            deleted.Changes);
        Assert.Equal(3, ((Project)deleted.Changes[0].Value).Revision);
        Assert.Equal((1, 2, 3, 3), (created.Next!.Revision, updated.Next!.Revision, deleted.Next!.Revision, quota.Next!.Revision));
        Assert.Equal((1, 2, 2), (created.Answer!.Revision, updated.Answer!.Revision, deleted.Answer!.Revision));
        Assert.Equal(new Change(ChangeKind.Scope, 0, quota.Next!), Assert.Single(quota.Changes));
        Assert.Equal((0, 1), (Nothing.ProjectCount, created.Next!.ProjectCount));
        Assert.Equal((1, 0), (updated.Next!.ProjectCount, deleted.Next!.ProjectCount));
        Assert.Equal((2, 7, 7), (deleted.Next.ProjectQuota, quota.Next!.ProjectQuota, quota.Answer));
        Assert.Equal(((int?)null, (int?)7), (deleted.Next.OwnProjectQuota, quota.Next.OwnProjectQuota));
        Assert.Equal("", Found(created.Next!, "a").Description);
        Assert.Equal("new", Found(updated.Next!, "a").Description);
    }

    [Fact]
    public void A_refused_decision_has_no_answer_no_next_state_and_no_records()
    {
        Decision<Project> refused = Delete(Nothing, "a");

        Assert.Equal(ImmErrorCode.ResourceNotFound, refused.Refusal!.Code);
        Assert.Null(refused.Answer);
        Assert.Null(refused.Next);
        Assert.Empty(refused.Changes);
    }

    [Fact]
    public void The_number_of_a_deleted_project_is_not_given_again()
    {
        ScopeState one = Create(Nothing, "a").Next!;
        ScopeState two = Create(one, "b").Next!;
        Decision<Project> again = Create(Delete(two, "b").Next!, "b");

        Assert.Equal(3, Assert.Single(again.Changes).Number);
        Assert.Equal(3, again.Next!.LastNumber);
        Assert.Equal(3, Update(again.Next, "a", "new").Next!.LastNumber);
        Assert.Equal(3, new SetProjectQuota(1).Decide(again.Next, 0, null).Next!.LastNumber);
    }

    [Fact]
    public void A_project_with_datasets_is_not_deleted()
    {
        Project project = Create(Nothing, "a").Answer!;
        var dataset = new Dataset(project.ProjectName, "d", "", "", DatasetQuota.Default, 1, 1);
        ScopeState state = Nothing.With(null, project.With(new DatasetEntry(2, dataset, []), null), null);

        Assert.Equal(
            (ImmErrorCode.StatusConflict, "ProjectName"),
            (Delete(state, "a").Refusal!.Code, Delete(state, "a").Refusal!.Parameter));
        Assert.Equal(400, Delete(state, "a").Refusal!.ToException().HttpStatus);
        Assert.Equal(ImmErrorCode.ResourceNotFound, Delete(state, "b").Refusal!.Code);
        Assert.Null(Delete(Nothing.With(null, project, null), "a").Refusal);
    }

    [Fact]
    public void A_state_counts_the_datasets_of_all_its_projects()
    {
        ScopeState state = Create(Create(Nothing, "a").Next!, "b").Next!;
        foreach ((string project, string dataset, int count) in ((string, string, int)[])[("a", "d", 1), ("a", "e", 2), ("b", "d", 3)])
        {
            Assert.Null(CreateDataset.Parse(new() { ProjectName = project, DatasetName = dataset }, out CreateDataset? create));
            state = create!.Decide(state, 0, null).Next!;
            Assert.Equal(count, state.DatasetCount);
        }

        Assert.True(state.TryFind("a", out Project? a));
        Assert.Equal(1, state.Without(a, 4, null).DatasetCount);
        Assert.Equal(3, Update(state, "a", "new").Next!.DatasetCount);
        ScopeState other = state.With(new ServiceDefaults(9, 100, 100));
        Assert.Equal((3, 9), (other.DatasetCount, other.ProjectQuota));
        Assert.Same(state, state.With(new ServiceDefaults(2, 100, 100)));
    }

    [Theory]
    [InlineData(100, 200, 200)]
    [InlineData(100, 101, 101)]
    [InlineData(100, 100, 101)]
    [InlineData(100, 99, 101)]
    [InlineData(100, 0, 101)]
    [InlineData(0, 0, 1)]
    public void An_update_takes_the_later_of_now_and_a_tick_after_the_one_before(long previous, long now, long expected) =>
        Assert.Equal(expected, Times.NextUpdate(previous, now));

    [Fact]
    public void A_project_can_be_updated_at_the_last_representable_time()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.MaxValue);
        using ImmStore store = ImmStore.InMemory(new ImmStoreOptions { TimeProvider = clock });
        ProjectRegistry registry = store.Registry("account", "region");
        Project created = registry.Create(new CreateProjectRequest { ProjectName = "a" });

        Project updated = registry.Update(new UpdateProjectRequest { ProjectName = "a", Description = "late" });

        Assert.Equal(("late", DateTimeOffset.MaxValue), (updated.Description, updated.UpdateTime));
        Assert.Equal(created.CreateTime, updated.CreateTime);
    }

    [Fact]
    public void Objects_that_violate_an_invariant_cannot_be_made()
    {
        Project project = Create(Nothing, "a").Answer!;

        Assert.Throws<InvalidOperationException>(() => project with { UpdateTicks = project.UpdateTicks - 1 });
        Assert.Throws<InvalidOperationException>(
            () => new Project(project.ProjectName, "", "", "", Quota.Default, TagSet.Empty, 2, 1, Nothing.Defaults.Capacity));
        Assert.Throws<InvalidOperationException>(() => Nothing.With(null, project with { DatasetCount = 1 }, null));
        Assert.Throws<InvalidOperationException>(() => new Dataset(project.ProjectName, "", "", "", DatasetQuota.Default, 1, 1));
        Assert.Throws<InvalidOperationException>(() => new Dataset(project.ProjectName, "d", "", "", DatasetQuota.Default, 2, 1));
        var bound = new Dataset(project.ProjectName, "d", "", "", DatasetQuota.Default, 1, 1) { BindCount = 1 };
        Assert.Throws<InvalidOperationException>(() => new DatasetEntry(1, bound, []));
        Assert.Throws<InvalidOperationException>(() => new Scope("a:b", "region"));
        Assert.Throws<InvalidOperationException>(() => new Scope("account", "Region"));
        Assert.Throws<InvalidOperationException>(() =>
            new UnreadableParameters().Add(ImmRefusal.Unavailable(ImmUnavailableReason.Other, "of no parameter")));
    }

    [Fact]
    public void A_scope_names_its_resources_as_RAM_does()
    {
        var scope = new Scope("1234567890", "cn-hangzhou");

        Assert.Equal("acs:imm:cn-hangzhou:1234567890:project/photos", scope.ProjectArn("photos"));
        Assert.Equal("acs:imm:cn-hangzhou:1234567890:project/*", scope.AllProjectsArn);
        Assert.Equal("acs:imm:cn-hangzhou:1234567890:project/photos/dataset/raw", scope.DatasetArn("photos", "raw"));
        Assert.Equal("1234567890/cn-hangzhou", scope.ToString());
    }

    [Fact]
    public void The_cause_of_a_refusal_is_the_inner_exception_of_its_exception()
    {
        var cause = new IOException("cause");
        var refusal = ImmRefusal.Unavailable(ImmUnavailableReason.Other, "message", cause);

        Assert.Same(cause, refusal.ToException().InnerException);
        Assert.Equal((ImmErrorCode.ServiceUnavailable, "message"), (refusal.ToException().Code, refusal.ToException().Message));
        Assert.Null(ImmRefusal.Unavailable(ImmUnavailableReason.Other, "message").ToException().InnerException);
    }

    [Fact]
    public void The_changes_of_one_dataset_are_parsed_without_temporary_collections()
    {
        FileChange[] one = [new("p", "d", 1, 1)];
        ChangeFiles.Parse(one, adds: true, out _);
        long before = GC.GetAllocatedBytesForCurrentThread();

        ChangeFiles.Parse(one, adds: true, out ChangeFiles? command);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 160);
        Assert.Equal([("p", "d")], command!.Datasets);
    }

    private static Project Found(ScopeState state, string name)
    {
        Assert.True(state.TryFind(name, out Project? project));
        return project;
    }

    private static Decision<Project> Create(ScopeState state, string name)
    {
        Assert.Null(CreateProject.Parse(new CreateProjectRequest { ProjectName = name }, out CreateProject? command));
        return command!.Decide(state, 1, null);
    }

    private static Decision<Project> Update(ScopeState state, string name, string description)
    {
        Assert.Null(UpdateProject.Parse(new() { ProjectName = name, Description = description }, out UpdateProject? command));
        return command!.Decide(state, 1, null);
    }

    private static Decision<Project> Delete(ScopeState state, string name) => new DeleteProject(name, default).Decide(state, 1, null);
}
