using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Imm.Core.Tests.Wire;

/// <summary>Tests of the actions of datasets and bindings on the RPC endpoint.</summary>
public sealed class DatasetActionTests : IDisposable
{
    private const string Id = "00000000-0000-0000-0000-000000000001";
    private const string Time = "2026-01-02T11:04:05.000000000+08:00";

    private readonly ImmStore _store =
        ImmStore.InMemory(
            new ImmStoreOptions { TimeProvider = new FakeTimeProvider(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero)) });

    private readonly ImmApi _api;

    public DatasetActionTests()
    {
        _api = new ImmApi(_store, new ImmApiOptions { RequestId = () => new Guid(Id) });
        _store.Registry("1234", "cn-hangzhou").Create(new() { ProjectName = "p", ProjectMaxDatasetCount = 2 });
    }

    public void Dispose() => _store.Dispose();

    [Fact]
    public async Task Creates_gets_updates_and_deletes_a_dataset_with_the_answers_of_the_service()
    {
        string created = WireFixture.OneLine($$$"""
            {"RequestId":"{{{Id}}}","Dataset":{"ProjectName":"p","DatasetName":"d","TemplateId":"","CreateTime":"{{{Time}}}",
            "UpdateTime":"{{{Time}}}","Description":"数据","DatasetMaxBindCount":3,"DatasetMaxFileCount":100000000,
            "DatasetMaxEntityCount":10000000000,"DatasetMaxRelationCount":100000000000,"DatasetMaxTotalFileSize":90000000000000000,
            "BindCount":0,"FileCount":0,"TotalFileSize":0}}
            """);

        Assert.Equal(
            (200, created),
            await Call("CreateDataset", ("ProjectName", "p"), ("DatasetName", "d"), ("Description", "数据"), ("DatasetMaxBindCount", "3")));
        Assert.Equal((200, created), await Call("GetDataset", ("ProjectName", "p"), ("DatasetName", "d"), ("WithStatistics", "True")));
        _store.Registry("1234", "cn-hangzhou").AddFiles("p", "d", 5, 77);
        (int status, string updated) = await Call("UpdateDataset", ("ProjectName", "p"), ("DatasetName", "d"), ("Description", ""));
        Assert.Equal(200, status);
        Assert.EndsWith("\"BindCount\":0,\"FileCount\":5,\"TotalFileSize\":77}}", updated, StringComparison.Ordinal);
        Assert.Equal((400, "StatusConflict"), await CallCode("DeleteDataset", ("ProjectName", "p"), ("DatasetName", "d")));
        _store.Registry("1234", "cn-hangzhou").RemoveFiles("p", "d", 5, 77);
        Assert.Equal((200, $$"""{"RequestId":"{{Id}}"}"""), await Call("DeleteDataset", ("ProjectName", "p"), ("DatasetName", "d")));
        Assert.Equal((404, "ResourceNotFound"), await CallCode("GetDataset", ("ProjectName", "p"), ("DatasetName", "d")));
    }

    [Fact]
    public async Task Lists_datasets_page_by_page()
    {
        await Call("CreateDataset", ("ProjectName", "p"), ("DatasetName", "a"));
        await Call("CreateDataset", ("ProjectName", "p"), ("DatasetName", "b"));

        (_, string first) = await Call("ListDatasets", ("ProjectName", "p"), ("MaxResults", "1"));
        (_, string second) = await Call("ListDatasets", ("ProjectName", "p"), ("MaxResults", "1"), ("NextToken", "1234:p:a"));

        Assert.StartsWith(
            $$"""{"RequestId":"{{Id}}","NextToken":"1234:p:a","Datasets":[{"ProjectName":"p","DatasetName":"a",""",
            first,
            StringComparison.Ordinal);
        Assert.StartsWith(
            $$"""{"RequestId":"{{Id}}","Datasets":[{"ProjectName":"p","DatasetName":"b",""", second, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Creates_lists_and_deletes_bindings()
    {
        await Call("CreateDataset", ("ProjectName", "p"), ("DatasetName", "d"));
        string binding = WireFixture.OneLine($$"""
            {"ProjectName":"p","DatasetName":"d","URI":"oss://b","State":"Ready","Phase":"FullScanning",
            "CreateTime":"{{Time}}","UpdateTime":"{{Time}}"}
            """);

        Assert.Equal(
            (200, $$$"""{"RequestId":"{{{Id}}}","Binding":{{{binding}}}}"""),
            await Call("CreateBinding", ("ProjectName", "p"), ("DatasetName", "d"), ("URI", "oss://b")));
        Assert.Equal(
            (200, $$"""{"RequestId":"{{Id}}","Bindings":[{{binding}}]}"""),
            await Call("ListBindings", ("ProjectName", "p"), ("DatasetName", "d")));
        Assert.Equal(
            (200, $$$"""{"RequestId":"{{{Id}}}","Binding":{{{binding}}}}"""),
            await Call("GetBinding", ("ProjectName", "p"), ("DatasetName", "d"), ("URI", "oss://b")));
        Assert.Equal(
            (400, "ResourceAlreadyExists"),
            await CallCode("CreateBinding", ("ProjectName", "p"), ("DatasetName", "d"), ("URI", "oss://b")));
        Assert.Equal(
            (200, $$"""{"RequestId":"{{Id}}"}"""),
            await Call("DeleteBinding", ("ProjectName", "p"), ("DatasetName", "d"), ("URI", "oss://b")));
        Assert.Equal(
            (200, $$"""{"RequestId":"{{Id}}","Bindings":[]}"""),
            await Call("ListBindings", ("ProjectName", "p"), ("DatasetName", "d")));
    }

    [Theory]
    [InlineData("WorkflowParameters", "[]")]
    [InlineData("WorkflowParameters.1.Name", "n")]
    [InlineData("DatasetConfig", "{}")]
    public async Task An_update_of_ignored_parameters_alone_answers_what_is_there_and_changes_nothing(string name, string text)
    {
        (_, string created) = await Call("CreateDataset", ("ProjectName", "p"), ("DatasetName", "d"), (name, text));
        (_, string project) = await Call("GetProject", ("ProjectName", "p"));

        Assert.Equal((200, created), await Call("UpdateDataset", ("ProjectName", "p"), ("DatasetName", "d"), (name, text)));
        Assert.Equal((200, project), await Call("UpdateProject", ("ProjectName", "p"), (name, text)));
        Assert.Equal((200, created), await Call("GetDataset", ("ProjectName", "p"), ("DatasetName", "d")));
        Assert.Equal(2, _store.Registry("1234", "cn-hangzhou").Get("p").Revision);
        Assert.Equal((404, "ResourceNotFound"), await CallCode("UpdateDataset", ("ProjectName", "p"), ("DatasetName", "e"), (name, text)));
        Assert.Equal((400, "InvalidArgument"), await CallCode("UpdateDataset", ("ProjectName", "p"), ("DatasetName", "d"), ("Desc", "")));
    }

    [Fact]
    public async Task Lists_bindings_page_by_page_with_the_token_of_the_service()
    {
        await Call("CreateDataset", ("ProjectName", "p"), ("DatasetName", "d"));
        foreach (string uri in new[] { "oss://b", "oss://c", "oss://a" })
        {
            await Call("CreateBinding", ("ProjectName", "p"), ("DatasetName", "d"), ("URI", uri));
        }

        (_, string first) = await Call("ListBindings", ("ProjectName", "p"), ("DatasetName", "d"), ("MaxResults", "2"));
        (_, string second) = await Call("ListBindings", ("ProjectName", "p"), ("DatasetName", "d"), ("NextToken", "p:d:b"));
        (_, string named) = await Call("ListBindings", ("ProjectName", "p"), ("DatasetName", "d"), ("Name", "b"), ("NextToken", ""));

        Assert.StartsWith($$"""{"RequestId":"{{Id}}","NextToken":"p:d:b","Bindings":[{""", first, StringComparison.Ordinal);
        Assert.Equal(["oss://a", "oss://b"], Uris(first));
        Assert.Equal(["oss://c"], Uris(second));
        Assert.DoesNotContain("NextToken", second, StringComparison.Ordinal);
        Assert.Equal(["oss://b"], Uris(named));
    }

    [Theory]
    [InlineData("CreateDataset", "InvalidArgument", "DatasetName=d")]
    [InlineData("CreateDataset", "InvalidArgument", "ProjectName=p")]
    [InlineData("CreateDataset", "InvalidArgument", "ProjectName=p&DatasetName=d&DatasetMaxBindCount=x")]
    [InlineData("CreateDataset", "LimitExceededError", "ProjectName=p&DatasetName=d&DatasetMaxBindCount=99999999999999999999")]
    [InlineData("CreateDataset", "ResourceNotFound", "ProjectName=q&DatasetName=d")]
    [InlineData("GetDataset", "InvalidArgument", "ProjectName=p&DatasetName=d&WithStatistics=yes")]
    [InlineData("GetDataset", "InvalidArgument", "ProjectName=p")]
    [InlineData("UpdateDataset", "InvalidArgument", "ProjectName=p&DatasetName=d")]
    [InlineData("ListDatasets", "InvalidArgument", "ProjectName=p&MaxResults=201")]
    [InlineData("ListDatasets", "InvalidArgument", "ProjectName=p&NextToken=1234:q:d")]
    [InlineData("DeleteDataset", "ResourceNotFound", "ProjectName=p&DatasetName=d")]
    [InlineData("CreateBinding", "InvalidArgument", "ProjectName=p&DatasetName=d&URI=http://b")]
    [InlineData("CreateBinding", "ResourceNotFound", "ProjectName=p&DatasetName=d&URI=oss://b")]
    [InlineData("ListBindings", "ResourceNotFound", "ProjectName=p&DatasetName=d")]
    [InlineData("ListBindings", "InvalidArgument", "ProjectName=p&MaxResults=x")]
    [InlineData("ListBindings", "InvalidArgument", "ProjectName=p&DatasetName=d&MaxResults=201")]
    [InlineData("ListBindings", "InvalidArgument", "ProjectName=p&DatasetName=d&MaxResults=-1")]
    [InlineData("ListBindings", "InvalidArgument", "ProjectName=p&DatasetName=d&NextToken=p:e:b")]
    [InlineData("ListBindings", "InvalidArgument", "ProjectName=p&DatasetName=d&NextToken=q:d:b")]
    [InlineData("ListBindings", "InvalidArgument", "ProjectName=p&DatasetName=d&NextToken=p:d:oss://b")]
    [InlineData("ListBindings", "InvalidArgument", "ProjectName=p&DatasetName=d&NextToken=p:d")]
    [InlineData("GetBinding", "InvalidArgument", "ProjectName=p&DatasetName=d")]
    [InlineData("GetBinding", "InvalidArgument", "ProjectName=p&DatasetName=d&URI=b")]
    [InlineData("GetBinding", "ResourceNotFound", "ProjectName=p&DatasetName=d&URI=oss://b")]
    [InlineData("DeleteBinding", "InvalidArgument", "ProjectName=p&DatasetName=d")]
    public async Task Refuses_a_wrong_call_with_its_error_code(string action, string code, string parameters)
    {
        (_, string? found) = await CallCode(action, [.. parameters.Split('&').Select(pair => (pair.Split('=')[0], pair.Split('=', 2)[1]))]);

        Assert.Equal(code, found);
    }

    private static string[] Uris(string json)
    {
        using var document = System.Text.Json.JsonDocument.Parse(json);
        return
        [
            .. document.RootElement.GetProperty("Bindings").EnumerateArray().Select(binding => binding.GetProperty("URI").GetString()!),
        ];
    }

    private async Task<(int Status, string Json)> Call(string action, params (string Name, string Text)[] parameters)
    {
        ImmApiResponse answer = await _api.InvokeAsync(
            "1234", "cn-hangzhou", action, parameters.Select(parameter => KeyValuePair.Create(parameter.Name, parameter.Text)));
        return (answer.StatusCode, answer.Json);
    }

    private async Task<(int Status, string? Code)> CallCode(string action, params (string Name, string Text)[] parameters)
    {
        (int status, string json) = await Call(action, parameters);
        using var document = System.Text.Json.JsonDocument.Parse(json);
        return (status, document.RootElement.GetProperty("Code").GetString());
    }
}
