using Imm.Core.Tests.Access;
using Imm.Core.Tests.Storage;
using Imm.Core.Tests.Wire;
using Xunit;

namespace Imm.Core.Tests.Registry;

/// <summary>Tests that a refusal can be had as a value: no exception is thrown for it, not even one that is caught.</summary>
public sealed class TryCreateTests : IDisposable
{
    private readonly ImmStore _store = ImmStore.InMemory(new ImmStoreOptions { ProjectQuota = 2 });
    private readonly ProjectRegistry _registry;

    public TryCreateTests()
    {
        _registry = _store.Registry();
        _registry.Create(new() { ProjectName = "photos", ProjectMaxDatasetCount = 1 });
        _registry.CreateDataset(new() { ProjectName = "photos", DatasetName = "raw" });
    }

    public void Dispose() => _store.Dispose();

    [Fact]
    public async Task Gives_what_was_created()
    {
        Assert.True(_registry.TryCreate(new() { ProjectName = "music" }, out Project? project, out ImmRefusal? refusal));
        Assert.Null(refusal);
        Assert.Equal(_registry.Get("music"), project);
        _registry.Delete("music");
        Assert.Equal("music", (await _registry.TryCreateAsync(new() { ProjectName = "music" })).OrThrow().ProjectName.Value);
        Assert.True(_registry.TryCreateDataset(new() { ProjectName = "music", DatasetName = "a" }, out Dataset? dataset, out _));
        Assert.Equal(_registry.GetDataset("music", "a"), dataset);
        ImmOutcome<Dataset> outcome = await _registry.TryCreateDatasetAsync(new() { ProjectName = "music", DatasetName = "b" });
        Assert.True(outcome.TryGetAnswer(out dataset, out refusal) && outcome.Refusal is null && refusal is null);
        Assert.Equal("b", dataset.DatasetName);
    }

    [Theory]
    [InlineData("photos", null, "400 ResourceAlreadyExists of ProjectName")]
    [InlineData("1st", null, "400 InvalidArgument of ProjectName")]
    [InlineData("music", 11L, "400 LimitExceededError of DatasetMaxBindCount, requested 11, limit 10")]
    [InlineData("music", null, "400 LimitExceededError of ProjectName, requested 1, used 2, limit 2")]
    public async Task Gives_a_refusal_with_the_data_of_the_exception_and_throws_nothing(string name, long? bindings, string expected)
    {
        _registry.Create(new() { ProjectName = "videos" });
        var request = new CreateProjectRequest { ProjectName = name, DatasetMaxBindCount = bindings };
        ImmRefusal? refusal;
        ImmOutcome<Project> outcome;
        using (var thrown = new ThrownExceptions())
        {
            Assert.False(_registry.TryCreate(request, out Project? project, out refusal));
            Assert.Null(project);
            outcome = await _registry.TryCreateAsync(request);
            Assert.Empty(thrown.All);
        }

        Assert.Equal(expected, Describe(refusal));
        Assert.False(outcome.TryGetAnswer(out _, out ImmRefusal? later));
        Assert.Equal(refusal, later);
        ImmException exception = Assert.Throws<ImmException>(() => _registry.Create(request));
        Assert.Equal((expected, exception.Message), (Shown.Of(exception), refusal.Message));
        Assert.Equal(expected, Shown.Of(Assert.Throws<ImmException>(() => outcome.OrThrow())));
    }

    [Fact]
    public async Task Gives_a_refusal_of_a_dataset_and_throws_nothing()
    {
        using var thrown = new ThrownExceptions();

        Assert.False(_registry.TryCreateDataset(new() { ProjectName = "photos", DatasetName = "b" }, out _, out ImmRefusal? full));
        ImmOutcome<Dataset> missing = await _registry.TryCreateDatasetAsync(new() { ProjectName = "music", DatasetName = "b" });

        Assert.Empty(thrown.All);
        Assert.Equal("400 LimitExceededError of ProjectMaxDatasetCount, requested 1, used 1, limit 1", Describe(full));
        Assert.Equal("404 ResourceNotFound of ProjectName", Describe(missing.Refusal!));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_store_that_cannot_read_or_write_gives_a_refusal_too(bool isReadByPolicies)
    {
        // A policy that asks for the tags of the project reads the store before the operation does.
        RamPrincipal alice = RamPrincipal.User("default", "alice");
        var authorizer = new RamAuthorizer(
            RamAccess.Empty.Attach(alice, RamPolicy.Parse(RamPolicyTests.Condition("""{"StringEquals":{"acs:ResourceTag/env":"dev"}}"""))),
            AuthorizationMode.Strict,
            usesTags: true);
        var disk = new SimulatedDisk();
        using (ImmStore before = ImmStore.Open(new ImmStoreOptions { Path = "/store" }, disk))
        {
            before.Registry().Create(new() { ProjectName = "photos" });
        }

        using ImmStore store = ImmStore.Open(
            new ImmStoreOptions { Path = "/store", Authorizer = isReadByPolicies ? authorizer : null }, disk);
        ProjectRegistry registry = isReadByPolicies ? store.Registry("default", "local", alice) : store.Registry();
        for (int page = 1; page < disk.Read("/store").Length / 8192; page++)
        {
            disk.FlipBit("/store", ((page * 8192L) + 100) * 8);
        }

        Assert.False(registry.TryCreate(new() { ProjectName = "music" }, out _, out ImmRefusal? refusal));
        Assert.Equal("503 ServiceUnavailable", Describe(refusal));
        Assert.Equal("503 ServiceUnavailable", Describe((await registry.TryCreateAsync(new() { ProjectName = "music" })).Refusal!));
        Assert.Equal(ImmErrorCode.ServiceUnavailable, Assert.Throws<ImmException>(() => registry.Get("photos")).Code);
    }

    [Fact]
    public void A_refusal_allocates_little()
    {
        _registry.Create(new() { ProjectName = "videos" });
        var request = new CreateProjectRequest { ProjectName = "music" };
        _registry.TryCreate(request, out _, out _);
        long before = GC.GetAllocatedBytesForCurrentThread();

        for (int i = 0; i < 100; i++)
        {
            _registry.TryCreate(request, out _, out _);
        }

        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 100, 0, 800);
    }

    private static string Describe(ImmRefusal refusal) => Shown.Refusal(
        refusal.Code, refusal.HttpStatus, refusal.Parameter, refusal.Requested, refusal.Used, refusal.Limit);
}
