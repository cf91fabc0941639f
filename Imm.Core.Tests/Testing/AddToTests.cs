using Imm.Core.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace Imm.Core.Tests.Testing;

/// <summary>Tests of a fixture in the place of a container's store.</summary>
public sealed class AddToTests : IDisposable
{
    private readonly ImmFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_host_gets_the_fixture_and_opens_no_file(bool isAddedFirst)
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        if (isAddedFirst)
        {
            _fixture.AddTo(builder.Services);
        }

        builder.Services.AddImm(options => options.Path = "/nowhere/at/all/store.db");
        builder.Services.AddSingleton(TimeProvider.System);
        if (isAddedFirst)
        {
            builder.Services.AddSingleton<TimeProvider>(_fixture.Clock);
        }
        else
        {
            _fixture.AddTo(builder.Services);
        }

        using (IHost host = builder.Build())
        {
            await host.StartAsync();
            Assert.Same(_fixture.Store, Assert.Single(host.Services.GetServices<ImmStore>()));
            Assert.Same(_fixture.Registry, host.Services.GetRequiredService<ProjectRegistry>());
            Assert.Same(_fixture.Api, host.Services.GetRequiredService<ImmApi>());
            Assert.Same(_fixture.Clock, host.Services.GetRequiredService<TimeProvider>());
            using var client = new HttpClient(host.Services.GetRequiredService<ImmHttpMessageHandler>(), disposeHandler: false);
            await client.GetStringAsync("http://imm/?Action=CreateProject&ProjectName=photos");
            await host.StopAsync();
        }

        Assert.Equal("photos", _fixture.Registry.Get("photos").ProjectName.Value);
        _fixture.Calls.ReceivedExactly(1, ImmOperation.CreateProject, "photos");
    }

    [Fact]
    public void A_store_under_a_key_is_replaced_by_itself()
    {
        using var plain = new ImmFixture();
        IServiceCollection services = new ServiceCollection().AddKeyedImm("archive");
        using ServiceProvider provider = plain.AddTo(_fixture.AddTo(services, "archive")).BuildServiceProvider();

        Assert.Same(_fixture.Registry, provider.GetRequiredKeyedService<ProjectRegistry>("archive"));
        Assert.Same(plain.Registry, provider.GetRequiredService<ProjectRegistry>());
    }

    [Fact]
    public void Rejects_null() => Assert.Throws<ArgumentNullException>(() => _fixture.AddTo(null!));
}
