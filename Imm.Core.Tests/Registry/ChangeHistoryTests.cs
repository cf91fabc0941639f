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

    [Theory]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(130)]
    public async Task The_last_changes_are_kept(int capacity)
    {
        var history = new ChangeHistory(capacity, _ => _revision, () => null, () => []);
        for (int added = 1; added < 4 * capacity; added += 1 + (capacity / 7))
        {
            Add(history, (int)(added - _revision));
            long first = Math.Max(0, added - capacity);

            Assert.Null(history.Check(Scope, first));
            Assert.True(first == 0 || history.Check(Scope, first - 1) is { Code: ImmErrorCode.RevisionGone });
            IAsyncEnumerator<ProjectChange> watch = history.WatchAsync(Scope, first, CancellationToken.None).GetAsyncEnumerator();
            for (long revision = first + 1; revision <= added; revision++)
            {
                Assert.True(await watch.MoveNextAsync());
                Assert.Equal((revision, revision), (watch.Current.Revision, watch.Current.Project?.Revision));
            }
        }
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
