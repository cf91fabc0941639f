using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Xunit;

namespace Imm.Core.Tests.Hosting;

/// <summary>Stores in a generic host.</summary>
public sealed class HostTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly Observations _observations;

    public HostTests() => _observations = new Observations(_directory.File("store"));

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task The_store_is_open_before_the_first_service_starts_and_closed_with_the_host()
    {
        using (IHost host = Build(services => services.AddImm(options => options.Path = _directory.File("store"))))
        {
            await host.StartAsync();
            Assert.True(_observations.StoreExistedAtStart);
            host.Services.GetRequiredService<ProjectRegistry>().Create(new() { ProjectName = "p" });
            await host.StopAsync();
        }

        Assert.Equal(["store"], _directory.Names);
    }

    [Fact]
    public async Task A_keyed_store_is_open_too()
    {
        using IHost host = Build(services => services.AddKeyedImm("key", options => options.Path = _directory.File("store")));

        await host.StartAsync();

        Assert.True(_observations.StoreExistedAtStart);
    }

    [Fact]
    public async Task A_relative_path_is_relative_to_the_content_root_of_the_host()
    {
        Assert.NotEqual(_directory.Path, Environment.CurrentDirectory);
        HostApplicationBuilder builder = Host.CreateApplicationBuilder(ContentRootHere());
        builder.Configuration.AddInMemoryCollection([new("Imm:Path", "one.db")]);
        builder.Services.Configure<ImmStoreOptions>(builder.Configuration.GetSection("Imm"));
        builder.Services.AddImm();
        builder.Services.AddKeyedImm("two", options => options.Path = Path.Combine(".", "two.db"));
        builder.Services.AddKeyedImm("three").PostConfigure<ImmStoreOptions>("three", options => options.Path = "three.db");
        builder.Services.AddKeyedImm("four", options => options.Path = _directory.File("four.db"));
        using (IHost host = builder.Build())
        {
            await host.StartAsync();
            host.Services.GetRequiredService<ProjectRegistry>().Create(new() { ProjectName = "p" });
            await host.StopAsync();
        }

        Assert.Equal(["four.db", "one.db", "three.db", "two.db"], _directory.Names);
        Assert.Empty(Directory.GetFiles(Environment.CurrentDirectory, "one.db*"));
    }

    [Fact]
    public void A_relative_path_without_a_host_and_a_malformed_path_stay_unchanged()
    {
        using ServiceProvider alone = new ServiceCollection().AddImm(options => options.Path = "relative.db").BuildServiceProvider();
        Assert.Equal("relative.db", alone.GetRequiredService<IOptions<ImmStoreOptions>>().Value.Path);

        HostApplicationBuilder builder = Host.CreateApplicationBuilder(ContentRootHere());
        builder.Services.AddImm(options => options.InMemory = true);
        using IHost inMemory = builder.Build();
        Assert.Null(inMemory.Services.GetRequiredService<IOptions<ImmStoreOptions>>().Value.Path);

        using IHost refused = Build(services => services.AddImm(options => options.Path = "a\0b"));
        Assert.Throws<OptionsValidationException>(() => refused.Services.GetRequiredService<ImmStore>());
    }

    [Fact]
    public async Task An_invalid_option_stops_the_start_with_every_fault_before_any_service_starts()
    {
        using IHost host = Build(services => services.AddImm(options =>
        {
            options.Path = " ";
            options.ProjectQueriesPerSecond = 0;
        }));

        OptionsValidationException refused = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());

        Assert.Equal(2, refused.Failures.Count());
        Assert.Null(_observations.StoreExistedAtStart);
    }

    [Fact]
    public async Task An_invalid_option_of_the_RPC_endpoint_stops_the_start_too()
    {
        using IHost host = Build(services => services
            .AddImm(options => options.InMemory = true)
            .Configure<ImmApiOptions>(options => options.HostFormat = ""));

        await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());

        Assert.Null(_observations.StoreExistedAtStart);
    }

    [Fact]
    public async Task A_file_that_cannot_be_opened_stops_the_start()
    {
        using ImmStore holder = ImmStore.Open(_directory.File("store"));
        using IHost host = Build(services => services.AddImm(options => options.Path = _directory.File("store")));

        ImmException refused = await Assert.ThrowsAsync<ImmException>(() => host.StartAsync());

        Assert.Equal(ImmErrorCode.ServiceUnavailable, refused.Code);
        Assert.Null(_observations.StoreExistedAtStart);
    }

    [Fact]
    public async Task The_faults_of_all_stores_and_of_other_options_are_reported_together()
    {
        using IHost host = Build(services => services
            .AddImm(options => (options.InMemory, options.ProjectQuota) = (true, -1))
            .AddKeyedImm("key", options => (options.InMemory, options.EngineConcurrency) = (true, 0))
            .AddOptions<Observations>().Validate(_ => false, "The application's own fault.").ValidateOnStart());

        AggregateException refused = await Assert.ThrowsAsync<AggregateException>(() => host.StartAsync());

        string[] failures = [.. refused.InnerExceptions.Cast<OptionsValidationException>().SelectMany(exception => exception.Failures)];
        Assert.Equal(3, failures.Length);
        Assert.Contains(failures, failure => failure.Contains("ProjectQuota", StringComparison.Ordinal));
        Assert.Contains(failures, failure => failure.Contains("EngineConcurrency", StringComparison.Ordinal));
        Assert.Contains("The application's own fault.", failures);
    }

    private HostApplicationBuilderSettings ContentRootHere() => new() { ContentRootPath = _directory.Path };

    private IHost Build(Action<IServiceCollection> add)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton(_observations).AddHostedService<Observer>();
        add(builder.Services);
        return builder.Build();
    }

    private sealed class Observations(string path)
    {
        public Observations()
            : this("")
        {
        }

        public bool? StoreExistedAtStart { get; set; }

        public void Look() => StoreExistedAtStart = File.Exists(path);
    }

    private sealed class Observer(Observations observations) : IHostedLifecycleService
    {
        public Task StartingAsync(CancellationToken cancellationToken)
        {
            observations.Look();
            return Task.CompletedTask;
        }

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
