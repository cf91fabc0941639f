using System.Globalization;
using System.Runtime.CompilerServices;
using Imm.Core.Model;
using Imm.Core.Testing;
using Xunit;

namespace Imm.Core.Tests.Testing;

/// <summary>Tests of snapshots: their fixtures, restore, and JSON.</summary>
public sealed class SnapshotTests
{
    [Fact]
    public void One_snapshot_starts_many_fixtures()
    {
        ImmSnapshot prepared = Prepared();

        using var one = new ImmFixture(prepared);
        using var two = new ImmFixture(prepared);
        one.Registry.Delete("music");
        one.Registry.AddFiles("photos", "raw", 1, 1);

        Assert.Equal(["photos", "videos"], Names(one));
        Assert.Equal(["music", "photos", "videos"], Names(two));
        Assert.Equal(9, two.Registry.GetDataset("photos", "raw").FileCount);
        Assert.Equal(prepared.ToJson(), two.Snapshot().ToJson());
        Assert.Equal(3, prepared.ProjectCount);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_snapshot_does_not_hold_what_its_fixtures_change(bool isOfJson)
    {
        using var origin = new ImmFixture();
        for (int i = 0; i < 100; i++)
        {
            // With so many changes that they are not all among the recent ones.
            origin.Registry.Create(new() { ProjectName = $"p{i}" });
            origin.Registry.Update(new() { ProjectName = $"p{i}", Description = "before" });
        }

        ImmSnapshot snapshot = isOfJson ? ImmSnapshot.FromJson(origin.Snapshot().ToJson()) : origin.Snapshot();
        string before = snapshot.ToJson();

        WeakReference[] changed = ChangeAll(snapshot);
        GC.Collect();

        Assert.DoesNotContain(changed, static project => project.IsAlive);
        Assert.Equal(before, snapshot.ToJson());

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference[] ChangeAll(ImmSnapshot snapshot)
        {
            using var fixture = new ImmFixture(snapshot);
            var projects = new List<Project>();
            for (int i = 0; i < 3; i++)
            {
                projects = [.. fixture.Registry.ListAll()
                    .Select(project => fixture.Registry.Update(new() { ProjectName = project.ProjectName, Description = $"{i}" }))];
            }

            return [.. projects.Select(static project => new WeakReference(project))];
        }
    }

    [Fact]
    public void Restore_goes_back_to_a_snapshot()
    {
        using var fixture = new ImmFixture(Prepared());
        ProjectRegistry registry = fixture.Registry;
        ImmSnapshot before = fixture.Snapshot();
        registry.Delete("music");
        registry.SetProjectQuota(1);
        fixture.Store.Registry("42", "cn-beijing").Create(new CreateProjectRequest { ProjectName = "new" });

        fixture.Restore(before);

        Assert.Equal(["music", "photos", "videos"], registry.List().Projects.Select(project => project.ProjectName.Value));
        Assert.Equal(7, registry.ProjectQuota);
        Assert.Empty(fixture.Store.Registry("42", "cn-beijing").List().Projects);
        Assert.Equal(before.ToJson(), fixture.Snapshot().ToJson());
    }

    [Fact]
    public void Restore_accepts_the_snapshot_of_another_fixture()
    {
        using var fixture = new ImmFixture(new ImmFixtureOptions { ProjectQuota = 9 });
        fixture.Seed.Project("own");

        fixture.Restore(Prepared());

        Assert.Equal(["music", "photos", "videos"], Names(fixture));
        Assert.Equal(7, fixture.Registry.ProjectQuota);
        Assert.Equal(9, fixture.Store.Registry("other", "cn-hangzhou").ProjectQuota);
    }

    [Fact]
    public async Task A_clone_continues_as_its_origin_does()
    {
        using var origin = new ImmFixture(new ImmFixtureOptions { AccountId = "42", ProjectQuota = 3, Seed = 5 });
        origin.Seed.Projects(2);
        origin.Clock.Advance(TimeSpan.FromDays(1));
        using ImmFault fault = origin.Faults.OnAny().Times(1).Throttle();
        await Create(origin, "refused");

        using ImmFixture clone = origin.Clone();

        Assert.Empty(clone.Calls);
        Assert.Equal(await Create(origin, "third"), await Create(clone, "third"));
        Assert.Equal(await Create(origin, "fourth"), await Create(clone, "fourth"));
        clone.Clock.Advance(TimeSpan.FromDays(1));
        Assert.NotEqual(origin.Clock.GetUtcNow(), clone.Clock.GetUtcNow());

        static async Task<string> Create(ImmFixture fixture, string name) =>
            (await fixture.Api.InvokeAsync("42", "cn-hangzhou", "CreateProject", [new("ProjectName", name)])).Json;
    }

    [Fact]
    public void A_fixture_starts_with_the_time_and_quota_of_its_snapshot()
    {
        using var origin = new ImmFixture(new ImmFixtureOptions { ProjectQuota = 3 });
        origin.Seed.Project("photos");
        origin.Clock.Advance(TimeSpan.FromDays(1));
        ImmSnapshot read = ImmSnapshot.FromJson(origin.Snapshot().ToJson());

        using var fixture = new ImmFixture(read);
        using var other = new ImmFixture(read, new ImmFixtureOptions { ProjectQuota = 4, TimeProvider = new ImmFixtureClock() });

        Assert.Equal(origin.Clock.GetUtcNow(), fixture.Clock.GetUtcNow());
        Assert.Equal((3, 4), (fixture.Registry.ProjectQuota, other.Registry.ProjectQuota));
        Assert.Equal(ImmFixtureClock.DefaultStart, other.Clock.GetUtcNow());
    }

    [Fact]
    public void Writes_readable_JSON_that_is_read_back()
    {
        using var fixture = new ImmFixture();
        fixture.Seed.In("42", "cn-beijing")
            .ProjectQuota(7)
            .Project("photos", project => project.Tag = [new Tag("队", "<a&b>")])
            .Dataset("photos", "raw", dataset => dataset.DatasetMaxFileCount = 10)
            .Bindings("photos", "raw", "oss://b", "oss://a")
            .Files("photos", "raw", 3, 30);

        string json = fixture.Snapshot().ToJson();

        Assert.Equal(
            """
            {
              "Format": "imm-core-snapshot/1",
              "Time": "2025-01-01T00:00:00.000000000+00:00",
              "ProjectQuota": 100,
              "Scopes": [
                {
                  "AccountId": "42",
                  "RegionId": "cn-beijing",
                  "ProjectQuota": 7,
                  "Revision": 5,
                  "Projects": [
                    {
                      "ProjectName": "photos",
                      "ServiceRole": "AliyunIMMDefaultRole",
                      "TemplateId": "",
                      "CreateTime": "2025-01-01T00:00:00.000000000+00:00",
                      "UpdateTime": "2025-01-01T00:00:00.000000000+00:00",
                      "Description": "",
                      "ProjectQueriesPerSecond": 100,
                      "EngineConcurrency": 100,
                      "ProjectMaxDatasetCount": 1000000000,
                      "DatasetMaxBindCount": 10,
                      "DatasetMaxFileCount": 100000000,
                      "DatasetMaxEntityCount": 10000000000,
                      "DatasetMaxRelationCount": 100000000000,
                      "DatasetMaxTotalFileSize": 90000000000000000,
                      "DatasetCount": 1,
                      "FileCount": 3,
                      "TotalFileSize": 30,
                      "Tags": [
                        {
                          "TagKey": "队",
                          "TagValue": "<a&b>"
                        }
                      ],
                      "Revision": 5,
                      "Datasets": [
                        {
                          "DatasetName": "raw",
                          "TemplateId": "",
                          "CreateTime": "2025-01-01T00:00:00.000000000+00:00",
                          "UpdateTime": "2025-01-01T00:00:00.000000000+00:00",
                          "Description": "",
                          "DatasetMaxBindCount": 10,
                          "DatasetMaxFileCount": 10,
                          "DatasetMaxEntityCount": 10000000000,
                          "DatasetMaxRelationCount": 100000000000,
                          "DatasetMaxTotalFileSize": 90000000000000000,
                          "BindCount": 2,
                          "FileCount": 3,
                          "TotalFileSize": 30,
                          "Revision": 5,
                          "Bindings": [
                            {
                              "URI": "oss://a",
                              "CreateTime": "2025-01-01T00:00:00.000000000+00:00"
                            },
                            {
                              "URI": "oss://b",
                              "CreateTime": "2025-01-01T00:00:00.000000000+00:00"
                            }
                          ]
                        }
                      ]
                    }
                  ]
                }
              ]
            }
            """,
            json);
        Assert.Equal(json, ImmSnapshot.FromJson(json).ToJson());
    }

    [Fact]
    public void JSON_requires_only_names()
    {
        using var fixture = new ImmFixture(ImmSnapshot.FromJson(
            """
            {
              "Format": "imm-core-snapshot/1",
              "Scopes": [
                {
                  "AccountId": "1234567890123456", "RegionId": "cn-hangzhou",
                  "Projects": [
                    {
                      "ProjectName": "photos", "DatasetMaxFileCount": 7,
                      "Datasets": [ { "DatasetName": "raw", "FileCount": 6, "Bindings": [ { "URI": "oss://a" } ] } ]
                    },
                    { "ProjectName": "late", "CreateTime": "2030-01-01T00:00:00Z" }
                  ]
                }
              ]
            }
            """));

        Assert.Equal(ImmFixtureClock.DefaultStart, fixture.Registry.Get("photos").UpdateTime);
        Assert.Equal(2030, fixture.Registry.Get("late").UpdateTime.Year);
        Assert.Equal((1, 6), (fixture.Registry.Get("photos").DatasetCount, fixture.Registry.Get("photos").FileCount));
        Assert.Equal(
            (7, 1),
            (fixture.Registry.GetDataset("photos", "raw").DatasetMaxFileCount, fixture.Registry.GetDataset("photos", "raw").BindCount));
    }

    [Fact]
    public void Accepts_use_above_a_lowered_limit()
    {
        using var origin = new ImmFixture();
        origin.Seed.Projects(3).ProjectQuota(1)
            .Dataset("project-001", "raw").Dataset("project-001", "cut").Files("project-001", "raw", 100, 100).Bindings(
                "project-001", "raw", "oss://a", "oss://b")
            .UpdateProject("project-001", project => project.ProjectMaxDatasetCount = 1)
            .UpdateDataset("project-001", "raw", dataset =>
            {
                dataset.DatasetMaxFileCount = 1;
                dataset.DatasetMaxTotalFileSize = 1;
                dataset.DatasetMaxBindCount = 1;
            });

        string json = origin.Snapshot().ToJson();

        Assert.Equal(json, ImmSnapshot.FromJson(json).ToJson());
    }

    [Theory]
    [InlineData("", "The text is not the JSON of a snapshot.")]
    [InlineData("null", "The JSON of the snapshot is null.")]
    [InlineData("[]", "The text is not the JSON of a snapshot.")]
    [InlineData("{}", "The snapshot is wrong at $.Format. It is missing.")]
    [InlineData(
        """{"Format":"imm-core-snapshot/2"}""",
        "The snapshot is wrong at $.Format. It is 'imm-core-snapshot/2'; this version reads 'imm-core-snapshot/1'.")]
    [InlineData("""{"Format":"imm-core-snapshot/1","Scope":[]}""", "could not be mapped")]
    [InlineData("""{"Format":"imm-core-snapshot/1","Format":"imm-core-snapshot/1"}""", "Duplicate property 'Format'")]
    [InlineData("""{"Format":"imm-core-snapshot/1","Time":"yesterday"}""", "$.Time. A time looks like")]
    [InlineData("""{"Format":"imm-core-snapshot/1","ProjectQuota":-1}""", "$.ProjectQuota. It is below 0.")]
    [InlineData("""{"Format":"imm-core-snapshot/1","Scopes":[null]}""", "$.Scopes[0]. It is null.")]
    [InlineData("""{"Format":"imm-core-snapshot/1","Scopes":[{"RegionId":"r"}]}""", "$.Scopes[0].AccountId. An account id has")]
    [InlineData(
        """{"Format":"imm-core-snapshot/1","Scopes":[{"AccountId":"1","RegionId":"R"}]}""", "$.Scopes[0].RegionId. A region id has")]
    [InlineData(
        """{"Format":"imm-core-snapshot/1","Scopes":[{"AccountId":"1","RegionId":"r"},{"AccountId":"1","RegionId":"r"}]}""",
        "$.Scopes[1]. 1/r occurs twice.")]
    public void Rejects_a_text_that_is_not_a_snapshot_and_names_the_place(string json, string problem) =>
        Assert.Contains(problem, Assert.Throws<FormatException>(() => ImmSnapshot.FromJson(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void Rejects_a_lone_surrogate()
    {
        const string Lone = """
            {"Format":"imm-core-snapshot/1","Scopes":[{"AccountId":"1","RegionId":"r","Projects":[{"ProjectName":"p","Description":"X"}]}]}
            """;
        using var fixture = new ImmFixture();

        string json = Lone.Replace('X', '\ud800');

        Assert.Throws<FormatException>(() => ImmSnapshot.FromJson(json));
        Assert.Throws<FormatException>(() => fixture.Seed.Recorded(json));
        Assert.Throws<FormatException>(() => fixture.Seed.Recorded("""{"ProjectName":"p","Description":"\ud800"}"""));
    }

    [Theory]
    [InlineData("null", "$.Scopes[0].Projects[0]. It is null.")]
    [InlineData("{}", "$.Scopes[0].Projects[0].ProjectName")]
    [InlineData("""{"ProjectName":"p"},{"ProjectName":"p"}""", "$.Scopes[0].Projects[1].ProjectName. 'p' occurs twice.")]
    [InlineData("""{"ProjectName":"p","DatasetMaxBindCount":11}""", "$.Scopes[0].Projects[0].DatasetMaxBindCount")]
    [InlineData("""{"ProjectName":"p","Description":"\ud800"}""", "The text is not the JSON of a snapshot.")]
    [InlineData("""{"ProjectName":"p","DatasetCount":1}""", "$.Scopes[0].Projects[0].DatasetCount. It is 1, but there are 0 datasets.")]
    [InlineData("""{"ProjectName":"p","FileCount":1}""", "$.Scopes[0].Projects[0].FileCount. It is 1, but its datasets have 0 together.")]
    [InlineData(
        """{"ProjectName":"p","TotalFileSize":1}""", "$.Scopes[0].Projects[0].TotalFileSize. It is 1, but its datasets have 0 together.")]
    [InlineData("""{"ProjectName":"p","UpdateTime":"2020-01-01T00:00:00Z"}""", "$.Scopes[0].Projects[0].UpdateTime")]
    public void Rejects_an_impossible_project(string projects, string problem) => AssertRejects(projects, problem);

    [Theory]
    [InlineData("null", "[0]. It is null.")]
    [InlineData("{}", "[0].DatasetName. The parameter DatasetName is required")]
    [InlineData("""{"DatasetName":"d"},{"DatasetName":"d"}""", "[1].DatasetName. 'd' occurs twice.")]
    [InlineData("""{"DatasetName":"d","TemplateId":"\u0000"}""", "[0].TemplateId. The parameter TemplateId")]
    [InlineData("""{"DatasetName":"d","DatasetMaxFileCount":0}""", "[0].DatasetMaxFileCount. The parameter")]
    [InlineData("""{"DatasetName":"d","FileCount":-1}""", "[0].FileCount. It is below 0.")]
    [InlineData("""{"DatasetName":"d","FileCount":100000001}""", "[0].FileCount. It is above its maximum, 100000000")]
    [InlineData(
        """{"DatasetName":"d","TotalFileSize":9223372036854775807},{"DatasetName":"e","TotalFileSize":1}""", "more than 2^63-1 bytes")]
    [InlineData("""{"DatasetName":"d","BindCount":1}""", "[0].BindCount. It is 1, but there are 0 bindings.")]
    [InlineData(
        """{"DatasetName":"d","CreateTime":"2020-01-01T00:00:00Z","UpdateTime":"2019-01-01T00:00:00Z"}""",
        "[0].UpdateTime. It is before CreateTime.")]
    [InlineData("""{"DatasetName":"d","Bindings":[null]}""", "[0].Bindings[0]. It is null.")]
    [InlineData("""{"DatasetName":"d","Bindings":[{"URI":"oss://A"}]}""", "[0].Bindings[0].URI. The parameter URI is invalid")]
    [InlineData("""{"DatasetName":"d","Bindings":[{"URI":"oss://a"},{"URI":"oss://a"}]}""", "[0].Bindings. 'oss://a' occurs twice.")]
    [InlineData(
        """{"DatasetName":"d","Bindings":[{},{},{},{},{},{},{},{},{},{},{}]}""", "[0].Bindings. There are 11; a dataset has at most 10.")]
    public void Rejects_an_impossible_dataset(string datasets, string problem) =>
        AssertRejects($$"""{"ProjectName":"p","Datasets":[{{datasets}}]}""", problem);

    [Fact]
    public void A_snapshot_of_a_store_in_a_file_starts_a_fixture()
    {
        string directory = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string path = Path.Combine(directory, "imm.db");
            using (ImmStore store = ImmStore.Open(path))
            {
                store.Registry("42", "cn-beijing").Create(new CreateProjectRequest { ProjectName = "photos" });
                store.Registry("43", "cn-beijing").SetProjectQuota(0);
            }

            // Reopened, so that scopes that are not loaded are read too.
            using ImmStore reopened = ImmStore.Open(path);
            using var fixture = new ImmFixture(
                ImmSnapshot.Of(reopened), new ImmFixtureOptions { AccountId = "42", RegionId = "cn-beijing" });

            Assert.Equal(reopened.Registry("42", "cn-beijing").Get("photos"), fixture.Registry.Get("photos"));
            Assert.Equal(0, fixture.Store.Registry("43", "cn-beijing").ProjectQuota);
            fixture.Registry.Delete("photos");
            Assert.Single(reopened.Registry("42", "cn-beijing").List().Projects);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void A_snapshot_beside_writers_is_one_moment_of_all_accounts()
    {
        using var fixture = new ImmFixture(new ImmFixtureOptions { ProjectQuota = 1_000_000 });
        Scope[] scopes = [.. Enumerable.Range(0, 64).Select(i => new Scope($"{i:D2}", "r"))];
        ProjectRegistry[] accounts = [.. scopes.Select(scope => fixture.Store.Registry(scope.AccountId, scope.RegionId))];

        // The accounts get projects in turn, so at every moment the first ones have one more than the others.
        WhileWriting(
            i => accounts[i % accounts.Length].Create(new CreateProjectRequest { ProjectName = $"p{i}" }),
            _ =>
            {
                for (int i = 0; i < 10_000; i++)
                {
                    ImmSnapshot snapshot = fixture.Snapshot();
                    int[] counts = [.. scopes.Select(
                        scope => snapshot.Image.TryGetValue(scope, out ScopeState? state) ? state.ProjectCount : 0)];
                    if (counts[0] - counts[^1] is not (0 or 1) || !counts.SequenceEqual(counts.OrderDescending()))
                    {
                        Assert.Fail($"no moment had {string.Join(' ', counts)}");
                    }
                }
            });
    }

    [Fact]
    public void Restore_beside_writers_removes_everything_written_before()
    {
        using var fixture = new ImmFixture(new ImmFixtureOptions { ProjectQuota = 1_000_000 });
        ProjectRegistry registry = fixture.Registry;
        ImmSnapshot empty = fixture.Snapshot();

        WhileWriting(
            i => registry.Create(new CreateProjectRequest { ProjectName = $"p{i:D9}" }),
            written =>
            {
                for (int i = 0; i < 2000; i++)
                {
                    int before = written() + 3;
                    SpinWait.SpinUntil(() => written() >= before);
                    fixture.Restore(empty);

                    // The content was written after the restore; the name contains the number of the write.
                    foreach (Project first in registry.List(new ListProjectsRequest { MaxResults = 1 }).Projects)
                    {
                        Assert.InRange(int.Parse(first.ProjectName.Value.AsSpan(1), CultureInfo.InvariantCulture), before, int.MaxValue);
                    }
                }
            });
    }

    /// <summary>Reads a store while another thread writes to it. The number of the first write is 0.</summary>
    private static void WhileWriting(Action<int> write, Action<Func<int>> look)
    {
        int written = 0;
        bool stop = false;
        var writer = new Thread(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                write(written);
                Volatile.Write(ref written, written + 1);
            }
        });
        writer.Start();
        try
        {
            look(() => Volatile.Read(ref written));
        }
        finally
        {
            Volatile.Write(ref stop, true);
            writer.Join();
        }
    }

    private static ImmSnapshot Prepared()
    {
        using var fixture = new ImmFixture();
        fixture.Seed
            .ProjectQuota(7)
            .Project("photos").Project("videos").Project("music")
            .Dataset("photos", "raw", dataset => dataset.DatasetMaxFileCount = 10)
            .FileSlotsLeft("photos", "raw", 1);
        return fixture.Snapshot();
    }

    private static string[] Names(ImmFixture fixture) => [.. fixture.Registry.List().Projects.Select(project => project.ProjectName.Value)];

    private static void AssertRejects(string projects, string problem)
    {
        string json = $$"""{"Format":"imm-core-snapshot/1","Scopes":[{"AccountId":"1","RegionId":"r","Projects":[{{projects}}]}]}""";
        Assert.Contains(problem, Assert.Throws<FormatException>(() => ImmSnapshot.FromJson(json)).Message, StringComparison.Ordinal);
    }
}
