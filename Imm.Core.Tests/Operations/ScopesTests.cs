using Imm.Core.Tests.Storage;
using Xunit;

namespace Imm.Core.Tests.Operations;

/// <summary>The accounts and regions of a store, with exact counts and quotas.</summary>
public sealed class ScopesTests
{
    private readonly SimulatedDisk _disk = new();

    [Theory]
    [InlineData(false, null)]
    [InlineData(true, null)]
    [InlineData(true, 1L)]
    public void Scopes_are_in_ordinal_order_with_their_counts_and_quotas(bool onFile, long? maxLoadedProjects)
    {
        using ImmStore store = Open(onFile, maxLoadedProjects);
        Assert.Empty(store.Scopes);
        foreach ((string id, string regionId, int count) in ((string, string, int)[])
            [("b", "cn-shanghai", 2), ("b", "cn-beijing", 1), ("B", "cn-beijing", 3), ("a", "z", 1), ("a-1", "a", 0)])
        {
            ProjectRegistry registry = store.Registry(id, regionId);
            for (int i = 0; i < count; i++)
            {
                registry.Create(new() { ProjectName = $"p{i}" });
            }
        }

        store.Registry("b", "cn-beijing").SetProjectQuota(0);
        store.Registry("quota", "only").SetProjectQuota(5);
        store.Registry("gone", "gone").Create(new() { ProjectName = "p" });
        store.Registry("gone", "gone").Delete("p");
        store.Registry("read", "only").TryGet("p", out _);

        ImmScope[] expected =
        [
            new("B", "cn-beijing", 3, 100), new("a", "z", 1, 100), new("b", "cn-beijing", 1, 0), new("b", "cn-shanghai", 2, 100),
            new("quota", "only", 0, 5),
        ];
        Assert.Equal(expected, store.Scopes);
        Assert.Equal("b in cn-beijing: 1 of 0 projects", $"{store.Scopes[2]}");
        (string account, string region, int projectCount, int projectQuota) = store.Scopes[2];
        Assert.Equal(("b", "cn-beijing", 1, 0), (account, region, projectCount, projectQuota));

        if (onFile)
        {
            store.Dispose();
            using ImmStore again = Open(onFile, maxLoadedProjects);
            Assert.Equal(expected, again.Scopes);
            Assert.Equal(0, ((Telemetry.IMeasuredStore)again).LoadedProjects);
        }
    }

    [Fact]
    public void Scopes_are_of_the_moment_of_the_call()
    {
        using ImmStore store = Open(onFile: true, maxLoadedProjects: null);
        store.Registry().Create(new() { ProjectName = "a" });
        IReadOnlyList<ImmScope> before = store.Scopes;

        store.Registry().Create(new() { ProjectName = "b" });

        Assert.Equal((1, 2), (before[0].ProjectCount, store.Scopes[0].ProjectCount));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_closed_store_has_no_scopes(bool onFile)
    {
        ImmStore store = Open(onFile, maxLoadedProjects: null);
        store.Dispose();

        Assert.Throws<ObjectDisposedException>(() => store.Scopes);
    }

    private ImmStore Open(bool onFile, long? maxLoadedProjects) => onFile
        ? ImmStore.Open(new ImmStoreOptions { Path = "/store/imm.db", MaxLoadedProjects = maxLoadedProjects }, _disk)
        : ImmStore.InMemory();
}
