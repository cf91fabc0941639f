using Imm.Core.Commit;
using Imm.Core.Model;
using Xunit;

namespace Imm.Core.Tests.Registry;

/// <summary>The changes that watches read from.</summary>
public sealed class ChangeHistoryTests
{
    private static readonly Scope Scope = new("account", "region");

    private long _revision;

    [Fact]
    public async Task A_watch_goes_on_after_the_stored_changes_were_read_anew()
    {
        var history = new ChangeHistory(8, _ => _revision, () => null, () => []);
        Add(history, 5);
        IAsyncEnumerator<ProjectChange> watch = history.WatchAsync(Scope, 0, CancellationToken.None).GetAsyncEnumerator();
        for (int i = 0; i < 5; i++)
        {
            Assert.True(await watch.MoveNextAsync());
        }

        using (history.Publish())
        {
            history.Clear(readsEarlier: true);
        }

        Assert.Null(history.Check(Scope, 5));
        Add(history, 1);

        Assert.True(await watch.MoveNextAsync());
        Assert.Equal(6, watch.Current.Revision);
    }

    private void Add(ChangeHistory history, int count)
    {
        using (history.Publish())
        {
            for (int i = 0; i < count; i++)
            {
                Project project = new(
                    ProjectName.Parse("p"), "", "role", "", Quota.Default, TagSet.Empty, 1, 1, new ServiceDefaults(100, 100, 100).Capacity)
                { Revision = ++_revision };
                history.Add([new PublishedChange(Scope, project, ChangeState.Updated)]);
            }
        }
    }
}
