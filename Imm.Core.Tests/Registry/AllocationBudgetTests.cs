using Imm.Core.Testing;
using Xunit;

namespace Imm.Core.Tests.Registry;

/// <summary>Upper bounds of the memory that operations allocate on the way to their answers, the answers included.</summary>
/// <remarks>
/// What is allocated does not depend on the machine. It is less where code is optimized. How much a change copies depends on the hash of
/// the name, which every process chooses anew: changes are measured over 100 names. The bounds are about a tenth above what a debug build
/// allocates: one more object in the way of an operation passes them.
/// </remarks>
public sealed class AllocationBudgetTests : IDisposable
{
    private const int Calls = 200;
    private const int ProjectsOfScope = 100;

    private readonly ImmStore _store = ImmStore.InMemory();
    private readonly ProjectRegistry _registry;

    public AllocationBudgetTests()
    {
        _registry = _store.Registry("1", "r");
        for (int i = 0; i < ProjectsOfScope - 1; i++)
        {
            _registry.Create(new() { ProjectName = $"photos-{i:D2}", Description = "相册", Tag = [new("env", "test")] });
        }

        _registry.Create(new() { ProjectName = "photos-99" });
    }

    public void Dispose() => _store.Dispose();

    [Fact]
    public void A_create_in_memory_allocates_at_most() => Assert.InRange(AllocatedByCreate(_store), 1, 660);

    [Fact]
    public void Tags_that_are_known_allocate_little()
    {
        Tag[] tags = [new("team", "media"), new("cost-centre", "17")];

        // Beyond a create without tags: the request, and two copies of the list.
        long allocated = AllocatedByCreate(
            _store, (registry, request) => registry.Create(new() { ProjectName = request.ProjectName, Tag = tags }));
        Assert.InRange(allocated, 1, 890);
    }

    [Fact]
    public void An_awaited_create_in_memory_allocates_at_most()
    {
        // In memory it is complete when the call returns.
        Assert.InRange(AllocatedByCreate(_store, static (registry, request) => Awaited(registry.CreateAsync(request))), 1, 660);

        static Project Awaited(ValueTask<Project> task) =>
            task.IsCompletedSuccessfully ? task.Result : throw new InvalidOperationException();
    }

    [Fact]
    public void A_durable_create_allocates_at_most()
    {
        using var directory = new TempDirectory();
        using ImmStore store = ImmStore.Open(directory.File("imm.db"));

        Assert.InRange(AllocatedByCreate(store), 1, 690);
    }

    [Fact]
    public void Reads_allocate_at_most()
    {
        Assert.Equal(0, Allocated(() => _registry.Get("photos-50")));
        Assert.Equal(0, Allocated(() => Assert.True(_registry.TryGet("photos-50", out _))));
        Assert.InRange(Allocated(() => _registry.List()), 1, 1_000);
    }

    [Fact]
    public void A_change_of_files_allocates_at_most()
    {
        string[] names = [.. Enumerable.Range(0, ProjectsOfScope).Select(i => $"photos-{i:D2}")];
        foreach (string name in names)
        {
            _registry.CreateDataset(new() { ProjectName = name, DatasetName = "d" });
        }

        int calls = 0;
        Assert.InRange(Allocated(() => _registry.AddFiles(names[calls++ % ProjectsOfScope], "d", 1, 10)), 1, 910);
    }

    [Fact]
    public void A_refusal_as_a_value_allocates_at_most()
    {
        var duplicate = new CreateProjectRequest { ProjectName = "photos-00" };
        var beyondQuota = new CreateProjectRequest { ProjectName = "new" };

        Assert.InRange(Allocated(() => Assert.False(_registry.TryCreate(duplicate, out _, out _))), 1, 160);
        Assert.InRange(Allocated(() => Assert.False(_registry.TryCreate(beyondQuota, out _, out _))), 1, 270);
    }

    [Theory]
    [InlineData("GetProject", "photos-00", 2_100)]
    [InlineData("GetProject", "none", 1_900)]
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

    /// <summary>Fills scopes with the number of projects that an account has by default.</summary>
    private static long AllocatedByCreate(ImmStore store, Func<ProjectRegistry, CreateProjectRequest, Project>? create = null)
    {
        create ??= static (registry, request) => registry.Create(request);
        CreateProjectRequest[] requests =
        [
            .. Enumerable.Range(0, ProjectsOfScope).Select(i => new CreateProjectRequest { ProjectName = $"project-{i * 37 % 100:D2}" }),
        ];
        int calls = 0;
        ProjectRegistry? registry = null;
        return Allocated(() =>
        {
            if (calls % ProjectsOfScope == 0)
            {
                registry = store.Registry($"{calls}", "r");
            }

            create(registry!, requests[calls++ % ProjectsOfScope]);
        });
    }

    private static long Allocated(ImmApi api, string accountId, string action, params KeyValuePair<string, string>[] parameters) =>
        Allocated(() => Invoke(api, accountId, action, parameters));

    private static long Allocated(Action call)
    {
        // The first calls compile code and make what is kept.
        for (int i = 0; i < Calls; i++)
        {
            call();
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Calls; i++)
        {
            call();
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before) / Calls;
    }

    private static ImmApiResponse Invoke(ImmApi api, string accountId, string action, KeyValuePair<string, string>[] parameters) =>
        api.InvokeAsync(accountId, "r", action, parameters).AsTask().GetAwaiter().GetResult();
}
