using Imm.Core.Testing;
using Xunit;

namespace Imm.Core.Tests.Wire;

/// <summary>Upper bounds of the memory that a call of the RPC endpoint allocates, its answer included.</summary>
public sealed class AllocationTests : IDisposable
{
    private const int Calls = 200;

    private readonly ImmStore _store = ImmStore.InMemory();

    public AllocationTests()
    {
        for (int i = 0; i < 100; i++)
        {
            _store.Registry("1", "r").Create(new() { ProjectName = $"photos-{i:D2}", Description = "相册", Tag = [new("env", "test")] });
        }
    }

    public void Dispose() => _store.Dispose();

    [Theory]
    [InlineData("GetProject", "photos-00", 3_000)]
    [InlineData("GetProject", "none", 3_000)]
    [InlineData("CreateProject", "photos-00", 4_000)]
    [InlineData("CreateProject", "1st", 4_000)]
    [InlineData("Unknown", "photos-00", 2_000)]
    public void A_call_allocates_at_most(string action, string projectName, long bytes) =>
        Assert.InRange(Allocated(new ImmApi(_store), "1", action, KeyValuePair.Create("ProjectName", projectName)), 1, bytes);

    [Fact]
    public void A_page_of_100_projects_allocates_little_more_than_its_text()
    {
        var api = new ImmApi(_store);
        string text = Invoke(api, "1", "ListProjects", []).Json;

        Assert.Contains("photos-99", text, StringComparison.Ordinal);
        Assert.InRange(Allocated(api, "1", "ListProjects"), sizeof(char) * text.Length, (sizeof(char) * text.Length) + 8_000);
    }

    [Fact]
    public void An_injected_fault_allocates_at_most_4_KB()
    {
        using var fixture = new ImmFixture();
        using ImmFault fault = fixture.Faults.OnAny().Throttle();

        Assert.InRange(Allocated(fixture.Api, fixture.AccountId, "GetProject", KeyValuePair.Create("ProjectName", "p")), 1, 4_000);
    }

    private static long Allocated(ImmApi api, string accountId, string action, params KeyValuePair<string, string>[] parameters)
    {
        // The first call compiles code and makes what is kept.
        Invoke(api, accountId, action, parameters);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Calls; i++)
        {
            Invoke(api, accountId, action, parameters);
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before) / Calls;
    }

    private static ImmApiResponse Invoke(ImmApi api, string accountId, string action, KeyValuePair<string, string>[] parameters) =>
        api.InvokeAsync(accountId, "r", action, parameters).AsTask().GetAwaiter().GetResult();
}
