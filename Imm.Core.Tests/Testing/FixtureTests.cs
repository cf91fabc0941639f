using System.Text.Json;
using Imm.Core.Testing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Imm.Core.Tests.Testing;

/// <summary>Tests of the fixture.</summary>
public sealed class FixtureTests
{
    [Fact]
    public void One_line_gives_a_registry_with_the_rules_of_the_service()
    {
        using var fixture = new ImmFixture();

        Project project = fixture.Registry.Create(new CreateProjectRequest { ProjectName = "photos" });

        Assert.Equal("AliyunIMMDefaultRole", project.ServiceRole);
        Assert.Equal(100, fixture.Registry.ProjectQuota);
        Assert.Equal(
            ImmErrorCode.ResourceAlreadyExists, Code(() => fixture.Registry.Create(new CreateProjectRequest { ProjectName = "photos" })));
    }

    [Fact]
    public void The_default_account_and_region_can_be_changed()
    {
        using var fixture = new ImmFixture();
        using var other = new ImmFixture(new ImmFixtureOptions { AccountId = "42", RegionId = "cn-beijing" });

        Assert.Equal(("1234567890123456", "cn-hangzhou"), (fixture.Registry.AccountId, fixture.Registry.RegionId));
        Assert.Equal(("42", "cn-beijing"), (other.Registry.AccountId, other.Registry.RegionId));
        Assert.Equal(("42", "cn-beijing"), (other.Store.Registry().AccountId, other.Store.Registry().RegionId));
        Assert.Throws<ArgumentException>(() => new ImmFixture(new ImmFixtureOptions { RegionId = "CN" }));
    }

    [Fact]
    public void Fixtures_are_independent()
    {
        using var one = new ImmFixture();
        using var two = new ImmFixture();
        one.Seed.Project("photos");
        one.Faults.OnAny().BeUnavailable();
        one.Clock.Advance(TimeSpan.FromDays(1));

        Assert.Empty(two.Registry.List().Projects);
        Assert.NotEqual(one.Clock.GetUtcNow(), two.Clock.GetUtcNow());
        Assert.Empty(one.Calls);
        Assert.Single(two.Calls);
    }

    [Fact]
    public async Task A_thousand_fixtures_run_in_parallel()
    {
        string[] transcripts = await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => Task.Run(async () =>
        {
            using var fixture = new ImmFixture(new ImmFixtureOptions { ProjectQuota = 3 });
            fixture.Seed.Projects(2).Dataset(
                "project-001", "raw", raw => raw.DatasetMaxFileCount = 5).FileSlotsLeft("project-001", "raw", 1);
            using ImmFault fault = fixture.Faults.On(ImmOperation.CreateProject).Every(2).Throttle();
            for (int i = 0; i < 4; i++)
            {
                await fixture.Api.InvokeAsync(fixture.AccountId, fixture.RegionId, "CreateProject", [new("ProjectName", $"more-{i}")]);
            }

            ImmApiResponse page = await fixture.Api.InvokeAsync(fixture.AccountId, fixture.RegionId, "ListProjects", []);
            return $"{fixture.Calls}\n{page.Json}\n{fixture.Snapshot().ToJson()}";
        })));

        string transcript = Assert.Single(transcripts.Distinct());
        Assert.Contains("4. CreateProject more-3 (1234567890123456/cn-hangzhou) -> Throttling.User", transcript, StringComparison.Ordinal);
        Assert.Contains("\"FileCount\": 4", transcript, StringComparison.Ordinal);
    }

    [Fact]
    public void Time_stands_still_until_the_test_moves_it()
    {
        using var fixture = new ImmFixture();
        Project created = fixture.Registry.Create(new CreateProjectRequest { ProjectName = "photos" });

        fixture.Clock.Advance(TimeSpan.FromMinutes(5));
        Project updated = fixture.Registry.Update(new UpdateProjectRequest { ProjectName = "photos", Description = "of the sea" });

        Assert.Equal(ImmFixtureClock.DefaultStart, created.CreateTime);
        Assert.Equal(ImmFixtureClock.DefaultStart + TimeSpan.FromMinutes(5), updated.UpdateTime);
    }

    [Fact]
    public void Accepts_any_clock()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
        using var fixture = new ImmFixture(new ImmFixtureOptions { TimeProvider = clock });

        Assert.Equal(clock.GetUtcNow(), fixture.Registry.Create(new CreateProjectRequest { ProjectName = "photos" }).CreateTime);
        Assert.Same(clock, fixture.TimeProvider);
        Assert.Throws<InvalidOperationException>(() => fixture.Clock);
        Assert.Throws<InvalidOperationException>(() => fixture.Faults.OnAny().Elapse(TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public async Task Request_ids_follow_from_the_seed()
    {
        string[] first = await RequestIds(7);
        string[] second = await RequestIds(7);

        Assert.Equal(first, second);
        Assert.Equal(200, first.Concat(await RequestIds(8)).Distinct().Count());
        Assert.All(first, id => Assert.Matches("^[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$", id));
        Assert.Equal("6E789E6A-A1B9-45F4-86C4-5D188009454F", (await RequestIds(0))[0]);
    }

    [Fact]
    public async Task One_line_gives_an_HTTP_client()
    {
        using var fixture = new ImmFixture();
        using var client = new HttpClient(fixture.HttpHandler());

        using HttpResponseMessage answer = await client.PostAsync(
            new Uri("https://imm.cn-hangzhou.aliyuncs.com/?Action=CreateProject&ProjectName=photos"), null);

        Assert.True(answer.IsSuccessStatusCode);
        Assert.Equal("photos", fixture.Registry.Get("photos").ProjectName.Value);
        fixture.Calls.ReceivedExactly(1, ImmOperation.CreateProject, "photos");
    }

    [Fact]
    public void The_authorizer_decides_before_faults_and_lookup()
    {
        using var fixture = new ImmFixture(new ImmFixtureOptions { Authorizer = new ReadOnly() });
        fixture.Seed.Project("photos");
        using ImmFault fault = fixture.Faults.OnAny().Throttle();

        Assert.Equal(ImmErrorCode.NoPermission, Code(() => fixture.Registry.Delete("photos")));
        Assert.Equal(ImmErrorCode.ThrottlingUser, Code(() => fixture.Registry.Get("photos")));
    }

    [Fact]
    public void A_disposed_fixture_is_closed()
    {
        var fixture = new ImmFixture();
        ImmSnapshot snapshot = fixture.Snapshot();
        fixture.Dispose();
        fixture.Dispose();

        Assert.Throws<ObjectDisposedException>(() => fixture.Registry.List());
        Assert.Throws<ObjectDisposedException>(() => fixture.Seed);
        Assert.Throws<ObjectDisposedException>(fixture.Snapshot);
        Assert.Throws<ObjectDisposedException>(() => fixture.Restore(snapshot));
        Assert.Throws<ObjectDisposedException>(fixture.Clone);
    }

    private static async Task<string[]> RequestIds(int seed)
    {
        using var fixture = new ImmFixture(new ImmFixtureOptions { Seed = seed });
        var ids = new List<string>();
        for (int i = 0; i < 100; i++)
        {
            ImmApiResponse answer = await fixture.Api.InvokeAsync(fixture.AccountId, fixture.RegionId, "ListProjects", []);
            ids.Add(JsonDocument.Parse(answer.Json).RootElement.GetProperty("RequestId").GetString()!);
        }

        return [.. ids];
    }

    private static string Code(Action call) => Assert.Throws<ImmException>(call).Code;

    private sealed class ReadOnly : IImmAuthorizer
    {
        public AuthorizationDecision Authorize(AuthorizationRequest request) =>
            request.Action.StartsWith(
                "imm:Get", StringComparison.Ordinal) ? AuthorizationDecision.Allow : AuthorizationDecision.Deny("read only");
    }
}
