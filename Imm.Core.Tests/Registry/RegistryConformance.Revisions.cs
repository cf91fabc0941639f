using Imm.Core.Model;
using Imm.Core.Tests.Shared;
using Xunit;

namespace Imm.Core.Tests.Registry;

// Revisions, conditional changes and watches of every store.
public abstract partial class RegistryConformance
{
    [StoreFact]
    public void Every_change_of_a_project_or_of_something_in_it_raises_its_revision_by_one()
    {
        using (ImmStore store = Open())
        {
            ProjectRegistry registry = store.Registry("account", "region");
            registry.Create(new CreateProjectRequest { ProjectName = "other" });
            Assert.Equal(2, registry.Create(new CreateProjectRequest { ProjectName = "a" }).Revision);
            Assert.Equal(3, registry.Update(new UpdateProjectRequest { ProjectName = "a", Description = "d" }).Revision);
            Assert.Equal(4, registry.CreateDataset(new CreateDatasetRequest { ProjectName = "a", DatasetName = "d" }).Revision);
            Assert.Equal(
                5, registry.UpdateDataset(new UpdateDatasetRequest { ProjectName = "a", DatasetName = "d", Description = "e" }).Revision);
            registry.CreateBinding("a", "d", "oss://b");
            Assert.Equal((6, 6), (registry.GetDataset("a", "d").Revision, registry.Get("a").Revision));
            registry.DeleteBinding("a", "d", "oss://b");
            Assert.Equal(8, registry.AddFiles("a", "d", 1, 1).Revision);
            Assert.Equal(9, registry.RemoveFiles("a", "d", 1, 1).Revision);
            registry.CreateDataset(new CreateDatasetRequest { ProjectName = "a", DatasetName = "last" });
            Assert.Equal((9, 10), (registry.GetDataset("a", "d").Revision, registry.Get("a").Revision));
            registry.DeleteDataset("a", "d");
            Assert.Equal((11, 11, 1), (registry.Get("a").Revision, registry.List().Revision, registry.Get("other").Revision));
            registry.SetProjectQuota(50);
            registry.AddFiles([]);
            Assert.Equal(11, registry.List().Revision);
        }
    }

    [StoreFact]
    public void Files_of_several_projects_raise_the_revision_of_each_once()
    {
        using ImmStore store = Open();
        ProjectRegistry registry = store.Registry("account", "region");
        foreach (string project in (string[])["a", "b"])
        {
            registry.Create(new CreateProjectRequest { ProjectName = project });
            registry.CreateDataset(new CreateDatasetRequest { ProjectName = project, DatasetName = "one" });
            registry.CreateDataset(new CreateDatasetRequest { ProjectName = project, DatasetName = "two" });
        }

        IReadOnlyList<Dataset> changed = registry.AddFiles(
            [new("b", "two", 1, 1), new("a", "one", 1, 1), new("b", "one", 1, 1), new("a", "two", 1, 1)]);

        Assert.Equal([7, 7, 8, 8], changed.Select(dataset => dataset.Revision));
        Assert.Equal((7, 8, 8), (registry.Get("a").Revision, registry.Get("b").Revision, registry.List().Revision));
    }

    [StoreFact]
    public void A_revision_never_falls_whatever_is_deleted()
    {
        using ImmStore store = Open();
        ProjectRegistry registry = store.Registry("account", "region");
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal((2 * i) + 1, registry.Create(new CreateProjectRequest { ProjectName = "a" }).Revision);
            registry.Delete("a");
            Assert.Equal(2 * (i + 1), registry.List().Revision);
        }
    }

    [StoreFact]
    public async Task A_conditional_change_is_refused_once_the_resource_has_changed()
    {
        using ImmStore store = Open();
        ProjectRegistry registry = store.Registry("account", "region");
        long old = registry.Create(new CreateProjectRequest { ProjectName = "a" }).Revision;
        long oldDataset = registry.CreateDataset(new CreateDatasetRequest { ProjectName = "a", DatasetName = "d" }).Revision;
        registry.UpdateDataset(new UpdateDatasetRequest { ProjectName = "a", DatasetName = "d", Description = "e" });
        string before = Shown.Content(registry);

        foreach (Func<Task> call in (Func<Task>[])
        [
            () => Task.Run(
                () => registry.Update(new UpdateProjectRequest { ProjectName = "a", Description = "d", ExpectedRevision = old })),
            () => Task.Run(() => registry.Delete("a", old)),
            async () => await registry.DeleteAsync("a", old),
            () => Task.Run(() => registry.UpdateDataset(
                new UpdateDatasetRequest { ProjectName = "a", DatasetName = "d", Description = "f", ExpectedRevision = oldDataset })),
            () => Task.Run(() => registry.DeleteDataset("a", "d", oldDataset)),
            async () => await registry.DeleteDatasetAsync("a", "d", oldDataset),
        ])
        {
            ImmException refused = await Assert.ThrowsAsync<ImmException>(call);
            Assert.Equal(
                (ImmErrorCode.RevisionMismatch, 409, "ExpectedRevision", (long?)3),
                (refused.Code, refused.HttpStatus, refused.Parameter, refused.Used));
        }

        Assert.Equal(before, Shown.Content(registry));
        Assert.Equal(3, registry.List().Revision);
        long now = registry.Get("a").Revision;
        registry.Update(new UpdateProjectRequest { ProjectName = "a", Description = "d", ExpectedRevision = now });
        registry.DeleteDataset("a", "d", registry.GetDataset("a", "d").Revision);
        await registry.DeleteAsync("a", registry.Get("a").Revision);
        Assert.Equal(6, registry.List().Revision);
    }

    [StoreTheory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    public void An_expected_revision_below_1_is_refused_as_malformed(long revision)
    {
        using ImmStore store = Open();
        ProjectRegistry registry = store.Registry("account", "region");

        foreach (Action call in (Action[])
        [
            () => registry.Update(new UpdateProjectRequest { ProjectName = "a", Description = "d", ExpectedRevision = revision }),
            () => registry.Delete("a", revision),
            () => registry.DeleteDataset("a", "d", revision),
        ])
        {
            ImmException refused = Assert.Throws<ImmException>(call);
            Assert.Equal((ImmErrorCode.InvalidArgument, "ExpectedRevision"), (refused.Code, refused.Parameter));
        }
    }

    [StoreFact]
    public async Task Sixty_four_callers_that_count_by_conditional_updates_lose_nothing()
    {
        using ImmStore store = Open();
        ProjectRegistry registry = store.Registry("account", "region");
        registry.Create(new CreateProjectRequest { ProjectName = "counter", Description = "0" });

        await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(async () =>
        {
            for (int done = 0; done < 4;)
            {
                Project seen = registry.Get("counter");
                try
                {
                    await registry.UpdateAsync(new UpdateProjectRequest
                    {
                        ProjectName = "counter",
                        Description = $"{int.Parse(seen.Description, provider: null) + 1}",
                        ExpectedRevision = seen.Revision,
                    });
                    done++;
                }
                catch (ImmException e) when (e.Code == ImmErrorCode.RevisionMismatch)
                {
                }
            }
        })));

        Assert.Equal(("256", 257), (registry.Get("counter").Description, registry.Get("counter").Revision));
    }

    [StoreFact]
    public async Task A_watch_from_a_list_reports_every_later_change_once_and_in_order()
    {
        using ImmStore store = Open();
        ProjectRegistry registry = store.Registry("account", "region");
        registry.Create(new CreateProjectRequest { ProjectName = "a" });
        IAsyncEnumerator<ProjectChange> changes = registry.Watch(registry.List().Revision).GetAsyncEnumerator();
        ValueTask<bool> waits = changes.MoveNextAsync();
        Assert.False(waits.IsCompleted);

        store.Registry("account", "other").Create(new CreateProjectRequest { ProjectName = "elsewhere" });
        Project updated = registry.Update(new UpdateProjectRequest { ProjectName = "a", Description = "d" });
        registry.CreateDataset(new CreateDatasetRequest { ProjectName = "a", DatasetName = "d" });
        registry.Create(new CreateProjectRequest { ProjectName = "b" });
        registry.Delete("b");

        Assert.True(await waits);
        Assert.Equal((2, ProjectChangeKind.Updated, "a"), Of(changes.Current));
        Assert.Equal(updated, changes.Current.Project);
        Assert.True(await changes.MoveNextAsync());
        Assert.Equal((3, ProjectChangeKind.Updated, "a"), Of(changes.Current));
        Assert.Equal((1, 3), (changes.Current.Project!.DatasetCount, changes.Current.Project.Revision));
        Assert.True(await changes.MoveNextAsync());
        Assert.Equal((4, ProjectChangeKind.Created, "b"), Of(changes.Current));
        Assert.Equal("b", changes.Current.Project!.ProjectName.Value);
        Assert.True(await changes.MoveNextAsync());
        Assert.Equal((5, ProjectChangeKind.Deleted, "b"), Of(changes.Current));
        Assert.Null(changes.Current.Project);
        Assert.Equal("5 Deleted b", changes.Current.ToString());
    }

    [StoreFact]
    public async Task Watches_beside_writers_see_every_change_once_and_in_order()
    {
        const int Writers = 4, Each = 50;
        using ImmStore store = Open();
        ProjectRegistry registry = store.Registry("account", "region");
        registry.SetProjectQuota(Writers * Each);
        Task<List<long>>[] watches =
            [.. Enumerable.Range(0, 4).Select(_ => Task.Run(() => Revisions(registry.Watch(0), Writers * Each * 3)))];

        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            for (int i = 0; i < Each; i++)
            {
                string name = $"p{writer}_{i}";
                await registry.CreateAsync(new CreateProjectRequest { ProjectName = name });
                registry.Update(new UpdateProjectRequest { ProjectName = name, Description = "d" });
                await registry.DeleteAsync(name);
            }
        })));

        foreach (Task<List<long>> watch in watches)
        {
            Assert.Equal(Enumerable.Range(1, Writers * Each * 3).Select(revision => (long)revision), await watch);
        }
    }

    [StoreFact]
    public async Task A_watch_that_is_too_far_behind_is_told_to_list_again()
    {
        using ImmStore store = Open(options => options.KeptChanges = 3);
        ProjectRegistry registry = store.Registry("account", "region");
        registry.Create(new CreateProjectRequest { ProjectName = "a" });
        IAsyncEnumerator<ProjectChange> slow = registry.Watch(0).GetAsyncEnumerator();
        Assert.True(await slow.MoveNextAsync());
        for (int i = 0; i < 4; i++)
        {
            registry.Update(new UpdateProjectRequest { ProjectName = "a", Description = $"{i}" });
        }

        ImmException gone = await Assert.ThrowsAsync<ImmException>(async () => await slow.MoveNextAsync());
        Assert.Equal((ImmErrorCode.RevisionGone, 410, (long?)1), (gone.Code, gone.HttpStatus, gone.Requested));
        Assert.Equal(ImmErrorCode.RevisionGone, Assert.Throws<ImmException>(() => registry.Watch(1)).Code);
        Assert.Equal([3, 4, 5], await Revisions(registry.Watch(2), 3));
        Assert.Equal(ImmErrorCode.RevisionGone, Assert.Throws<ImmException>(() => registry.Watch(6)).Code);
        Assert.Throws<ArgumentOutOfRangeException>(() => registry.Watch(-1));
    }

    [StoreFact]
    public async Task A_store_that_keeps_no_changes_reports_none()
    {
        using ImmStore store = Open(options => options.KeptChanges = 0);
        ProjectRegistry registry = store.Registry("account", "region");
        IAsyncEnumerator<ProjectChange> changes = registry.Watch(0).GetAsyncEnumerator();
        ValueTask<bool> waits = changes.MoveNextAsync();
        registry.Create(new CreateProjectRequest { ProjectName = "a" });

        Assert.Equal(ImmErrorCode.RevisionGone, (await Assert.ThrowsAsync<ImmException>(async () => await waits)).Code);
    }

    [StoreFact]
    public async Task A_watch_ends_when_it_is_cancelled_and_when_the_store_is_closed()
    {
        using var cancellation = new CancellationTokenSource();
        ImmStore store = Open();
        ProjectRegistry registry = store.Registry("account", "region");
        IAsyncEnumerator<ProjectChange> cancelled = registry.Watch(0, cancellation.Token).GetAsyncEnumerator();
        IAsyncEnumerator<ProjectChange> closed = registry.Watch(0).GetAsyncEnumerator();
        ValueTask<bool> first = cancelled.MoveNextAsync(), second = closed.MoveNextAsync();

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await first);
        Assert.False(second.IsCompleted);
        await store.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await second);
        Assert.Throws<ObjectDisposedException>(() => registry.Watch(0));
    }

    [StoreFact]
    public void A_watch_is_authorized_as_a_list()
    {
        using ImmStore store = Open(options => options.Authorizer = new NoLists());
        ProjectRegistry registry = store.Registry("account", "region");

        Assert.Equal(ImmErrorCode.NoPermission, Assert.Throws<ImmException>(() => registry.Watch(0)).Code);
    }

    /// <summary>Reads the revisions of a number of changes.</summary>
    protected static async Task<List<long>> Revisions(IAsyncEnumerable<ProjectChange> changes, int count)
    {
        var revisions = new List<long>();
        await foreach (ProjectChange change in changes)
        {
            revisions.Add(change.Revision);
            if (revisions.Count == count)
            {
                break;
            }
        }

        return revisions;
    }

    private static (long Revision, ProjectChangeKind Kind, string Name) Of(ProjectChange change) =>
        (change.Revision, change.Kind, change.ProjectName.Value);

    private sealed class NoLists : IImmAuthorizer
    {
        public AuthorizationDecision Authorize(AuthorizationRequest request) =>
            request.Action == ImmAction.ListProjects ? AuthorizationDecision.Deny("no lists") : AuthorizationDecision.Allow;
    }
}
