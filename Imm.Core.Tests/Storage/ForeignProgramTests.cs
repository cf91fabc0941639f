using Imm.Core.Storage;
using LiteDB;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>A tool that opens the data file with LiteDB: reading a closed store is safe, and writing is noticed.</summary>
public sealed class ForeignProgramTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly string _path;

    public ForeignProgramTests()
    {
        _path = _directory.File("imm.db");
        using ImmStore store = ImmStore.Open(_path);
        ProjectRegistry registry = store.Registry("1000", "cn-a");
        registry.SetProjectQuota(40);
        for (int i = 0; i < 20; i++)
        {
            registry.Create(new CreateProjectRequest { ProjectName = $"project-{i:00}" });
        }

        registry.Update(new UpdateProjectRequest
        {
            ProjectName = "project-17",
            Description = "for people",
            DatasetMaxBindCount = 3,
            Tag = [new Tag("team", "video"), new Tag("stage")],
        });
        registry.CreateDataset(new CreateDatasetRequest { ProjectName = "project-17", DatasetName = "photos" });
        registry.CreateBinding("project-17", "photos", "oss://bucket");
        registry.AddFiles("project-17", "photos", 5, 1234);
        registry.Delete("project-00");
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_LiteDB_tool_shows_the_documents_of_a_closed_store_and_leaves_it_openable()
    {
        using (var tool = new LiteDatabase(_path))
        {
            BsonDocument scope = Rows(tool, "SELECT $ FROM scopes").Single();
            Assert.Equal(
                (1L, "1000", "cn-a", 40L),
                (scope["_id"].AsInt64, scope["AccountId"].AsString, scope["RegionId"].AsString, scope["ProjectQuota"].AsInt64));

            BsonDocument[] buckets = Rows(tool, "SELECT $ FROM projects");
            Assert.All(buckets, bucket => Assert.Equal(("1000", "cn-a"), (bucket["AccountId"].AsString, bucket["RegionId"].AsString)));
            BsonDocument[] projects = [.. buckets.SelectMany(bucket => bucket["Projects"].AsArray).Select(project => project.AsDocument)];
            Assert.Equal(
                Enumerable.Range(1, 19).Select(i => $"project-{i:00}"), projects.Select(project => project["ProjectName"].AsString));

            BsonDocument one = projects.Single(project => project["ProjectName"] == "project-17");
            Assert.Equal("for people", one["Description"].AsString);
            Assert.Equal(3, one["DatasetMaxBindCount"].AsInt64);
            Assert.Equal((1L, 5L, 1234L), (one["DatasetCount"].AsInt64, one["FileCount"].AsInt64, one["TotalFileSize"].AsInt64));
            Assert.Equal(
                [("team", "video"), ("stage", "")], one["Tags"].AsArray.Select(tag => (tag["Key"].AsString, tag["Value"].AsString)));
            Assert.Equal(DateTimeKind.Utc, one["CreateTime"].AsDateTime.Kind);

            BsonDocument dataset = Rows(tool, "SELECT $ FROM datasets").Single()["Datasets"].AsArray.Single().AsDocument;
            Assert.Equal(("project-17", "photos"), (dataset["ProjectName"].AsString, dataset["DatasetName"].AsString));
            Assert.Equal("oss://bucket", dataset["Bindings"][0]["URI"].AsString);

            BsonDocument[] names = Rows(tool, "SELECT { name: Projects[*].ProjectName } FROM projects WHERE AccountId = '1000'");
            Assert.Equal(19, names.Sum(row => row["name"].AsArray.Count));
            BsonValue lastChange = Rows(tool, "SELECT $ FROM changes")[^1]["Changes"].AsArray[^1];
            Assert.Equal(("Deleted", "project-00"), (lastChange["Kind"].AsString, lastChange["Project"]["ProjectName"].AsString));
        }

        Assert.Equal(["imm.db"], _directory.Names);
        using ImmStore store = ImmStore.Open(_path);
        Assert.Equal(19, store.Registry("1000", "cn-a").List().Projects.Count);
        Assert.Empty(store.Check());
    }

    [Theory]
    [InlineData("INSERT INTO notes VALUES { text: 'a note' }")]
    [InlineData("DELETE projects WHERE _id > 0")]
    public void A_store_that_a_LiteDB_tool_has_written_to_is_refused_unchanged_and_told_apart_from_damage(string command)
    {
        using (var tool = new LiteDatabase(_path))
        {
            tool.Execute(command).Dispose();
            tool.Checkpoint();
        }

        // What is left of its log would be a sign too.
        File.Delete(_directory.File("imm-log.db"));
        string[] names = [.. _directory.Names];
        byte[] before = File.ReadAllBytes(_path);

        var refused = Assert.Throws<ImmException>(() => ImmStore.Open(_path));

        Assert.Equal(ImmUnavailableReason.WrittenByAnotherProgram, refused.Reason);
        Assert.Contains("Another program has written to the file", refused.Message, StringComparison.Ordinal);
        Assert.Contains("salvage", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(_path));
        Assert.Equal(names, _directory.Names);
    }

    [Fact]
    public void A_store_with_the_log_of_a_LiteDB_tool_that_was_ended_is_refused_until_the_log_is_moved_away()
    {
        byte[] before = File.ReadAllBytes(_path);
        using (var tool = new LiteDatabase(_path))
        {
            tool.CheckpointSize = 0;
            tool.Execute("INSERT INTO notes VALUES { text: 'a note' }").Dispose();
            tool.Execute("SELECT $ FROM notes").Dispose();

            // A copy of both files at this moment is what a kill leaves.
            Copy("imm-log.db", "killed-log.db");
        }

        File.WriteAllBytes(_path, before);
        File.Move(_directory.File("killed-log.db"), _directory.File("imm-log.db"), overwrite: true);

        var refused = Assert.Throws<ImmException>(() => ImmStore.Open(_path));

        Assert.Equal(ImmUnavailableReason.WrittenByAnotherProgram, refused.Reason);
        Assert.Contains("imm-log.db", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(_path));
        File.Delete(_directory.File("imm-log.db"));
        ImmStore.Open(_path).Dispose();
    }

    [Fact]
    public void Another_store_or_another_file_may_have_the_name_of_a_log_of_LiteDB()
    {
        string other = _directory.File("imm-log.db");
        using (ImmStore.Open(other))
        {
            ImmStore.Open(_path).Dispose();
        }

        ImmStore.Open(_path).Dispose();
        File.WriteAllText(other, string.Concat(Enumerable.Repeat("A text.\n", 2000)));
        ImmStore.Open(_path).Dispose();
        File.Delete(other);
        Directory.CreateDirectory(other);
        ImmStore.Open(_path).Dispose();
    }

    /// <summary>Copies a file that another handle has open.</summary>
    private void Copy(string from, string to)
    {
        using FileStream source = new(_directory.File(from), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using FileStream target = new(_directory.File(to), FileMode.CreateNew);
        source.CopyTo(target);
        Assert.InRange(target.Length, DataPage.Size, long.MaxValue);
    }

    private static BsonDocument[] Rows(LiteDatabase tool, string query)
    {
        using IBsonDataReader reader = tool.Execute(query);
        var rows = new List<BsonDocument>();
        while (reader.Read())
        {
            rows.Add(reader.Current.AsDocument);
        }

        return [.. rows];
    }
}
