using Imm.Core.Testing;
using Xunit;

namespace Imm.Core.Tests.Datasets;

/// <summary>Tests of the states and phases that bindings go through on the clock of the store.</summary>
public sealed class BindingStateTests : IDisposable
{
    private readonly ImmFixture _fixture = new();

    public BindingStateTests() => _fixture.Seed.Project("p").Dataset("p", "d").Bindings("p", "d", "oss://b");

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData(-1, "Ready", "FullScanning")]
    [InlineData(0, "Ready", "FullScanning")]
    [InlineData(999, "Ready", "FullScanning")]
    [InlineData(1000, "Running", "FullScanning")]
    [InlineData(1999, "Running", "FullScanning")]
    [InlineData(2000, "Running", "IncrementalScanning")]
    public void A_binding_runs_after_a_second_and_is_scanned_after_two(int milliseconds, string state, string phase)
    {
        DateTimeOffset created = _fixture.Clock.GetUtcNow();
        _fixture.Clock.SetUtcNow(created.AddMilliseconds(milliseconds));

        Binding got = _fixture.Registry.GetBinding("p", "d", "oss://b");

        Assert.Equal((state, phase, created, created), (got.State, got.Phase, got.CreateTime, got.UpdateTime));
        Assert.Equal([got], _fixture.Registry.ListBindings("p", "d"));
        Assert.Equal([got], _fixture.Registry.ListBindings(new() { ProjectName = "p", DatasetName = "d" }).Bindings);
    }

    [Fact]
    public async Task A_client_that_waits_for_running_comes_to_an_end()
    {
        Task<Binding> running = WaitAsync();
        _fixture.Clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal("Running", (await running).State);

        async Task<Binding> WaitAsync()
        {
            while (true)
            {
                Binding binding = _fixture.Registry.GetBinding("p", "d", "oss://b");
                if (binding.State == "Running")
                {
                    return binding;
                }

                await Task.Delay(TimeSpan.FromMilliseconds(300), _fixture.Clock).ConfigureAwait(false);
            }
        }
    }

    [Fact]
    public void Rejects_a_name_with_a_lone_surrogate()
    {
        ImmException refused = Assert.Throws<ImmException>(
            () => _fixture.Registry.ListBindings(new() { ProjectName = "p", DatasetName = "d", Name = "\ud800" }));

        Assert.Equal(("InvalidArgument", "Name"), (refused.Code, refused.Parameter));
    }

    [Fact]
    public void The_options_say_when_a_binding_runs_and_is_scanned()
    {
        var clock = new ImmFixtureClock();
        using ImmStore store = ImmStore.InMemory(new ImmStoreOptions
        {
            TimeProvider = clock,
            BindingRunsAfter = TimeSpan.Zero,
            BindingIsScannedAfter = TimeSpan.FromHours(1),
        });
        ProjectRegistry registry = store.Registry();
        registry.Create(new() { ProjectName = "p" });
        registry.CreateDataset(new() { ProjectName = "p", DatasetName = "d" });
        registry.CreateBinding("p", "d", "oss://b");

        Binding first = registry.GetBinding("p", "d", "oss://b");
        clock.Advance(TimeSpan.FromHours(1));
        Binding later = registry.GetBinding("p", "d", "oss://b");

        Assert.Equal(("Running", "FullScanning"), (first.State, first.Phase));
        Assert.Equal(("Running", "IncrementalScanning"), (later.State, later.Phase));
    }
}
