using System.Globalization;
using Microsoft.Extensions.Time.Testing;

namespace Imm.Core.Tests.Wire;

/// <summary>A store in memory with a clock that stands still, and its RPC endpoint with request ids that count from 1.</summary>
internal sealed class WireFixture : IDisposable
{
    public const string AccountId = "1234567890";
    public const string RegionId = "cn-hangzhou";

    private long _requests;

    public WireFixture(Action<ImmStoreOptions>? adjustStore = null, Action<ImmApiOptions>? adjustApi = null, ImmStore? store = null)
    {
        var storeOptions = new ImmStoreOptions { TimeProvider = Clock };
        adjustStore?.Invoke(storeOptions);
        Store = store ?? ImmStore.InMemory(storeOptions);
        var apiOptions = new ImmApiOptions { RequestId = () => Id(Interlocked.Increment(ref _requests)) };
        adjustApi?.Invoke(apiOptions);
        Api = new ImmApi(Store, apiOptions);
    }

    public FakeTimeProvider Clock { get; } = new(DateTimeOffset.Parse("2021-06-29T14:50:13.0116436+08:00", CultureInfo.InvariantCulture));

    public ImmStore Store { get; }

    public ImmApi Api { get; }

    public ProjectRegistry Registry => Store.Registry(AccountId, RegionId);

    /// <summary>The n-th request id. It has letters to show that it is written in upper case.</summary>
    public static Guid Id(long n) => new(0xabcdef01, 2, 3, 4, 5, 6, 7, 8, 9, unchecked((byte)(n >> 8)), unchecked((byte)n));

    public static string IdText(long n) => $"ABCDEF01-0002-0003-0405-06070809{n:X4}";

    /// <summary>Calls an action with parameters in the order name, value, name, value.</summary>
    public async Task<(int Status, string Json)> Call(string action, params string[] parameters)
    {
        ImmApiResponse answer = await Api.InvokeAsync(
            AccountId, RegionId, action, parameters.Chunk(2).Select(pair => new KeyValuePair<string, string>(pair[0], pair[1])));
        return (answer.StatusCode, answer.Json);
    }

    /// <summary>The JSON of an error that answers the n-th request.</summary>
    public static string Error(string code, string message, long n = 1) =>
        OneLine($$"""
            {"RequestId":"{{IdText(n)}}","HostId":"imm.cn-hangzhou.aliyuncs.com","Code":"{{code}}","Message":"{{message}}",
            "Recommend":"https://next.api.aliyun.com/troubleshoot?q={{code}}&product=imm"}
            """);

    /// <summary>The JSON of a project with default values, created at the fixture's time.</summary>
    public static string Project(string name) =>
        OneLine($$"""
            {"ProjectName":"{{name}}","ServiceRole":"AliyunIMMDefaultRole","TemplateId":"",
            "CreateTime":"2021-06-29T14:50:13.011643600+08:00","UpdateTime":"2021-06-29T14:50:13.011643600+08:00","Description":"",
            "ProjectQueriesPerSecond":100,"EngineConcurrency":100,"ProjectMaxDatasetCount":1000000000,"DatasetMaxBindCount":10,
            "DatasetMaxFileCount":100000000,"DatasetMaxEntityCount":10000000000,"DatasetMaxRelationCount":100000000000,
            "DatasetMaxTotalFileSize":90000000000000000,"DatasetCount":0,"FileCount":0,"TotalFileSize":0,"Tags":[]}
            """);

    public static string OneProject(string name, long n = 1) => $$"""{"RequestId":"{{IdText(n)}}","Project":{{Project(name)}}}""";

    /// <summary>Joins the lines of a text.</summary>
    public static string OneLine(string text) => text.Replace("\n", "", StringComparison.Ordinal);

    public void Dispose() => Store.Dispose();
}
