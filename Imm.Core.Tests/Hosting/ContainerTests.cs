using System.Diagnostics.Metrics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Imm.Core.Tests.Hosting;

/// <summary>Stores in a container, without a host.</summary>
public sealed class ContainerTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task AddImm_adds_a_store_in_memory_its_registry_and_its_RPC_endpoint_as_singletons()
    {
        using ServiceProvider services = new ServiceCollection()
            .AddImm(options => options.InMemory = true)
            .BuildServiceProvider(validateScopes: true);

        services.GetRequiredService<ProjectRegistry>().Create(new() { ProjectName = "p" });

        using IServiceScope scope = services.CreateScope();
        ImmStore store = scope.ServiceProvider.GetRequiredService<ImmStore>();
        Assert.Same(services.GetRequiredService<ImmStore>(), store);
        Assert.Same(services.GetRequiredService<ProjectRegistry>(), scope.ServiceProvider.GetRequiredService<ProjectRegistry>());
        Assert.True(store.Registry("default", "local").TryGet("p", out _));
        ImmApiResponse response = await services.GetRequiredService<ImmApi>()
            .InvokeAsync("default", "local", "GetProject", [new("ProjectName", "p")]);
        Assert.Equal(200, response.StatusCode);
    }

    [Fact]
    public void The_container_closes_the_store()
    {
        string path = _directory.File("store");
        ServiceProvider services = new ServiceCollection().AddImm(options => options.Path = path).BuildServiceProvider();
        ImmStore store = services.GetRequiredService<ImmStore>();
        services.GetRequiredService<ProjectRegistry>().Create(new() { ProjectName = "p" });

        services.Dispose();

        Assert.Equal(ImmStoreState.Closed, store.Status.State);
        Assert.Equal(["store"], _directory.Names);
        using ImmStore again = ImmStore.Open(path);
        Assert.True(again.Registry().TryGet("p", out _));
    }

    [Fact]
    public async Task A_container_that_is_disposed_asynchronously_closes_the_store_too()
    {
        string path = _directory.File("store");
        ServiceProvider services = new ServiceCollection().AddImm(options => options.Path = path).BuildServiceProvider();
        ImmStore store = services.GetRequiredService<ImmStore>();

        await services.DisposeAsync();

        Assert.Equal(ImmStoreState.Closed, store.Status.State);
        Assert.Equal(["store"], _directory.Names);
    }

    [Fact]
    public void Without_a_host_the_store_is_opened_when_it_is_first_resolved()
    {
        string path = _directory.File("store");
        using ServiceProvider services = new ServiceCollection().AddImm(options => options.Path = path).BuildServiceProvider(
            new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });

        Assert.False(File.Exists(path));
        _ = services.GetRequiredService<ProjectRegistry>();
        Assert.True(File.Exists(path));
    }

    [Fact]
    public void Options_are_configured_by_every_source_in_the_order_of_registration()
    {
        IConfiguration configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["Imm:InMemory"] = "true",
                ["Imm:ProjectQuota"] = "7",
                ["Imm:Durability"] = "Relaxed",
                ["Imm:DefaultAccountId"] = "1234",
                ["Imm:DefaultRegionId"] = "cn-beijing",
                ["Imm:TimeOffset"] = "-03:00",
            })
            .Build();
        var collection = new ServiceCollection();
        collection.Configure<ImmStoreOptions>(configuration.GetSection("Imm"));
        collection.AddImm(options => options.DefaultRegionId = "cn-shanghai");
        collection.PostConfigure<ImmStoreOptions>(options => options.EngineConcurrency = 3);
        using ServiceProvider services = collection.BuildServiceProvider();

        ProjectRegistry registry = services.GetRequiredService<ProjectRegistry>();

        Assert.Equal(("1234", "cn-shanghai", 7), (registry.AccountId, registry.RegionId, registry.ProjectQuota));
        Assert.Equal(3, registry.Create(new() { ProjectName = "p" }).EngineConcurrency);
        ImmStoreOptions options = services.GetRequiredService<IOptions<ImmStoreOptions>>().Value;
        Assert.Equal((Durability.Relaxed, TimeSpan.FromHours(-3)), (options.Durability, options.TimeOffset));
    }

    [Fact]
    public async Task The_RPC_endpoint_takes_its_options_from_the_container()
    {
        using ServiceProvider services = new ServiceCollection()
            .AddImm(options => (options.InMemory, options.TimeOffset) = (true, TimeSpan.FromHours(-3)))
            .Configure<ImmApiOptions>(options => options.HostFormat = "imm.example")
            .BuildServiceProvider();
        ImmApi api = services.GetRequiredService<ImmApi>();

        Assert.Contains("\"imm.example\"", await GetAsync(), StringComparison.Ordinal);
        services.GetRequiredService<ProjectRegistry>().Create(new() { ProjectName = "p" });
        Assert.Contains("-03:00\"", await GetAsync(), StringComparison.Ordinal);

        async Task<string> GetAsync() => (await api.InvokeAsync("default", "local", "GetProject", [new("ProjectName", "p")])).Json;
    }

    [Fact]
    public void Services_of_the_container_are_the_initial_values_of_the_options()
    {
        using ServiceProvider services = Services(new NobodyMay("the container's"))
            .AddImm(options => options.InMemory = true)
            .BuildServiceProvider();

        ImmStoreOptions options = services.GetRequiredService<IOptionsMonitor<ImmStoreOptions>>().CurrentValue;

        Assert.Same(services.GetRequiredService<TimeProvider>(), options.TimeProvider);
        Assert.Same(services.GetRequiredService<IMeterFactory>(), options.MeterFactory);
        Assert.NotNull(options.LoggerFactory);
        ImmException refused = Assert.Throws<ImmException>(() => services.GetRequiredService<ProjectRegistry>().Get("p"));
        Assert.Contains("the container's", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Configured_values_override_services_of_the_container_also_null_and_also_before_AddImm()
    {
        using ServiceProvider services = Services(new NobodyMay("the container's"))
            .Configure<ImmStoreOptions>(options =>
            {
                options.TimeProvider = TimeProvider.System;
                options.Authorizer = null;
                options.LoggerFactory = null;
                options.MeterFactory = null;
            })
            .AddImm(options => options.InMemory = true)
            .BuildServiceProvider();

        Project project = services.GetRequiredService<ProjectRegistry>().Create(new() { ProjectName = "p" });

        Assert.NotEqual(Now, project.CreateTime);
    }

    [Fact]
    public void Adding_a_store_twice_adds_one_store_with_the_options_of_both()
    {
        using ServiceProvider services = new ServiceCollection()
            .AddImm(options => (options.InMemory, options.ProjectQuota) = (true, 5))
            .AddImm(options => options.DefaultRegionId = "cn-beijing")
            .BuildServiceProvider();

        Assert.Single(services.GetServices<ImmStore>());
        Assert.Equal(2, services.GetServices<IValidateOptions<ImmStoreOptions>>().Count());
        ProjectRegistry registry = services.GetRequiredService<ProjectRegistry>();
        Assert.Equal((5, "cn-beijing"), (registry.ProjectQuota, registry.RegionId));
    }

    [Fact]
    public void Keyed_stores_are_separate_stores()
    {
        string first = _directory.File("first");
        string second = _directory.File("second");
        using ServiceProvider services = new ServiceCollection()
            .AddImm(options => options.InMemory = true)
            .AddKeyedImm("first", options => options.Path = first)
            .AddKeyedImm("second")
            .Configure<ImmStoreOptions>("second", options => options.Path = second)
            .BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });

        services.GetRequiredKeyedService<ProjectRegistry>("first").Create(new() { ProjectName = "p" });

        Assert.True(services.GetRequiredKeyedService<ImmStore>("first").Registry().TryGet("p", out _));
        Assert.False(services.GetRequiredKeyedService<ProjectRegistry>("second").TryGet("p", out _));
        Assert.False(services.GetRequiredService<ProjectRegistry>().TryGet("p", out _));
        Assert.NotSame(services.GetRequiredKeyedService<ImmApi>("first"), services.GetRequiredKeyedService<ImmApi>("second"));
        Assert.True(File.Exists(first) && File.Exists(second));
        Assert.Null(services.GetKeyedService<ImmStore>("third"));
    }

    [Fact]
    public void A_keyed_authorizer_has_precedence_over_one_without_a_key()
    {
        using ServiceProvider services = new ServiceCollection()
            .AddSingleton<IImmAuthorizer>(new NobodyMay("everybody's"))
            .AddKeyedSingleton<IImmAuthorizer>("own", new NobodyMay("its own"))
            .AddKeyedImm("own", options => options.InMemory = true)
            .AddKeyedImm("other", options => options.InMemory = true)
            .BuildServiceProvider();

        Assert.Contains("its own", Denied("own"), StringComparison.Ordinal);
        Assert.Contains("everybody's", Denied("other"), StringComparison.Ordinal);

        string Denied(string key) =>
            Assert.Throws<ImmException>(() => services.GetRequiredKeyedService<ProjectRegistry>(key).Get("p")).Message;
    }

    [Fact]
    public void Invalid_options_are_rejected_with_every_fault_and_the_name_of_the_store()
    {
        using ServiceProvider services = new ServiceCollection()
            .AddKeyedImm("bad", options =>
            {
                options.Path = "";
                options.ProjectQuota = -1;
                options.EngineConcurrency = 0;
            })
            .BuildServiceProvider();

        OptionsValidationException refused = Assert.Throws<OptionsValidationException>(
            () => services.GetRequiredKeyedService<ProjectRegistry>("bad"));

        Assert.Equal("bad", refused.OptionsName);
        Assert.Equal(3, refused.Failures.Count());
        Assert.All(refused.Failures, failure => Assert.StartsWith("Store 'bad': Property ", failure, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("archive")]
    public void A_store_that_is_neither_in_a_file_nor_in_memory_is_rejected_by_its_name(string? key)
    {
        var collection = new ServiceCollection();
        using ServiceProvider services = (key is null ? collection.AddImm() : collection.AddKeyedImm(key)).BuildServiceProvider();

        OptionsValidationException refused = Assert.Throws<OptionsValidationException>(() => key is null
            ? services.GetRequiredService<ImmStore>()
            : services.GetRequiredKeyedService<ImmStore>(key));

        string failure = Assert.Single(refused.Failures);
        Assert.StartsWith(
            key is null ? "Property Path: is not set." : "Store 'archive': Property Path: is not set.", failure, StringComparison.Ordinal);
        Assert.Contains("InMemory", failure, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_of_the_RPC_endpoint_that_are_invalid_are_rejected_by_the_name_of_the_store()
    {
        using ServiceProvider services = new ServiceCollection()
            .AddKeyedImm("archive", options => options.InMemory = true)
            .Configure<ImmApiOptions>("archive", options => options.HostFormat = "")
            .BuildServiceProvider();

        string failure = Assert.Single(
            Assert.Throws<OptionsValidationException>(() => services.GetRequiredKeyedService<ImmApi>("archive")).Failures);

        Assert.StartsWith("Store 'archive': Property HostFormat: ", failure, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_argument_throws_an_argument_exception()
    {
        var services = new ServiceCollection();

        Assert.Throws<ArgumentNullException>("services", () => default(IServiceCollection)!.AddImm());
        Assert.Throws<ArgumentNullException>("services", () => default(IServiceCollection)!.AddKeyedImm("key"));
        Assert.Throws<ArgumentNullException>("configure", () => services.AddImm((Action<ImmStoreOptions>)null!));
        Assert.Throws<ArgumentNullException>("configure", () => services.AddKeyedImm("key", (Action<ImmStoreOptions>)null!));
        Assert.Throws<ArgumentNullException>("configuration", () => services.AddImm((IConfiguration)null!));
        Assert.Throws<ArgumentNullException>("configuration", () => services.AddKeyedImm("key", (IConfiguration)null!));
        Assert.Throws<ArgumentNullException>("configuration", () => services.AddImmRam((IConfiguration)null!));
        Assert.Throws<ArgumentNullException>("key", () => services.AddKeyedImm(null!));
        Assert.Throws<ArgumentException>("key", () => services.AddKeyedImm(" "));
        Assert.Empty(services);
    }

    private static IServiceCollection Services(IImmAuthorizer authorizer) => new ServiceCollection()
        .AddLogging()
        .AddMetrics()
        .AddSingleton<TimeProvider>(new FakeTimeProvider(Now))
        .AddSingleton(authorizer);

    private sealed class NobodyMay(string reason) : IImmAuthorizer
    {
        public AuthorizationDecision Authorize(AuthorizationRequest request) => AuthorizationDecision.Deny(reason);
    }
}
