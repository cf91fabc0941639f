using System.Reflection;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Xunit;

namespace Imm.Core.Tests.Hosting;

/// <summary>Options from a section of the configuration: every option is read, and a mistake is refused by its path.</summary>
public sealed class ConfigurationTests
{
    [Fact]
    public void Every_option_that_a_text_can_give_is_read()
    {
        using ServiceProvider services = Services("""
            {
              "Imm": {
                "Name": "n", "Path": "store.db", "InMemory": true, "ProjectQuota": 7, "MaxLoadedProjects": 8, "Durability": "relaxed",
                "MaxWaitingWrites": 9, "KeptChanges": 10, "DefaultAccountId": "42", "DefaultRegionId": "cn-beijing",
                "ProjectQueriesPerSecond": 11, "EngineConcurrency": 12, "BindingRunsAfter": "00:00:03", "BindingIsScannedAfter": "00:00:04",
                "TimeOffset": "-03:00:00", "Schema": "s", "ReadConsistency": "local", "DatabasePatience": "00:00:05",
                "WatchInterval": "00:00:06", "Api": { "HostFormat": "host", "TimeOffset": "05:45:00" }
              }
            }
            """);
        var options = new ImmStoreOptions();
        foreach (IConfigureOptions<ImmStoreOptions> setup in services.GetServices<IConfigureOptions<ImmStoreOptions>>())
        {
            setup.Configure(options);
        }

        var defaults = new ImmStoreOptions();
        IEnumerable<PropertyInfo> unread = typeof(ImmStoreOptions).GetProperties()
            .Where(property => Equals(property.GetValue(defaults), property.GetValue(options)));

        // Services and functions are given by code.
        Assert.Equal(
            ["Authorizer", "DataSource", "LoggerFactory", "MeterFactory", "TimeProvider"],
            unread.Select(property => property.Name).Order());
        Assert.Equal(
            ("n", "store.db", true, 7, 8L, Durability.Relaxed, 9, 10),
            (
                options.Name, options.Path, options.InMemory, options.ProjectQuota, options.MaxLoadedProjects, options.Durability,
                options.MaxWaitingWrites, options.KeptChanges));
        Assert.Equal(
            ("42", "cn-beijing", 11L, 12L, 3d, 4d, -3d),
            (
                options.DefaultAccountId, options.DefaultRegionId, options.ProjectQueriesPerSecond, options.EngineConcurrency,
                options.BindingRunsAfter.TotalSeconds, options.BindingIsScannedAfter.TotalSeconds, options.TimeOffset.TotalHours));
        Assert.Equal(
            ("s", ReadConsistency.Local, 5d, 6d),
            (
                options.Schema, options.ReadConsistency, options.DatabasePatience.TotalSeconds, options.WatchInterval.TotalSeconds));
        ImmApiOptions api = services.GetRequiredService<IOptions<ImmApiOptions>>().Value;
        Assert.Equal(("host", new TimeSpan(5, 45, 0)), (api.HostFormat, api.TimeOffset));
    }

    [Fact]
    public void Null_is_the_value_of_an_option_that_may_be_null()
    {
        using ServiceProvider services = Services(
            """{ "Imm": { "Path": null, "Name": null, "MaxLoadedProjects": null, "InMemory": "TRUE" } }""", options =>
        {
            options.Path = "store.db";
            options.Name = "n";
            options.MaxLoadedProjects = 1;
        });

        ImmStoreOptions options = services.GetRequiredService<IOptions<ImmStoreOptions>>().Value;

        Assert.Equal((null, null, null, true), (options.Path, options.Name, options.MaxLoadedProjects, options.InMemory));
    }

    [Theory]
    [InlineData("""{ "ProjectQouta": 5 }""", "Imm:ProjectQouta: there is no such key. The keys are Name, Path, InMemory, ")]
    [InlineData("""{ "TimeProvider": "x" }""", "Imm:TimeProvider: there is no such key.")]
    [InlineData("""{ "Ram": { "Mode": "Strict" } }""", "Imm:Ram: there is no such key.")]
    [InlineData("""{ "Api": { "Hostformat ": "x" } }""", "Imm:Api:Hostformat : there is no such key. The keys are HostFormat, TimeOffset.")]
    [InlineData("""{ "Api": "x" }""", "Imm:Api: is 'x'; it must be a section of names.")]
    [InlineData("""{ "ProjectQuota": "many" }""", "Imm:ProjectQuota: is 'many'; it must be a whole number up to 2147483647.")]
    [InlineData("""{ "ProjectQuota": "1 000" }""", "Imm:ProjectQuota: is '1 000'; it must be a whole number up to 2147483647.")]
    [InlineData("""{ "ProjectQuota": null }""", "Imm:ProjectQuota: is null; it must be a text.")]
    [InlineData("""{ "ProjectQuota": [ 1 ] }""", "Imm:ProjectQuota: is a section or a list; it must be one value.")]
    [InlineData("""{ "EngineConcurrency": 1.5 }""", "Imm:EngineConcurrency: is '1.5'; it must be a whole number up to 92233720368")]
    [InlineData("""{ "InMemory": "yes" }""", "Imm:InMemory: is 'yes'; it must be true or false.")]
    [InlineData("""{ "Durability": "1" }""", "Imm:Durability: is '1'; it must be one of Durable, Relaxed.")]
    [InlineData("""{ "Durability": "safe" }""", "Imm:Durability: is 'safe'; it must be one of Durable, Relaxed.")]
    [InlineData("""{ "ReadConsistency": "-1" }""", "Imm:ReadConsistency: is '-1'; it must be Linearizable, Local, or an age such as")]
    [InlineData("""{ "ReadConsistency": "2" }""", "Imm:ReadConsistency: is '2'; it must be Linearizable, Local, or an age such as")]
    [InlineData("""{ "ReadConsistency": "1" }""", "Imm:ReadConsistency: is '1'; it must be Linearizable, Local, or an age such as")]
    [InlineData("""{ "TimeOffset": "8h" }""", "Imm:TimeOffset: is '8h'; it must be a time such as 00:00:30, or 1.00:00:00 for a day.")]
    [InlineData("""{ "WatchInterval": "1" }""", "Imm:WatchInterval: is '1'; it must be a time such as 00:00:30, or 1.00:00:00 for")]
    [InlineData("""{ "DatabasePatience": 0 }""", "Imm:DatabasePatience: is '0'; it must be a time such as 00:00:30, or 1.00:00:00")]
    [InlineData("""{ "BindingRunsAfter": "24:00:00" }""", "Imm:BindingRunsAfter: is '24:00:00'; it must be a time such as 00:00:30")]
    [InlineData("""{ "Api": { "TimeOffset": "8" } }""", "Imm:Api:TimeOffset: is '8'; it must be a time such as 00:00:30, or 1.00:00:00")]
    public async Task A_mistake_stops_the_start_and_is_named_by_its_path(string section, string message)
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration.AddJsonStream(Json($$"""{ "Imm": {{section}} }"""));
        builder.Services.AddImm(builder.Configuration.GetSection("Imm"));
        builder.Services.PostConfigure<ImmStoreOptions>(options => (options.Path, options.InMemory) = (null, true));
        using IHost host = builder.Build();

        OptionsValidationException refused = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());

        Assert.StartsWith(message, Assert.Single(refused.Failures), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("LINEARIZABLE", 0)]
    [InlineData("00:00:05", 5)]
    [InlineData("1.00:00:00", 86_400)]
    public void The_consistency_of_reads_is_a_name_or_an_age(string text, int seconds)
    {
        using ServiceProvider services = Services($$"""{ "Imm": { "InMemory": true, "ReadConsistency": "{{text}}" } }""");

        Assert.Equal(
            seconds == 0 ? ReadConsistency.Linearizable : ReadConsistency.Bounded(TimeSpan.FromSeconds(seconds)),
            services.GetRequiredService<IOptions<ImmStoreOptions>>().Value.ReadConsistency);
    }

    [Fact]
    public void All_mistakes_are_named_at_once()
    {
        using ServiceProvider services = Services("""{ "Imm": { "Pth": "x", "InMemory": 1, "ProjectQuota": 5 } }""");

        OptionsValidationException refused =
            Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<ImmStore>());

        Assert.Equal(["Imm:InMemory:", "Imm:Pth:"], refused.Failures.Select(failure => failure.Split(' ')[0]).Order());
    }

    [Fact]
    public void A_keyed_store_has_a_section_of_its_own()
    {
        IConfiguration configuration = new ConfigurationBuilder().AddJsonStream(Json("""
            { "Stores": { "a": { "InMemory": true, "ProjectQuota": 1 }, "b": { "InMemory": true, "ProjectQuota": 2 } } }
            """)).Build();
        using ServiceProvider services = new ServiceCollection()
            .AddKeyedImm("a", configuration.GetSection("Stores:a"))
            .AddKeyedImm("b", configuration.GetSection("Stores:b"))
            .BuildServiceProvider();

        Assert.Equal(1, services.GetRequiredKeyedService<ProjectRegistry>("a").ProjectQuota);
        Assert.Equal(2, services.GetRequiredKeyedService<ProjectRegistry>("b").ProjectQuota);
    }

    private static ServiceProvider Services(string json, Action<ImmStoreOptions>? before = null) => new ServiceCollection()
        .Configure<ImmStoreOptions>(before ?? (_ => { }))
        .AddImm(new ConfigurationBuilder().AddJsonStream(Json(json)).Build().GetSection("Imm"))
        .BuildServiceProvider();

    private static MemoryStream Json(string json) => new(Encoding.UTF8.GetBytes(json));
}
