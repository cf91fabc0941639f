using System.Reflection;
using Xunit;

namespace Imm.Core.Tests.Hosting;

/// <summary>The calls of a registry to its authorizer, and refusals.</summary>
public sealed class AuthorizerTests : IDisposable
{
    private readonly RecordingAuthorizer _authorizer = new();
    private readonly ImmStore _store;
    private readonly ProjectRegistry _registry;

    public AuthorizerTests()
    {
        _store = ImmStore.InMemory(new ImmStoreOptions { Authorizer = _authorizer });
        _registry = _store.Registry("1234", "cn-hangzhou");
        RegistryOperations.Prepare(_registry);
        _authorizer.Asked.Clear();
    }

    public static TheoryData<string> Methods => RegistryOperations.Methods;

    public void Dispose() => _store.Dispose();

    [Fact]
    public void Every_public_operation_is_in_the_table()
    {
        IEnumerable<string> methods = typeof(ProjectRegistry)
            .GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .Where(method => !method.IsSpecialName)
            .Select(RegistryOperations.Describe);

        Assert.Equal(
            RegistryOperations.All.Select(operation => operation.Method)
                .Concat(RegistryOperations.NotOfTheService)
                .Order(StringComparer.Ordinal),
            methods.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task An_operation_calls_the_authorizer_with_its_action_resource_and_tags(string method)
    {
        RegistryOperation operation = RegistryOperations.Of(method);

        await operation.Run(_registry);

        string[] actions = operation.ReadAction is { } read ? [read, operation.Action] : [operation.Action];
        Assert.Equal(actions, _authorizer.Asked.Select(asked => asked.Action));
        Assert.All(_authorizer.Asked, asked =>
        {
            Assert.Equal(operation.Resource is { } resource ? $"acs:imm:cn-hangzhou:1234:project/{resource}" : "*", asked.Resource);
            Assert.Equal("1234", asked.AccountId);
            Assert.Equal("cn-hangzhou", asked.RegionId);
        });
        Assert.Equal(operation.Tags, _authorizer.Asked[^1].Tags);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task A_denied_operation_is_refused_with_the_reason_and_changes_nothing(string method)
    {
        string before = Everything();
        _authorizer.Denial = "Ask the owner.";

        ImmException refused = await Assert.ThrowsAsync<ImmException>(() => RegistryOperations.Of(method).Run(_registry).AsTask());

        Assert.Equal(ImmErrorCode.NoPermission, refused.Code);
        Assert.Equal(403, refused.HttpStatus);
        Assert.Equal("User not authorized to operate on the specified APIs. Ask the owner.", refused.Message);
        _authorizer.Denial = null;
        Assert.Equal(before, Everything());
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task An_exception_of_the_authorizer_goes_to_the_caller_and_changes_nothing(string method)
    {
        string before = Everything();
        _authorizer.Defect = new TimeoutException("The policy server does not answer.");

        TimeoutException thrown = await Assert.ThrowsAsync<TimeoutException>(() => RegistryOperations.Of(method).Run(_registry).AsTask());

        Assert.Same(_authorizer.Defect, thrown);
        _authorizer.Defect = null;
        Assert.Equal(before, Everything());
    }

    [Fact]
    public void Files_of_several_datasets_are_authorized_per_dataset_and_one_refusal_refuses_all()
    {
        _authorizer.DeniedResource = "acs:imm:cn-hangzhou:1234:project/p/dataset/empty";

        ImmException refused = Assert.Throws<ImmException>(
            () => _registry.AddFiles([new("p", "d", 1, 1), new("p", "empty", 1, 1), new("p", "d", 2, 2)]));

        Assert.Equal(ImmErrorCode.NoPermission, refused.Code);
        Assert.Equal(
            ["acs:imm:cn-hangzhou:1234:project/p/dataset/d", "acs:imm:cn-hangzhou:1234:project/p/dataset/empty"],
            _authorizer.Asked.Select(asked => asked.Resource));
        Assert.Equal(1, _registry.Get("p").FileCount);
    }

    [Fact]
    public void A_malformed_request_does_not_reach_the_authorizer()
    {
        _authorizer.Denial = "No.";

        Action[] malformed = [() => _registry.Get("a b"), () => _registry.Create(new() { ProjectName = "new", ServiceRole = "a b" })];
        Assert.All(malformed, call => Assert.Equal(ImmErrorCode.InvalidArgument, Assert.Throws<ImmException>(call).Code));
        Assert.False(_registry.TryGet("a b", out _));
        Assert.Empty(_authorizer.Asked);
    }

    [Fact]
    public void The_authorizer_is_called_before_anything_is_looked_up()
    {
        _authorizer.Denial = "No.";

        Assert.Equal(ImmErrorCode.NoPermission, Assert.Throws<ImmException>(() => _registry.Get("none")).Code);
        Assert.Equal(ImmErrorCode.NoPermission, Assert.Throws<ImmException>(() => _registry.Create(new() { ProjectName = "p" })).Code);
    }

    [Fact]
    public void The_default_decision_is_a_refusal_without_a_reason()
    {
        Assert.False(default(AuthorizationDecision).IsAllowed);
        Assert.Equal(AuthorizationDecision.Deny(), default);
    }

    private string Everything() => string.Join(
        '\n',
        _registry.List().Projects.Select(project => $"{ImmJson.WriteProject(project)} {string.Join(
            ' ',
            _registry.ListDatasets(new() { ProjectName = project.ProjectName.Value }).Datasets.Select(dataset =>
                $"{dataset} {string.Join(' ', _registry.ListBindings(dataset.ProjectName.Value, dataset.DatasetName))}"))}"));

    private sealed class RecordingAuthorizer : IImmAuthorizer
    {
        public List<AuthorizationRequest> Asked { get; } = [];

        public string? Denial { get; set; }

        public string? DeniedResource { get; set; }

        public Exception? Defect { get; set; }

        public AuthorizationDecision Authorize(AuthorizationRequest request)
        {
            Asked.Add(request);
            return Defect is not null ? throw Defect
                : Denial is not null || request.Resource == DeniedResource ? AuthorizationDecision.Deny(Denial)
                : AuthorizationDecision.Allow;
        }
    }
}
