using System.Reflection;
using Xunit;

namespace Imm.Core.Tests.Hosting;

/// <summary>Whom the registry asks, about what, and that a refusal is one.</summary>
public sealed class AuthorizerTests : IDisposable
{
    private readonly Gatekeeper _gatekeeper = new();
    private readonly ImmStore _store;
    private readonly ProjectRegistry _registry;

    public AuthorizerTests()
    {
        _store = ImmStore.InMemory(new ImmStoreOptions { Authorizer = _gatekeeper });
        _registry = _store.Registry("1234", "cn-hangzhou");
        RegistryOperations.Prepare(_registry);
        _gatekeeper.Asked.Clear();
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
            RegistryOperations.All.Select(operation => operation.Method).Concat(RegistryOperations.NotOfTheService).Order(StringComparer.Ordinal),
            methods.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task An_operation_asks_once_what_it_is_about(string method)
    {
        RegistryOperation operation = RegistryOperations.Of(method);

        await operation.Run(_registry);

        AuthorizationRequest asked = Assert.Single(_gatekeeper.Asked);
        Assert.Equal(operation.Action, asked.Action);
        Assert.Equal($"acs:imm:cn-hangzhou:1234:project/{operation.Resource}", asked.Resource);
        Assert.Equal("1234", asked.AccountId);
        Assert.Equal("cn-hangzhou", asked.RegionId);
        Assert.Equal(operation.Tags, asked.Tags);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task An_operation_that_is_denied_says_why_and_changes_nothing(string method)
    {
        string before = Everything();
        _gatekeeper.Denial = "Ask the owner.";

        ImmException refused = await Assert.ThrowsAsync<ImmException>(() => RegistryOperations.Of(method).Run(_registry).AsTask());

        Assert.Equal(ImmErrorCode.NoPermission, refused.Code);
        Assert.Equal(403, refused.HttpStatus);
        Assert.Equal("User not authorized to operate on the specified APIs. Ask the owner.", refused.Message);
        _gatekeeper.Denial = null;
        Assert.Equal(before, Everything());
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task An_exception_of_the_authorizer_goes_to_the_caller_and_changes_nothing(string method)
    {
        string before = Everything();
        _gatekeeper.Defect = new TimeoutException("The policy server does not answer.");

        TimeoutException thrown = await Assert.ThrowsAsync<TimeoutException>(() => RegistryOperations.Of(method).Run(_registry).AsTask());

        Assert.Same(_gatekeeper.Defect, thrown);
        _gatekeeper.Defect = null;
        Assert.Equal(before, Everything());
    }

    [Fact]
    public void Files_of_several_datasets_ask_for_each_of_them_and_one_refusal_refuses_all()
    {
        _gatekeeper.DeniedResource = "acs:imm:cn-hangzhou:1234:project/p/dataset/empty";

        ImmException refused = Assert.Throws<ImmException>(() => _registry.AddFiles([new("p", "d", 1, 1), new("p", "empty", 1, 1), new("p", "d", 2, 2)]));

        Assert.Equal(ImmErrorCode.NoPermission, refused.Code);
        Assert.Equal(
            ["acs:imm:cn-hangzhou:1234:project/p/dataset/d", "acs:imm:cn-hangzhou:1234:project/p/dataset/empty"],
            _gatekeeper.Asked.Select(asked => asked.Resource));
        Assert.Equal(1, _registry.Get("p").FileCount);
    }

    [Fact]
    public void Nobody_is_asked_about_what_is_malformed()
    {
        _gatekeeper.Denial = "No.";

        Assert.Equal(ImmErrorCode.InvalidArgument, Assert.Throws<ImmException>(() => _registry.Get("a b")).Code);
        Assert.Equal(ImmErrorCode.InvalidArgument, Assert.Throws<ImmException>(() => _registry.Create(new() { ProjectName = "new", ServiceRole = "a b" })).Code);
        Assert.False(_registry.TryGet("a b", out _));
        Assert.Empty(_gatekeeper.Asked);
    }

    [Fact]
    public void A_refusal_comes_before_what_exists()
    {
        _gatekeeper.Denial = "No.";

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

    private sealed class Gatekeeper : IImmAuthorizer
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
