using System.Text.Json;
using Imm.Core.Testing;
using Xunit;

namespace Imm.Core.Tests.Wire;

/// <summary>Tests that a refusal is a value on the RPC endpoint: no exception is thrown for it, not even one that is caught.</summary>
public sealed class RefusalTests : IDisposable
{
    private readonly ImmFixture _fixture = new(new ImmFixtureOptions { ProjectQuota = 2 });

    public RefusalTests() => _fixture.Seed
        .Project("photos").Dataset("photos", "raw").Bindings("photos", "raw", "oss://camera")
        .Project("videos").AttachedOssBuckets("videos", "camera");

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("Unknown", "", "InvalidAction.NotFound")]
    [InlineData("GetProject", "", "InvalidArgument")]
    [InlineData("GetProject", "ProjectName=1st", "InvalidArgument")]
    [InlineData("GetProject", "ProjectName=photos&WithStatistics=yes", "InvalidArgument")]
    [InlineData("GetProject", "ProjectName=music", "ResourceNotFound")]
    [InlineData("CreateProject", "ProjectName=photos", "ResourceAlreadyExists")]
    [InlineData("CreateProject", "ProjectName=music", "LimitExceededError")]
    [InlineData("CreateProject", "ProjectName=music&DatasetMaxBindCount=11", "LimitExceededError")]
    [InlineData("CreateProject", "ProjectName=music&DatasetMaxBindCount=many", "InvalidArgument")]
    [InlineData("CreateProject", "ProjectName=music&Tag.1.Value=v", "InvalidArgument")]
    [InlineData("UpdateProject", "ProjectName=photos", "InvalidArgument")]
    [InlineData("UpdateProject", "ProjectName=music&Description=d", "ResourceNotFound")]
    [InlineData("ListProjects", "MaxResults=201", "InvalidArgument")]
    [InlineData("ListProjects", "NextToken=none", "InvalidArgument")]
    [InlineData("DeleteProject", "ProjectName=photos", "StatusConflict")]
    [InlineData("CreateDataset", "ProjectName=photos&DatasetName=raw", "ResourceAlreadyExists")]
    [InlineData("GetDataset", "ProjectName=photos&DatasetName=cut", "ResourceNotFound")]
    [InlineData("UpdateDataset", "ProjectName=photos&DatasetName=cut&Description=d", "ResourceNotFound")]
    [InlineData("ListDatasets", "ProjectName=music", "ResourceNotFound")]
    [InlineData("DeleteDataset", "ProjectName=photos&DatasetName=raw", "StatusConflict")]
    [InlineData("CreateBinding", "ProjectName=photos&DatasetName=raw&URI=http://camera", "InvalidArgument")]
    [InlineData("ListBindings", "ProjectName=photos&DatasetName=cut", "ResourceNotFound")]
    [InlineData("GetBinding", "ProjectName=photos&DatasetName=raw&URI=oss://other", "ResourceNotFound")]
    [InlineData("DeleteBinding", "ProjectName=photos&DatasetName=raw&URI=oss://other", "ResourceNotFound")]
    [InlineData("DeleteProject", "ProjectName=videos", "StatusConflict")]
    [InlineData("AttachOSSBucket", "OSSBucket=new", "InvalidArgument")]
    [InlineData("AttachOSSBucket", "ProjectName=photos", "InvalidArgument")]
    [InlineData("AttachOSSBucket", "ProjectName=photos&OSSBucket=New", "InvalidArgument")]
    [InlineData("AttachOSSBucket", "ProjectName=music&OSSBucket=camera", "ResourceNotFound")]
    [InlineData("AttachOSSBucket", "ProjectName=photos&OSSBucket=camera", "ResourceAlreadyExists")]
    [InlineData("DetachOSSBucket", "", "InvalidArgument")]
    [InlineData("DetachOSSBucket", "OSSBucket=new", "ResourceNotFound")]
    [InlineData("GetOSSBucketAttachment", "OSSBucket=oss://camera", "InvalidArgument")]
    [InlineData("GetOSSBucketAttachment", "OSSBucket=new", "ResourceNotFound")]
    [InlineData("ListAttachedOSSBuckets", "MaxResults=x", "InvalidArgument")]
    [InlineData("ListAttachedOSSBuckets", "ProjectName=photos&MaxResults=201", "InvalidArgument")]
    [InlineData("ListAttachedOSSBuckets", "ProjectName=photos&NextToken=camera", "InvalidArgument")]
    [InlineData("ListAttachedOSSBuckets", "ProjectName=music", "ResourceNotFound")]
    [InlineData("ListRegions", "", "InvalidArgument")]
    [InlineData("ListRegions", "AcceptLanguage=de", "InvalidArgument")]
    public async Task Answers_a_refused_call_without_an_exception(string action, string parameters, string code)
    {
        using ImmStore store = ImmStore.InMemory(new ImmStoreOptions { ProjectQuota = 2 }, _fixture.Snapshot().Image);

        await AssertRefuses(_fixture.Api, action, parameters, code);
        await AssertRefuses(new ImmApi(store), action, parameters, code);
    }

    [Theory]
    [InlineData("1:2", "cn-hangzhou")]
    [InlineData("1234567890123456", "CN")]
    public async Task Answers_a_malformed_account_or_region_without_an_exception(string accountId, string regionId)
    {
        using var thrown = new ThrownExceptions();

        Assert.Equal(400, (await _fixture.Api.InvokeAsync(accountId, regionId, "ListProjects", [])).StatusCode);

        Assert.Empty(thrown.All);
    }

    [Theory]
    [InlineData("GetProject")]
    [InlineData("CreateProject")]
    public async Task Answers_a_call_that_the_authorizer_denies_without_an_exception(string action)
    {
        using var fixture = new ImmFixture(new ImmFixtureOptions { Authorizer = new DenyAll() });
        using ImmStore store = ImmStore.InMemory(new ImmStoreOptions { Authorizer = new DenyAll() });

        await AssertRefuses(fixture.Api, action, "ProjectName=photos", "NoPermission");
        await AssertRefuses(new ImmApi(store), action, "ProjectName=photos", "NoPermission");
    }

    [Fact]
    public async Task Answers_an_injected_fault_without_an_exception()
    {
        using ImmFault unavailable = _fixture.Faults.On(ImmOperation.UpdateProject).BeUnavailable();
        using ImmFault throttled = _fixture.Faults.On(ImmOperation.GetProject).Throttle();
        using ImmFault lost = _fixture.Faults.On(ImmOperation.DeleteProject).FailAfterCommit();
        using ImmFault elapsed = _fixture.Faults.OnAny().Elapse(TimeSpan.FromSeconds(1));
        _fixture.Registry.DetachOssBucket("camera");

        await AssertRefuses(_fixture.Api, "UpdateProject", "ProjectName=photos&Description=d", "ServiceUnavailable");
        await AssertRefuses(_fixture.Api, "GetProject", "ProjectName=photos", "Throttling.User");
        await AssertRefuses(_fixture.Api, "DeleteProject", "ProjectName=videos", "ServiceUnavailable");
        Assert.Equal(1, _fixture.Snapshot().ProjectCount);
    }

    [Fact]
    public async Task Answers_a_call_to_a_closed_store_without_an_exception()
    {
        _fixture.Dispose();

        await AssertRefuses(_fixture.Api, "GetProject", "ProjectName=photos", "ServiceUnavailable");
        await AssertRefuses(_fixture.Api, "CreateProject", "ProjectName=music", "ServiceUnavailable");
    }

    [Fact]
    public void A_registry_throws_one_exception_for_an_injected_fault()
    {
        using ImmFault fault = _fixture.Faults.OnAny().Throttle();
        using var thrown = new ThrownExceptions();

        ImmException refused = Assert.Throws<ImmException>(() => _fixture.Registry.Get("photos"));

        Assert.Equal([refused], thrown.All);
        ImmCall call = Assert.Single(_fixture.Calls);
        Assert.Equal((refused.Code, refused.Message), (call.Code, call.Exception!.Message));
        Assert.Same(call.Exception, call.Exception);
    }

    private static async Task AssertRefuses(ImmApi api, string action, string parameters, string code)
    {
        KeyValuePair<string, string>[] pairs =
        [
            .. parameters.Split('&', StringSplitOptions.RemoveEmptyEntries)
                .Select(pair => KeyValuePair.Create(pair.Split('=')[0], pair.Split('=')[1])),
        ];
        using var thrown = new ThrownExceptions();

        ImmApiResponse answer = await api.InvokeAsync("1234567890123456", "cn-hangzhou", action, pairs);

        Assert.Empty(thrown.All);
        using JsonDocument json = JsonDocument.Parse(answer.Json);
        Assert.Equal(code, json.RootElement.GetProperty("Code").GetString());
    }

    private sealed class DenyAll : IImmAuthorizer
    {
        public AuthorizationDecision Authorize(AuthorizationRequest request) => AuthorizationDecision.Deny();
    }
}
