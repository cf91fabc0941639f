using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Imm.Core.Model;
using Xunit;

namespace Imm.Core.Tests.Model;

/// <summary>The table of limits: requests, answers and documentation agree with it.</summary>
public sealed partial class LimitTests
{
    private static readonly Dictionary<string, string> Summaries = XDocument
        .Load(Path.ChangeExtension(typeof(Quota).Assembly.Location, ".xml"))
        .Descendants("member")
        .Where(member => member.Element("summary") is not null)
        .ToDictionary(
            member => member.Attribute("name")!.Value, member => Space().Replace(member.Element("summary")!.Value, " ").Trim());

    public static TheoryData<string> OfProject => [.. Names(Limit.OfProject)];

    public static TheoryData<string> OfDataset => [.. Names(Limit.OfDataset)];

    [Fact]
    public void Requests_and_answers_have_a_property_for_each_limit_and_no_other()
    {
        string[] project = Names(Limit.OfProject), dataset = Names(Limit.OfDataset);

        Assert.Equal(Limit.Count, project.Length);
        foreach (Type type in (Type[])[typeof(ProjectRequest), typeof(Quota), typeof(Project)])
        {
            Assert.Equal(project, LimitProperties(type));
        }

        foreach (Type type in (Type[])[typeof(DatasetRequest), typeof(DatasetQuota), typeof(Dataset)])
        {
            Assert.Equal(dataset, LimitProperties(type));
        }
    }

    [Theory]
    [MemberData(nameof(OfDataset))]
    public void A_dataset_takes_a_limit_from_its_request_or_else_from_its_project(string name)
    {
        var projectRequest = new CreateProjectRequest { ProjectName = "p" };
        Set(projectRequest, name, 3);
        var datasetRequest = new CreateDatasetRequest { ProjectName = "p", DatasetName = "d" };
        ScopeState state = State.With(null, Create(projectRequest), null);

        Assert.Equal(3L, Value(CreateDatasetIn(state, datasetRequest), name));
        Set(datasetRequest, name, 7);
        Dataset dataset = CreateDatasetIn(state, datasetRequest);

        Assert.Equal((3L, 7L), (Value(projectRequest, name), Value(datasetRequest, name)));
        Assert.Equal(7L, Value(dataset, name));
        Assert.Equal(7, dataset.Quota[Named(name)]);
        Assert.All(
            Names(Limit.OfDataset).Where(other => other != name), other => Assert.Equal(Named(other).Default, Value(dataset, other)));
    }

    [Theory]
    [MemberData(nameof(OfProject))]
    public void A_limit_that_was_not_checked_cannot_become_part_of_a_quota(string name) =>
        Assert.Throws<InvalidOperationException>(() => Quota.Default.With(new LimitSet<long?> { [Named(name)] = 0 }));

    [Fact]
    public void Limits_that_are_all_defaults_are_one_shared_instance()
    {
        LimitSet<long?> defaults = default;
        foreach (Limit limit in Limit.OfProject)
        {
            defaults[limit] = limit.Default;
        }

        var bindings = new LimitSet<long?> { [Limit.DatasetMaxBindCount] = 9 };
        Assert.Same(Quota.Default, Quota.Default.With(bindings).With(defaults));
        Assert.Same(DatasetQuota.Default, DatasetQuota.Default.With(bindings).With(defaults));
        Assert.Same(DatasetQuota.Default, Quota.Default.With(new LimitSet<long?> { [Limit.ProjectMaxDatasetCount] = 9 }).Dataset);
        Assert.Equal(Quota.Default.With(bindings), Quota.Default.With(bindings));
        Assert.Equal(Quota.Default.With(bindings).GetHashCode(), Quota.Default.With(bindings).GetHashCode());
        Assert.NotEqual(Quota.Default, Quota.Default.With(bindings));
        Assert.NotEqual(DatasetQuota.Default, DatasetQuota.Default.With(bindings));
        Assert.False(new LimitSet<long?>().AnySet());
        Assert.True(bindings.AnySet());
    }

    [Theory]
    [InlineData(0, 5, 3, true)]
    [InlineData(1, 2, 3, true)]
    [InlineData(1, 3, 3, false)]
    [InlineData(2, 2, 3, false)]
    [InlineData(1, 4, 3, false)]
    public void Growth_past_a_limit_is_refused_and_growth_by_0_is_not(ulong requested, long used, long limit, bool isAccepted)
    {
        ImmRefusal? refusal = Limit.DatasetMaxFileCount.CheckGrowth(requested, used, limit);

        Assert.Equal(isAccepted, refusal is null);
        if (!isAccepted)
        {
            Assert.Equal(
                (ImmErrorCode.LimitExceededError, "DatasetMaxFileCount", (long)requested, used, limit),
                (refusal!.Code, refusal.Parameter, refusal.Requested, refusal.Used, refusal.Limit));
        }
    }

    [Fact]
    public void Growth_by_more_than_64_bits_is_refused_without_a_number() =>
        Assert.Null(Limit.DatasetMaxTotalFileSize.CheckGrowth((UInt128)long.MaxValue + 1, 0, long.MaxValue)!.Requested);

    [Fact]
    public void A_limit_that_is_stored_only_cannot_refuse_growth() =>
        Assert.Throws<InvalidOperationException>(() => Limit.DatasetMaxEntityCount.CheckGrowth(1, 0, 1));

    [Theory]
    [MemberData(nameof(OfProject))]
    public void The_documentation_of_a_limit_says_its_range_its_default_and_if_it_is_enforced(string name)
    {
        Limit limit = Named(name);
        string range = $"{Number(Limit.Minimum)} to {Number(limit.Maximum)}";
        string owner = name == nameof(Quota.ProjectMaxDatasetCount) ? nameof(Quota) : nameof(DatasetQuota);

        string answer = Summaries[$"P:Imm.Core.{owner}.{name}"];
        Assert.Contains($": {range}, by default {Number(limit.Default)}. ", answer, StringComparison.Ordinal);
        Assert.EndsWith(limit.IsEnforced ? "Enforced." : "Stored, not enforced, as the service does.", answer, StringComparison.Ordinal);
        bool isOfDataset = Names(Limit.OfDataset).Contains(name);
        string forDatasets = isOfDataset ? ", the project's present limit for a new dataset" : "";
        Assert.EndsWith(
            $": {range}. Null: {Number(limit.Default)} for a new project{forDatasets}, unchanged in an update.",
            Summaries[$"P:Imm.Core.{(isOfDataset ? nameof(ResourceRequest) : nameof(ProjectRequest))}.{name}"],
            StringComparison.Ordinal);
    }

    internal static Limit Named(string name) =>
        Limit.OfProject.ToArray().FirstOrDefault(limit => limit.Name == name) ?? throw new ArgumentException($"{name} is not a limit.");

    private static ScopeState State { get; } = ScopeState.Empty(new Scope("account", "region"), new ServiceDefaults(100, 100, 100));

    private static string[] Names(ReadOnlySpan<Limit> limits) => [.. limits.ToArray().Select(limit => limit.Name)];

    private static string[] LimitProperties(Type type) =>
    [
        .. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Select(property => property.Name)
            .Where(name => name.Contains("Max", StringComparison.Ordinal))
            .OrderBy(name => Named(name).Index),
    ];

    private static void Set(object request, string name, long value) => request.GetType().GetProperty(name)!.SetValue(request, value);

    private static object? Value(object of, string name) => of.GetType().GetProperty(name)!.GetValue(of);

    private static Project Create(CreateProjectRequest request)
    {
        Assert.Null(CreateProject.Parse(request, out CreateProject? command));
        return command!.Decide(State, 0, null).Answer!;
    }

    private static Dataset CreateDatasetIn(ScopeState state, CreateDatasetRequest request)
    {
        Assert.Null(CreateDataset.Parse(request, out CreateDataset? command));
        return command!.Decide(state, 0, null).Answer!;
    }

    private static string Number(long value) => value == long.MaxValue ? "2^63−1" : value.ToString("N0", CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
