using Imm.Core.Storage;
using Imm.Core.Tests.Storage;
using LiteDB;
using Xunit;

namespace Imm.Core.Tests.Operations;

/// <summary>
/// A salvage recovers everything that is readable of a damaged store, and says what is missing. Whatever is damaged, no value is wrong.
/// </summary>
public sealed class SalvageTests
{
    private const string Path = StoreOnDisk.DataPath;
    private const string Recovered = "/store/recovered.db";

    /// <summary>The number of flips, and of lengths of each file, in each of the three states.</summary>
    private static readonly int Flips = Campaign.Scale == 0 ? 60 : 3500 * Campaign.Scale;

    public enum State
    {
        Closed,
        Killed,
        KilledWithCheckpoints,
    }

    public static TheoryData<State> States => [.. Enum.GetValues<State>()];

    [Theory]
    [MemberData(nameof(States))]
    public void Everything_of_a_store_without_damage_is_recovered(State state)
    {
        (SimulatedDisk disk, Dictionary<string, string> content, _) = Prepare(state);

        SalvageReport report = ImmStore.Salvage(disk, Path, Recovered);

        Assert.Empty(report.Problems);
        Assert.Empty(report.DamagedPages);
        Assert.True(report.IsComplete);
        Assert.Equal(content, Content(disk, out ImmStoreSummary summary));
        Assert.Equal(summary, new ImmStoreSummary(report.ScopeCount, report.ProjectCount, report.DatasetCount));
    }

    [Theory]
    [MemberData(nameof(States))]
    public void Every_truncation_gives_no_wrong_value_and_says_what_is_missing(State state)
    {
        (SimulatedDisk whole, Dictionary<string, string> content, Dictionary<string, string> earlier) = Prepare(state);
        foreach (string path in (string[])[.. whole.Paths])
        {
            byte[] bytes = whole.Read(path);
            int step = Math.Max(1, Math.Min(bytes.Length, 80_000) / Flips);
            for (int length = 0; length < Math.Min(bytes.Length, 80_000); length += step)
            {
                SimulatedDisk disk = whole.AsKilled();
                disk.Put(path, bytes.AsSpan(0, length));
                AssertPart(disk, content, earlier, $"'{path}' cut to {length} bytes");
            }
        }
    }

    [Theory]
    [MemberData(nameof(States))]
    public void Every_flipped_bit_gives_no_wrong_value_and_says_what_is_missing(State state)
    {
        (SimulatedDisk whole, Dictionary<string, string> content, Dictionary<string, string> earlier) = Prepare(state);
        var random = new Random(7);
        int refused = 0;
        for (int i = 0; i < Flips; i++)
        {
            SimulatedDisk disk = whole.AsKilled();
            string path = whole.Paths[random.Next(whole.Paths.Count)];
            long bit = random.NextInt64(Math.Min(whole.Read(path).Length, 80_000) * 8L);
            disk.FlipBit(path, bit);
            refused += AssertPart(disk, content, earlier, $"bit {bit} of '{path}'") ? 0 : 1;
        }

        Assert.Equal(0, refused);
    }

    [Fact]
    public void A_flipped_page_costs_the_projects_on_it_and_not_the_scope()
    {
        var disk = new SimulatedDisk();
        using (ImmStore store = ImmStore.Open(new ImmStoreOptions { Path = Path, ProjectQuota = 5000 }, disk))
        {
            for (int i = 0; i < 5000; i++)
            {
                store.Registry().Create(new() { ProjectName = $"p{i}", Description = $"of {i}" });
            }
        }

        byte[] bytes = disk.Read(Path);
        int dataPages = 0;
        for (int page = 0; page < bytes.Length / DataPage.Size; page += 7)
        {
            bool isData = bytes[(page * DataPage.Size) + 4] == 4;
            dataPages += isData ? 1 : 0;
            SimulatedDisk damaged = disk.AsKilled();
            damaged.FlipBit(Path, ((page * DataPage.Size) + 3000) * 8L);

            SalvageReport report = ImmStore.Salvage(damaged, Path, Recovered);

            Assert.Equal([page], report.DamagedPages);
            Assert.Contains(report.Problems, problem => problem.Contains($"Page {page} ", StringComparison.Ordinal));
            Assert.InRange(report.ProjectCount, isData ? 4900 : 5000, 5000);
            using ImmStore recovered = ImmStore.Open(new ImmStoreOptions { Path = Recovered }, damaged);
            for (int i = 0; i < 5000; i++)
            {
                if (recovered.Registry().TryGet($"p{i}", out Project? project))
                {
                    Assert.Equal($"of {i}", project.Description);
                }
            }
        }

        Assert.True(dataPages > 5);
    }

    [Fact]
    public void A_store_that_another_program_has_written_to_is_recovered()
    {
        using var directory = new TempDirectory();
        string path = directory.File("imm.db");
        using (ImmStore store = ImmStore.Open(path))
        {
            for (int i = 0; i < 100; i++)
            {
                store.Registry().Create(new() { ProjectName = $"p{i}" });
            }
        }

        using (var database = new LiteDatabase(path))
        {
            database.GetCollection("notes").Insert(new BsonDocument { ["text"] = "a note" });
            database.Checkpoint();
        }

        SortedDictionary<string, byte[]> before = directory.Files();
        Assert.Equal(
            ImmUnavailableReason.WrittenByAnotherProgram, Assert.Throws<ImmException>(() => ImmStore.Open(path)).Reason);

        SalvageReport report = ImmStore.Salvage(path, directory.File("recovered.db"));

        Assert.Equal(100, report.ProjectCount);
        Assert.Contains("Another program", Assert.Single(report.Problems), StringComparison.Ordinal);
        Assert.All(before, file => Assert.Equal(file.Value, File.ReadAllBytes(directory.File(file.Key))));
        using ImmStore recovered = ImmStore.Open(directory.File("recovered.db"));
        Assert.Equal(100, recovered.Scopes[0].ProjectCount);
        Assert.Empty(recovered.Check());
    }

    [Fact]
    public void What_is_not_a_store_or_is_in_use_is_refused_and_leaves_no_file()
    {
        using var directory = new TempDirectory();
        string path = directory.File("imm.db");
        Assert.Equal(ImmUnavailableReason.NotFound, Refused());
        File.WriteAllText(path, "a note");
        Assert.Equal(ImmUnavailableReason.NotAStore, Refused());
        File.Delete(path);
        using (ImmStore.Open(path))
        {
            Assert.Equal(ImmUnavailableReason.Locked, Refused());
        }

        File.WriteAllText(directory.File("recovered.db"), "a note");
        Assert.Equal(ImmUnavailableReason.NameTaken, Refused());
        Assert.Equal(["imm.db", "recovered.db"], directory.Names);
        Assert.Equal("a note", File.ReadAllText(directory.File("recovered.db")));

        ImmUnavailableReason? Refused()
        {
            ImmException refused = Assert.Throws<ImmException>(() => ImmStore.Salvage(path, directory.File("recovered.db")));
            Assert.Equal(ImmErrorCode.ServiceUnavailable, refused.Code);
            return refused.Reason;
        }
    }

    /// <summary>
    /// Asserts that a salvage gives a part of the content, all of it where it reports nothing, and an open store without problems. False if
    /// nothing could be recovered.
    /// </summary>
    private static bool AssertPart(
        SimulatedDisk disk, Dictionary<string, string> content, Dictionary<string, string> earlier, string what)
    {
        SalvageReport report;
        try
        {
            report = ImmStore.Salvage(disk, Path, Recovered);
        }
        catch (ImmException e)
        {
            Assert.True(e.Reason == ImmUnavailableReason.NotAStore, $"{what}: {e.Message}");
            return false;
        }

        Dictionary<string, string> found = Content(disk, out _);
        foreach ((string name, string value) in found)
        {
            // Where a log is lost, so are the changes that it held: then the value is that before them, and the report says so.
            string original = content.GetValueOrDefault(name, "absent");
            Assert.True(original == value || report.Problems.Count > 0, $"{what}: '{name}' is {value}, and was {original}");
            Assert.True(
                OwnFields(value) == OwnFields(original) || OwnFields(value) == OwnFields(earlier.GetValueOrDefault(name, "absent")),
                $"{what}: '{name}' is {value}, and was {original}");
        }

        Assert.True(
            found.Count == content.Count || report.Problems.Count > 0, $"{what}: {content.Count - found.Count} are lost in silence");
        return true;
    }

    // The counts of a project follow its datasets, some of which may be lost.
    private static string OwnFields(string value) => value.Split('|')[0];

    /// <summary>Makes a store, and gives what is in it, and what was in it before the changes that are in the logs.</summary>
    private static (SimulatedDisk Disk, Dictionary<string, string> Content, Dictionary<string, string> Earlier) Prepare(State state)
    {
        var disk = new SimulatedDisk();
        var on = new StoreOnDisk(disk) { CheckpointLength = state == State.KilledWithCheckpoints ? 12 << 10 : 1 << 20 };
        Fill(on);
        Dictionary<string, string> earlier = [];
        if (state != State.Closed)
        {
            using ImmStore before = ImmStore.OpenReadOnly(new ImmStoreOptions { Path = Path }, disk.AsKilled());
            earlier = ContentOf(before);
        }

        ImmStore store = on.Open();
        ProjectRegistry registry = store.Registry("a1", "r");
        for (int i = 0; i < 12; i++)
        {
            registry.Create(new() { ProjectName = $"late{i}" });
        }

        registry.Update(new() { ProjectName = "p3", Description = "changed late" });
        registry.Delete("p7");

        // The last batch of a log is lost without a word: its damage cannot be told from a write that never arrived.
        registry.SetProjectQuota(900);
        if (state == State.Closed)
        {
            store.Dispose();
        }

        SimulatedDisk left = disk.AsKilled();
        store.Dispose();
        SimulatedDisk copy = left.AsKilled();
        using ImmStore read = ImmStore.OpenReadOnly(new ImmStoreOptions { Path = Path }, copy);
        return (left, ContentOf(read), earlier);
    }

    private static void Fill(StoreOnDisk on)
    {
        using ImmStore store = on.Open();
        foreach (string account in (string[])["a0", "a1", "a2"])
        {
            ProjectRegistry registry = store.Registry(account, "r");
            registry.SetProjectQuota(1000);
            for (int i = 0; i < 40; i++)
            {
                registry.Create(new() { ProjectName = $"p{i}", Description = $"{account} {i}", Tag = [new("k", $"{i}")] });
                if (i % 4 == 0)
                {
                    registry.CreateDataset(new() { ProjectName = $"p{i}", DatasetName = "d", Description = $"of {i}" });
                    registry.CreateBinding($"p{i}", "d", $"oss://b{i}");
                    registry.AddFiles($"p{i}", "d", i, 10);
                    registry.AttachOssBucket(new() { ProjectName = $"p{i}", OssBucket = $"attached{i}" });
                }
            }

            registry.Create(new() { ProjectName = "big", Description = new string('b', 255) });
        }
    }

    private static Dictionary<string, string> Content(SimulatedDisk disk, out ImmStoreSummary summary)
    {
        using ImmStore store = ImmStore.Open(new ImmStoreOptions { Path = Recovered }, disk);
        Assert.Empty(store.Check());
        IReadOnlyList<ImmScope> scopes = store.Scopes;
        Dictionary<string, string> content = ContentOf(store);
        summary = new ImmStoreSummary(
            scopes.Count,
            scopes.Sum(static scope => scope.ProjectCount),
            content.Keys.Count(static name => name.Split('/').Length == 3));
        return content;
    }

    private static IReadOnlyList<OssBucketAttachment> Buckets(ProjectRegistry registry, Project project) =>
        registry.ListAttachedOssBuckets(new() { ProjectName = project.ProjectName.Value }).AttachedOssBuckets;

    private static Dictionary<string, string> ContentOf(ImmStore store)
    {
        var content = new Dictionary<string, string>();
        foreach (ImmScope scope in store.Scopes)
        {
            ProjectRegistry registry = store.Registry(scope.AccountId, scope.RegionId);
            foreach (Project project in registry.List(new() { MaxResults = 200 }).Projects)
            {
                string name = $"{scope.AccountId}/{project.ProjectName}";
                content[name] =
                    $"{project.Description} {project.CreateTime:O} {project.UpdateTime:O} {project.Revision} {project.Tags.Count}"
                    + $"|{project.DatasetCount} {project.FileCount} {project.TotalFileSize}"
                    + $" {string.Join(',', Buckets(registry, project).Select(static bucket => bucket.OssBucket))}";
                if (project.DatasetCount > 0)
                {
                    Dataset dataset = registry.GetDataset(project.ProjectName.Value, "d");
                    content[$"{name}/d"] = $"{dataset.Description} {dataset.FileCount} {dataset.Revision} "
                        + string.Join(',', registry.ListBindings(project.ProjectName.Value, "d").Select(static binding => binding.Uri));
                }
            }
        }

        return content;
    }

    private sealed record ImmStoreSummary(int Scopes, long Projects, long Datasets);
}
