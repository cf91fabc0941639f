using System.Reflection;
using System.Xml.Linq;
using Microsoft.Extensions.Options;
using Xunit;

namespace Imm.Core.Tests.Hosting;

/// <summary>The options of a store: their ranges, their default values and their effects.</summary>
public sealed class StoreOptionsTests
{
    private static readonly Dictionary<string, Action<ImmStoreOptions>[]> Bad = new()
    {
        [nameof(ImmStoreOptions.Name)] = [o => o.Name = "", o => o.Name = " \t"],
        [nameof(ImmStoreOptions.InMemory)] = [o => (o.InMemory, o.Path) = (true, "store.db")],
        [nameof(ImmStoreOptions.Path)] = [o => o.Path = "", o => o.Path = "  ", o => o.Path = "a\0b"],
        [nameof(ImmStoreOptions.ProjectQuota)] = [o => o.ProjectQuota = -1, o => o.ProjectQuota = int.MinValue],
        [nameof(ImmStoreOptions.MaxLoadedProjects)] = [o => o.MaxLoadedProjects = 0, o => o.MaxLoadedProjects = long.MinValue],
        [nameof(ImmStoreOptions.Durability)] = [o => o.Durability = (Durability)2, o => o.Durability = (Durability)(-1)],
        [nameof(ImmStoreOptions.MaxWaitingWrites)] = [o => o.MaxWaitingWrites = 0, o => o.MaxWaitingWrites = int.MinValue],
        [nameof(ImmStoreOptions.KeptChanges)] = [o => o.KeptChanges = -1, o => o.KeptChanges = 65_537],
        [nameof(ImmStoreOptions.DefaultAccountId)] =
        [
            o => o.DefaultAccountId = null!,
            o => o.DefaultAccountId = "",
            o => o.DefaultAccountId = "a:b",
            o => o.DefaultAccountId = new string('1', 65),
        ],
        [nameof(ImmStoreOptions.DefaultRegionId)] =
        [
            o => o.DefaultRegionId = null!,
            o => o.DefaultRegionId = "",
            o => o.DefaultRegionId = "A",
            o => o.DefaultRegionId = new string('a', 65),
        ],
        [nameof(ImmStoreOptions.ProjectQueriesPerSecond)] =
            [o => o.ProjectQueriesPerSecond = 0, o => o.ProjectQueriesPerSecond = long.MinValue],
        [nameof(ImmStoreOptions.EngineConcurrency)] = [o => o.EngineConcurrency = 0, o => o.EngineConcurrency = long.MinValue],
        [nameof(ImmStoreOptions.BindingRunsAfter)] = [o => o.BindingRunsAfter = TimeSpan.FromTicks(-1)],
        [nameof(ImmStoreOptions.BindingIsScannedAfter)] = [o => o.BindingIsScannedAfter = TimeSpan.MinValue],
        [nameof(ImmStoreOptions.TimeOffset)] =
        [
            o => o.TimeOffset = new TimeSpan(14, 1, 0),
            o => o.TimeOffset = new TimeSpan(-14, -1, 0),
            o => o.TimeOffset = TimeSpan.FromSeconds(1),
            o => o.TimeOffset = TimeSpan.MinValue,
        ],
        [nameof(ImmStoreOptions.TimeProvider)] = [o => o.TimeProvider = null!],
    };

    private static readonly Action<ImmStoreOptions>[] Good =
    [
        _ => { },
        o => o.Name = "n",
        o => o.Path = null,
        o => o.InMemory = true,
        o => o.ProjectQuota = 0,
        o => o.ProjectQuota = int.MaxValue,
        o => o.MaxLoadedProjects = null,
        o => o.MaxLoadedProjects = 1,
        o => o.MaxLoadedProjects = long.MaxValue,
        o => o.Durability = Durability.Relaxed,
        o => o.MaxWaitingWrites = 1,
        o => o.MaxWaitingWrites = int.MaxValue,
        o => o.KeptChanges = 0,
        o => o.KeptChanges = 65_536,
        o => o.DefaultAccountId = new string('A', 64),
        o => o.DefaultRegionId = "0",
        o => o.DefaultRegionId = new string('-', 64),
        o => o.ProjectQueriesPerSecond = 1,
        o => o.ProjectQueriesPerSecond = long.MaxValue,
        o => o.EngineConcurrency = 1,
        o => o.EngineConcurrency = long.MaxValue,
        o => o.BindingRunsAfter = TimeSpan.Zero,
        o => o.BindingIsScannedAfter = TimeSpan.MaxValue,
        o => o.TimeOffset = TimeSpan.FromHours(14),
        o => o.TimeOffset = TimeSpan.FromHours(-14),
        o => o.TimeOffset = new TimeSpan(5, 45, 0),
    ];

    public static TheoryData<string, int> BadOptions
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach ((string name, Action<ImmStoreOptions>[] ways) in Bad)
            {
                for (int i = 0; i < ways.Length; i++)
                {
                    data.Add(name, i);
                }
            }

            return data;
        }
    }

    public static TheoryData<int> GoodOptions => [.. Enumerable.Range(0, Good.Length)];

    private static PropertyInfo[] Properties => typeof(ImmStoreOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance);

    [Fact]
    public void The_defaults_are_those_of_the_service()
    {
        var defaults = new Dictionary<string, object?>
        {
            [nameof(ImmStoreOptions.Name)] = null,
            [nameof(ImmStoreOptions.Path)] = null,
            [nameof(ImmStoreOptions.InMemory)] = false,
            [nameof(ImmStoreOptions.DataSource)] = null,
            [nameof(ImmStoreOptions.Schema)] = "imm",
            [nameof(ImmStoreOptions.ReadConsistency)] = ReadConsistency.Linearizable,
            [nameof(ImmStoreOptions.DatabasePatience)] = TimeSpan.FromSeconds(30),
            [nameof(ImmStoreOptions.WatchInterval)] = TimeSpan.FromSeconds(1),
            [nameof(ImmStoreOptions.ProjectQuota)] = 100,
            [nameof(ImmStoreOptions.Durability)] = Durability.Durable,
            [nameof(ImmStoreOptions.MaxWaitingWrites)] = 65_536,
            [nameof(ImmStoreOptions.MaxLoadedProjects)] = null,
            [nameof(ImmStoreOptions.KeptChanges)] = 4096,
            [nameof(ImmStoreOptions.DefaultAccountId)] = "default",
            [nameof(ImmStoreOptions.DefaultRegionId)] = "local",
            [nameof(ImmStoreOptions.ProjectQueriesPerSecond)] = 100L,
            [nameof(ImmStoreOptions.EngineConcurrency)] = 100L,
            [nameof(ImmStoreOptions.BindingRunsAfter)] = TimeSpan.FromSeconds(1),
            [nameof(ImmStoreOptions.BindingIsScannedAfter)] = TimeSpan.FromSeconds(2),
            [nameof(ImmStoreOptions.TimeOffset)] = TimeSpan.FromHours(8),
            [nameof(ImmStoreOptions.TimeProvider)] = TimeProvider.System,
            [nameof(ImmStoreOptions.Authorizer)] = null,
            [nameof(ImmStoreOptions.LoggerFactory)] = null,
            [nameof(ImmStoreOptions.MeterFactory)] = null,
        };
        var options = new ImmStoreOptions();

        Assert.Equal(defaults, Properties.ToDictionary(property => property.Name, property => property.GetValue(options)));
    }

    [Fact]
    public void Every_option_documents_its_default_value()
    {
        XDocument documentation = XDocument.Load(Path.ChangeExtension(typeof(ImmStoreOptions).Assembly.Location, ".xml"));
        Dictionary<string, string> values = documentation.Descendants("member")
            .Where(member => member.Element("value") is not null)
            .ToDictionary(member => member.Attribute("name")!.Value, member => member.Element("value")!.Value);

        Assert.Equal(
            [],
            Properties
                .Where(property => !values.TryGetValue($"P:Imm.Core.ImmStoreOptions.{property.Name}", out string? value)
                    || !value.Contains("The default value is ", StringComparison.Ordinal))
                .Select(property => property.Name));
    }

    [Theory]
    [MemberData(nameof(GoodOptions))]
    public void Both_ends_of_a_range_are_valid(int index)
    {
        var options = new ImmStoreOptions();
        Good[index](options);

        Assert.True(new ImmStoreOptionsValidator().Validate(Options.DefaultName, options).Succeeded);
    }

    [Theory]
    [MemberData(nameof(BadOptions))]
    public void An_option_out_of_its_range_is_rejected_by_name_and_nothing_is_opened(string name, int index)
    {
        var options = new ImmStoreOptions();
        Bad[name][index](options);

        OptionsValidationException refused = Assert.Throws<OptionsValidationException>(() => ImmStore.Open(options));

        Assert.Contains(name, Assert.Single(refused.Failures), StringComparison.Ordinal);
        Assert.Throws<OptionsValidationException>(() => ImmStore.InMemory(options));
    }

    [Fact]
    public void All_invalid_options_are_reported_at_once()
    {
        var options = new ImmStoreOptions();
        foreach (Action<ImmStoreOptions>[] ways in Bad.Values)
        {
            ways[0](options);
        }

        OptionsValidationException refused = Assert.Throws<OptionsValidationException>(() => ImmStore.Open(options));

        Assert.Equal(Bad.Count, refused.Failures.Count());
        Assert.All(Bad.Keys, name => Assert.Contains(name, refused.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Projects_report_the_values_of_the_options()
    {
        using ImmStore store = ImmStore.InMemory(
            new ImmStoreOptions { ProjectQuota = 1, ProjectQueriesPerSecond = 7, EngineConcurrency = long.MaxValue });

        Project project = store.Registry().Create(new() { ProjectName = "p" });

        Assert.Equal(7, project.ProjectQueriesPerSecond);
        Assert.Equal(long.MaxValue, project.EngineConcurrency);
        Assert.Equal(1, store.Registry().ProjectQuota);
    }

    [Fact]
    public void The_default_registry_is_that_of_the_default_account_and_region()
    {
        using ImmStore store = ImmStore.InMemory(new ImmStoreOptions { DefaultAccountId = "1234", DefaultRegionId = "cn-beijing" });

        store.Registry().Create(new() { ProjectName = "p" });

        Assert.Equal(("1234", "cn-beijing"), (store.Registry().AccountId, store.Registry().RegionId));
        Assert.True(store.Registry("1234", "cn-beijing").TryGet("p", out _));
        store.Dispose();
        Assert.Throws<ObjectDisposedException>(() => store.Registry());
    }

    [Fact]
    public async Task RPC_times_are_at_the_offset_of_the_store_unless_the_endpoint_has_its_own()
    {
        using ImmStore store = ImmStore.InMemory(new ImmStoreOptions { TimeOffset = TimeSpan.FromHours(-3) });
        store.Registry().Create(new() { ProjectName = "p" });

        Assert.Contains("-03:00\"", await Get(new ImmApi(store)), StringComparison.Ordinal);
        var options = new ImmApiOptions { TimeOffset = new TimeSpan(5, 45, 0) };
        Assert.Contains("+05:45\"", await Get(new ImmApi(store, options)), StringComparison.Ordinal);
    }

    private static async Task<string> Get(ImmApi api) =>
        (await api.InvokeAsync("default", "local", "GetProject", [new("ProjectName", "p")])).Json;
}
