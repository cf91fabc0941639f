using System.Collections;
using System.Reflection;
using Imm.Core.Testing;
using Imm.Core.Tests.Storage;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Imm.Core.Tests.Conventions;

/// <summary>Lists that the library returns are read-only, after a cast too: several callers may have the same list.</summary>
public sealed class AnswerTests : IDisposable
{
    private const string Policy = """{"Version":"1","Statement":[{"Effect":"Allow","Action":"imm:GetProjects","Resource":"*"}]}""";

    private readonly Collecting _authorizer = new();
    private readonly ImmFixture _fixture;

    public AnswerTests() => _fixture = new ImmFixture(new ImmFixtureOptions { Authorizer = _authorizer });

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task Lists_that_are_returned_are_read_only()
    {
        Dictionary<string, object> lists = await Lists();

        Assert.Equal(Members().Order(StringComparer.Ordinal), lists.Keys.Order(StringComparer.Ordinal));
        Assert.All(lists, list =>
        {
            Assert.NotEmpty((IEnumerable)list.Value);
            Assert.True(IsReadOnly(list.Value), $"{list.Key} can be written to: it is a {list.Value.GetType()}");
        });
    }

    [Fact]
    public async Task Lists_in_the_record_of_a_fixture_are_read_only()
    {
        await Lists();

        foreach (ImmCall call in _fixture.Calls)
        {
            Assert.All(
                ((object?[])[call.Answer, call.Request, .. Values(call.Answer), .. Values(call.Request)])
                    .OfType<IEnumerable>().Where(value => value is not string),
                list => Assert.True(IsReadOnly(list), $"a {list.GetType()} of {call}"));
        }

        static IEnumerable<object?> Values(object? value) => value is null or string or IEnumerable
            ? []
            : value.GetType().GetProperties().Select(property => property.GetValue(value));
    }

    [Fact]
    public void Empty_lists_are_read_only_too()
    {
        _fixture.Seed.Project("p").Dataset("p", "d");
        using ImmStore file = ImmStore.Open(new ImmStoreOptions { Path = "/store" }, new SimulatedDisk());

        Assert.All(
            (object[])
            [
                _fixture.Registry.AddFiles([]), _fixture.Registry.ListBindings("p", "d"), _fixture.Registry.Get("p").Tags,
                _fixture.Store.Check(), file.Check(), file.Scopes,
                _fixture.Calls[0].Faults, file.Registry().List().Projects, _authorizer.Asked[0].Tags,
            ],
            list => Assert.True(IsReadOnly(list), list.GetType().ToString()));
    }

    /// <summary>Salvages a store of which the last page is damaged.</summary>
    private static SalvageReport Salvaged()
    {
        var disk = new SimulatedDisk();
        using (ImmStore store = ImmStore.Open(new ImmStoreOptions { Path = "/store" }, disk))
        {
            store.Registry().Create(new() { ProjectName = "p" });
        }

        disk.FlipBit("/store", (disk.Read("/store").Length - 100) * 8L);
        return ImmStore.Salvage(disk, "/store", "/new");
    }

    private static bool IsReadOnly(object list) =>
        list is not (IList { IsReadOnly: false } or IDictionary { IsReadOnly: false })
        && list.GetType().GetInterfaces()
            .Where(type => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ICollection<>))
            .All(type => (bool)type.GetProperty(nameof(ICollection<>.IsReadOnly))!.GetValue(list)!);

    /// <summary>
    /// Every public member that returns a list of the library. The lists of requests, and the services of a container, belong to the
    /// caller.
    /// </summary>
    private static IEnumerable<string> Members() => typeof(ImmStore).Assembly.GetExportedTypes()
        .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly))
        .Where(method => IsList(method.ReturnType) && method.Name != nameof(IEnumerable.GetEnumerator))
        .Where(method => !(method.IsSpecialName && method.DeclaringType!.GetProperty(method.Name[4..])?.GetSetMethod() is not null))
        .Select(method => $"{method.DeclaringType!.Name}.{method.Name.Replace("get_", "", StringComparison.Ordinal)}");

    private static bool IsList(Type type) =>
        (typeof(IEnumerable).IsAssignableFrom(type)
            && type != typeof(string) && type != typeof(ImmCalls) && type != typeof(IServiceCollection))
        || (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ValueTask<>) && IsList(type.GetGenericArguments()[0]));

    /// <summary>The lists that these members return.</summary>
    private async Task<Dictionary<string, object>> Lists()
    {
        ProjectRegistry registry = _fixture.Registry;
        registry.Create(new() { ProjectName = "p", Tag = [new Tag("a", "b")] });
        registry.CreateDataset(new() { ProjectName = "p", DatasetName = "d" });
        registry.CreateBinding("p", "d", "oss://b");
        registry.AttachOssBucket(new() { ProjectName = "p", OssBucket = "b" });
        using ImmFault fault = _fixture.Faults.On(ImmOperation.GetProject).Elapse(TimeSpan.FromTicks(1));
        Project project = registry.Get("p");
        return new Dictionary<string, object>
        {
            ["Project.Tags"] = project.Tags,
            ["ProjectPage.Projects"] = registry.List(new() { Tag = [new Tag("a", "b")] }).Projects,
            ["DatasetPage.Datasets"] = registry.ListDatasets(new() { ProjectName = "p" }).Datasets,
            ["ProjectRegistry.ListAll"] = registry.ListAll(),
            ["ProjectRegistry.ListAllDatasets"] = registry.ListAllDatasets("p"),
            ["ProjectRegistry.ListBindingsAsync"] = await registry.ListBindingsAsync("p", "d"),
            ["OssBucketAttachmentPage.AttachedOssBuckets"] =
                registry.ListAttachedOssBuckets(new() { ProjectName = "p" }).AttachedOssBuckets,
            ["ProjectRegistry.ListRegions"] = registry.ListRegions(),
            ["BindingPage.Bindings"] = registry.ListBindings(new() { ProjectName = "p", DatasetName = "d" }).Bindings,
            ["ProjectRegistry.ListBindings"] = registry.ListBindings("p", "d"),
            ["ProjectRegistry.AddFiles"] = registry.AddFiles([new("p", "d", 2, 2)]),
            ["ProjectRegistry.AddFilesAsync"] = await registry.AddFilesAsync([new("p", "d", 2, 2)]),
            ["ProjectRegistry.RemoveFiles"] = registry.RemoveFiles([new("p", "d", 1, 1)]),
            ["ProjectRegistry.RemoveFilesAsync"] = await registry.RemoveFilesAsync([new("p", "d", 1, 1)]),
            ["ImmStore.Scopes"] = _fixture.Store.Scopes,
            ["SalvageReport.DamagedPages"] = Salvaged().DamagedPages,
            ["SalvageReport.Problems"] = Salvaged().Problems,
            ["AuthorizationRequest.Tags"] = _authorizer.Asked[0].Tags,
            ["AuthorizationRequest.ConditionValues"] = _authorizer.Asked[0].ConditionValues,
            ["RamPolicy.Warnings"] = RamPolicy.Parse(Policy).Warnings,
            ["RamNearMiss.Expected"] =
                RamPolicy.Evaluate([RamPolicy.Parse(Policy)], "imm:GetProject", "*", new Dictionary<string, string>()).Closest!.Expected,
            ["ImmCalls.Received"] = _fixture.Calls.Received(ImmOperation.GetProject),
            ["ImmCalls.ReceivedExactly"] = _fixture.Calls.ReceivedExactly(1, ImmOperation.GetProject),
            ["ImmCall.Faults"] = _fixture.Calls.Received(ImmOperation.GetProject)[0].Faults,
            ["ImmStore.Check"] = Problems(),
        };
    }

    /// <summary>The problems of a damaged store.</summary>
    private static IReadOnlyList<string> Problems()
    {
        var disk = new SimulatedDisk();
        using (ImmStore before = ImmStore.Open(new ImmStoreOptions { Path = "/store" }, disk))
        {
            before.Registry().Create(new() { ProjectName = "p" });
        }

        using ImmStore store = ImmStore.Open(new ImmStoreOptions { Path = "/store" }, disk);
        Assert.Empty(store.Check());
        disk.FlipBit("/store", (8192 + 100) * 8L);
        return store.Check();
    }

    private sealed class Collecting : IImmAuthorizer
    {
        public List<AuthorizationRequest> Asked { get; } = [];

        public AuthorizationDecision Authorize(AuthorizationRequest request)
        {
            Asked.Add(request);
            return AuthorizationDecision.Allow;
        }
    }
}
