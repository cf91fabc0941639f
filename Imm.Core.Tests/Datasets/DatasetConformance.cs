using System.Globalization;
using Imm.Core.Tests.Shared;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Imm.Core.Tests.Datasets;

public sealed class DatasetsInMemory : DatasetConformance
{
    protected override ImmStore Open(ImmStoreOptions options) => ImmStore.InMemory(options);
}

public sealed class DatasetsInAFile : DatasetConformance, IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("imm-datasets-").FullName;

    public void Dispose()
    {
        Store.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    protected override ImmStore Open(ImmStoreOptions options)
    {
        options.Path = Path.Combine(_directory, "store.db");
        return ImmStore.Open(options);
    }

    [Fact]
    public void A_dataset_with_its_bindings_and_counts_survives_a_reopen()
    {
        Registry.Create(new() { ProjectName = "p", DatasetMaxFileCount = 7 });
        Registry.CreateDataset(new()
        {
            ProjectName = "p",
            DatasetName = "d",
            Description = "写真\0",
            TemplateId = "Official:ImageManagement",
            DatasetMaxBindCount = 2,
        });
        Registry.CreateBinding("p", "d", "oss://b");
        Clock.Advance(TimeSpan.FromTicks(1));
        Registry.UpdateDataset(new() { ProjectName = "p", DatasetName = "d", DatasetMaxEntityCount = long.MaxValue });
        Registry.AddFiles("p", "d", 7, long.MaxValue / 1000);
        Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "gone" });
        Registry.AddFiles("p", "gone", 1, 1);
        Registry.RemoveFiles("p", "gone", 1, 1);
        Registry.DeleteDataset("p", "gone");
        Dataset dataset = Registry.GetDataset("p", "d");
        Project project = Registry.Get("p");
        IReadOnlyList<Binding> bindings = Registry.ListBindings("p", "d");

        Reopen();

        Assert.Equal(dataset, Registry.GetDataset("p", "d"));
        Assert.Equal(project, Registry.Get("p"));
        Assert.Equal(bindings, Registry.ListBindings("p", "d"));
        Assert.Equal("ResourceNotFound", Refused(() => Registry.GetDataset("p", "gone")).Code);
        Assert.Empty(Store.Check());
    }

    [Fact]
    public void Files_that_change_nothing_are_not_written()
    {
        Registry.Create(new() { ProjectName = "p" });
        Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "d" });
        Registry.AddFiles("p", "d", 2, 20);
        long before = Store.Status.LogLength;

        Assert.Empty(Registry.AddFiles([]));
        Assert.Empty(Registry.RemoveFiles([]));
        Assert.Equal(2, Registry.AddFiles("p", "d", 0, 0).FileCount);
        Assert.Equal(20, Registry.RemoveFiles("p", "d", 0, 0).TotalFileSize);

        Assert.Equal(before, Store.Status.LogLength);
        Assert.Equal("ResourceNotFound", Refused(() => Registry.AddFiles("p", "none", 0, 0)).Code);
    }

    private void Reopen()
    {
        Store.Dispose();
        Store = Open(new ImmStoreOptions { TimeProvider = Clock });
        Registry = Store.Registry("account", "cn-hangzhou");
    }
}

/// <summary>The rules of datasets, for every kind of store.</summary>
public abstract class DatasetConformance
{
    protected DatasetConformance()
    {
        Store = Open(new ImmStoreOptions { TimeProvider = Clock });
        Registry = Store.Registry("account", "cn-hangzhou");
    }

    protected FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    protected ImmStore Store { get; set; }

    protected ProjectRegistry Registry { get; set; }

    protected abstract ImmStore Open(ImmStoreOptions options);

    [StoreFact]
    public async Task Files_that_change_nothing_have_no_revision()
    {
        Registry.Create(new() { ProjectName = "p" });
        Dataset dataset = Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "d" });
        using var cancellation = new CancellationTokenSource();

        foreach (Dataset answer in new[]
        {
            Registry.AddFiles("p", "d", 0, 0),
            Registry.RemoveFiles("p", "d", 0, 0),
            await Registry.AddFilesAsync("p", "d", 0, 0, cancellation.Token),
        })
        {
            Assert.Equal((dataset, dataset.Revision), (answer, answer.Revision));
        }

        Assert.Equal(dataset.Revision, Registry.List().Revision);
    }

    [StoreFact]
    public void A_new_dataset_takes_the_present_limits_of_its_project()
    {
        Registry.Create(new() { ProjectName = "p", DatasetMaxBindCount = 3, DatasetMaxTotalFileSize = 50 });
        Dataset before = Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "before", DatasetMaxFileCount = 5 });
        Registry.Update(new() { ProjectName = "p", DatasetMaxBindCount = 9 });
        Dataset after = Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "after" });

        Assert.Equal((3, 5, 50), (before.DatasetMaxBindCount, before.DatasetMaxFileCount, before.DatasetMaxTotalFileSize));
        Assert.Equal((9, 100_000_000, 50), (after.DatasetMaxBindCount, after.DatasetMaxFileCount, after.DatasetMaxTotalFileSize));
        Assert.Equal(before, Registry.GetDataset("p", "before"));
        Assert.Equal((0, 0, 0), (after.BindCount, after.FileCount, after.TotalFileSize));
        Assert.Equal(Clock.GetUtcNow(), after.CreateTime);
        Assert.Equal(after.CreateTime, after.UpdateTime);
    }

    [StoreFact]
    public void A_project_has_as_many_datasets_as_its_limit_and_no_more()
    {
        Registry.Create(new() { ProjectName = "p", ProjectMaxDatasetCount = 2 });
        Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "a" });
        Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "b" });

        AssertLimit(
            Refused(() => Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "c" })), "ProjectMaxDatasetCount", 1, 2, 2);
        Assert.Equal("ResourceAlreadyExists", Refused(() => Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "a" })).Code);
        Assert.Equal(2, Registry.Get("p").DatasetCount);

        Registry.Update(new() { ProjectName = "p", ProjectMaxDatasetCount = 1 });
        AssertLimit(
            Refused(() => Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "c" })), "ProjectMaxDatasetCount", 1, 2, 1);
        Registry.DeleteDataset("p", "a");
        Registry.DeleteDataset("p", "b");
        Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "c" });
        Assert.Equal(1, Registry.Get("p").DatasetCount);
    }

    [StoreFact]
    public void A_dataset_has_as_many_bindings_as_its_limit_each_bucket_once()
    {
        Registry.Create(new() { ProjectName = "p" });
        Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "d", DatasetMaxBindCount = 2 });
        Binding b = Registry.CreateBinding("p", "d", "oss://b");
        Binding a = Registry.CreateBinding("p", "d", "oss://a");

        Assert.Equal([a, b], Registry.ListBindings("p", "d"));
        Assert.Equal(("Ready", "FullScanning", Clock.GetUtcNow()), (a.State, a.Phase, a.CreateTime));
        Assert.Equal("ResourceAlreadyExists", Refused(() => Registry.CreateBinding("p", "d", "oss://a")).Code);
        AssertLimit(Refused(() => Registry.CreateBinding("p", "d", "oss://c")), "DatasetMaxBindCount", 1, 2, 2);
        Assert.Equal("ResourceNotFound", Refused(() => Registry.DeleteBinding("p", "d", "oss://c")).Code);
        Registry.DeleteBinding("p", "d", "oss://a");
        Assert.Equal([b], Registry.ListBindings("p", "d"));
        Assert.Equal(1, Registry.GetDataset("p", "d").BindCount);
    }

    [StoreTheory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("bucket")]
    [InlineData("oss://")]
    [InlineData("OSS://bucket")]
    [InlineData("oss://Bucket")]
    [InlineData("oss://bucket/")]
    [InlineData("oss://bucket/key")]
    [InlineData(" oss://bucket")]
    [InlineData("oss://0123456789012345678901234567890123456789012345678901234567890123")]
    public void Rejects_a_uri_that_is_not_a_bucket(string? uri)
    {
        Registry.Create(new() { ProjectName = "p" });
        Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "d" });

        ImmException refused = Refused(() => Registry.CreateBinding("p", "d", uri!));

        Assert.Equal(("InvalidArgument", "URI"), (refused.Code, refused.Parameter));
        Assert.Empty(Registry.ListBindings("p", "d"));
    }

    [StoreFact]
    public void Files_and_bytes_fill_a_dataset_to_its_limits_exactly_and_all_or_nothing()
    {
        Registry.Create(new() { ProjectName = "p" });
        Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "d", DatasetMaxFileCount = 10, DatasetMaxTotalFileSize = 100 });
        Registry.AddFiles("p", "d", 9, 99);

        AssertLimit(Refused(() => Registry.AddFiles("p", "d", 2, 1)), "DatasetMaxFileCount", 2, 9, 10);
        AssertLimit(Refused(() => Registry.AddFiles("p", "d", 1, 2)), "DatasetMaxTotalFileSize", 2, 99, 100);
        AssertLimit(Refused(() => Registry.AddFiles("p", "d", long.MaxValue, 0)), "DatasetMaxFileCount", long.MaxValue, 9, 10);
        Assert.Equal((9, 99), Counts("d"));
        Registry.AddFiles("p", "d", 1, 1);
        Assert.Equal((10, 100), Counts("d"));
        Registry.AddFiles("p", "d", 0, 0);

        Assert.Equal(("InvalidArgument", "FileCount"), Coded(Refused(() => Registry.RemoveFiles("p", "d", 11, 0))));
        Assert.Equal(("InvalidArgument", "TotalFileSize"), Coded(Refused(() => Registry.RemoveFiles("p", "d", 0, 101))));
        Assert.Equal(("InvalidArgument", "FileCount"), Coded(Refused(() => Registry.AddFiles("p", "d", -1, 0))));
        Assert.Equal(("InvalidArgument", "TotalFileSize"), Coded(Refused(() => Registry.RemoveFiles("p", "d", 0, -1))));
        Assert.Equal((10, 100), Counts("d"));
        Registry.RemoveFiles("p", "d", 10, 100);
        Assert.Equal((0, 0), Counts("d"));
    }

    [StoreFact]
    public void A_limit_below_what_is_in_use_removes_nothing_and_refuses_growth()
    {
        Registry.Create(new() { ProjectName = "p" });
        Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "d" });
        Registry.AddFiles("p", "d", 10, 100);
        Registry.UpdateDataset(new() { ProjectName = "p", DatasetName = "d", DatasetMaxFileCount = 3, DatasetMaxTotalFileSize = 7 });

        Assert.Equal((10, 100), Counts("d"));
        AssertLimit(Refused(() => Registry.AddFiles("p", "d", 1, 0)), "DatasetMaxFileCount", 1, 10, 3);
        AssertLimit(Refused(() => Registry.AddFiles("p", "d", 0, 1)), "DatasetMaxTotalFileSize", 1, 100, 7);
        Registry.AddFiles("p", "d", 0, 0);
        Registry.RemoveFiles("p", "d", 1, 1);
        Assert.Equal((9, 99), Counts("d"));
    }

    [StoreFact]
    public void Several_datasets_change_together_or_not_at_all()
    {
        Registry.Create(new() { ProjectName = "p" });
        Registry.Create(new() { ProjectName = "q" });
        Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "a" });
        Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "b", DatasetMaxFileCount = 5 });
        Registry.CreateDataset(new() { ProjectName = "q", DatasetName = "c" });

        AssertLimit(
            Refused(() => Registry.AddFiles([new("p", "a", 1, 1), new("q", "c", 1, 1), new("p", "b", 3, 1), new("p", "b", 3, 1)])),
            "DatasetMaxFileCount",
            6,
            0,
            5);
        Assert.Equal("ResourceNotFound", Refused(() => Registry.AddFiles([new("p", "a", 1, 1), new("q", "none", 1, 1)])).Code);
        Assert.Equal("InvalidArgument", Refused(() => Registry.AddFiles([new("p", "a", 1, 1), null!])).Code);
        Assert.Equal((0, 0, 0), (Registry.Get("p").FileCount, Registry.Get("q").FileCount, Registry.Get("p").TotalFileSize));

        IReadOnlyList<Dataset> after = Registry.AddFiles(
            [new("p", "a", 1, 10), new("q", "c", 4, 40), new("p", "a", 1, 10), new("p", "b", 5, 50)]);

        Assert.Equal([("a", 2, 20), ("b", 5, 50), ("c", 4, 40)], after.Select(d => (d.DatasetName, d.FileCount, d.TotalFileSize)).Order());
        Assert.Equal((7, 70), (Registry.Get("p").FileCount, Registry.Get("p").TotalFileSize));
        Assert.Equal((4, 40), (Registry.Get("q").FileCount, Registry.Get("q").TotalFileSize));
        Assert.Empty(Registry.AddFiles([]));
        Assert.Throws<ArgumentNullException>(() => Registry.AddFiles(null!));
        Assert.Equal("InvalidArgument", Refused(() => Registry.RemoveFiles([new("p", "a", 2, 20), new("q", "c", 5, 0)])).Code);
        Registry.RemoveFiles([new("p", "a", 2, 20), new("q", "c", 4, 40)]);
        Assert.Equal((5, 0), (Registry.Get("p").FileCount, Registry.Get("q").FileCount));
    }

    [StoreTheory]
    [InlineData("p/a:5,9;p/none:1,1", "ResourceNotFound", "DatasetName")]
    [InlineData("p/a:5,9;none/a:1,1", "ResourceNotFound", "ProjectName")]
    [InlineData("q/c:9,1;p/none:1,1;none/a:1,1", "ResourceNotFound", "ProjectName")]
    [InlineData("p/a:1,9;p/b:9,1", "LimitExceededError", "DatasetMaxTotalFileSize")]
    [InlineData("q/c:9,1;p/b:1,9;p/c:9,1", "LimitExceededError", "DatasetMaxTotalFileSize")]
    [InlineData("r/a:0,4;r/b:0,4;p/none:1,1", "ResourceNotFound", "DatasetName")]
    [InlineData("r/a:0,4;r/b:0,4;r/c:0,4", "LimitExceededError", "TotalFileSize")]
    [InlineData("r/a:0,4;r/b:0,4;r/c:9,4", "LimitExceededError", "DatasetMaxFileCount")]
    [InlineData("p/a:-1,1;1/a:1,1", "InvalidArgument", "ProjectName")]
    [InlineData("p/a:1,-1;p/1:1,1;p/b:-1,1", "InvalidArgument", "DatasetName")]
    [InlineData("p/a:1,-1;p/b:-1,1", "InvalidArgument", "FileCount")]
    public void The_refusal_of_adding_files_does_not_depend_on_the_order_of_the_entries(string entries, string code, string parameter)
    {
        PrepareDatasetsWithLimits();

        AssertSameRefusalInAnyOrder(entries, order => Registry.AddFiles(order), (code, parameter));
    }

    [StoreTheory]
    [InlineData("p/a:1,1;p/none:1,1", "ResourceNotFound", "DatasetName")]
    [InlineData("p/a:0,1;p/b:1,0", "InvalidArgument", "TotalFileSize")]
    public void The_refusal_of_removing_files_does_not_depend_on_the_order_of_the_entries(string entries, string code, string parameter)
    {
        PrepareDatasetsWithLimits();

        AssertSameRefusalInAnyOrder(entries, order => Registry.RemoveFiles(order), (code, parameter));
    }

    [StoreFact]
    public void A_change_of_files_answers_in_the_order_of_names()
    {
        PrepareDatasetsWithLimits();
        FileChange[] changes = [new("p", "b", 1, 1), new("r", "a", 1, 1), new("p", "a", 1, 1), new("q", "c", 1, 1)];

        Assert.All(
            Orders(changes),
            order => Assert.Equal(
                ["p/a", "p/b", "q/c", "r/a"],
                Registry.AddFiles(order.Select(change => change with { FileCount = 0, TotalFileSize = 0 }))
                    .Select(dataset => $"{dataset.ProjectName}/{dataset.DatasetName}")));
    }

    [StoreFact]
    public void The_sums_of_a_project_stop_at_the_end_of_64_bits()
    {
        Registry.Create(new() { ProjectName = "p", DatasetMaxTotalFileSize = long.MaxValue });
        Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "a" });
        Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "b" });
        Registry.AddFiles("p", "a", 100_000_000, long.MaxValue - 5);

        AssertLimit(Refused(() => Registry.AddFiles("p", "b", 1, 6)), "TotalFileSize", 6, long.MaxValue - 5, long.MaxValue);
        AssertLimit(
            Refused(() => Registry.AddFiles([new("p", "a", 0, 3), new("p", "b", 1, 3)])),
            "TotalFileSize",
            6,
            long.MaxValue - 5,
            long.MaxValue);
        AssertLimit(
            Refused(() => Registry.AddFiles([new("p", "b", 0, long.MaxValue), new("p", "b", 0, long.MaxValue)])),
            "DatasetMaxTotalFileSize",
            null,
            0,
            long.MaxValue);
        Registry.AddFiles("p", "b", 1, 5);
        Assert.Equal((100_000_001, long.MaxValue), (Registry.Get("p").FileCount, Registry.Get("p").TotalFileSize));
    }

    [StoreFact]
    public void A_dataset_at_the_default_limits_fills_up_to_them()
    {
        Registry.Create(new() { ProjectName = "p" });
        Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "d" });

        Registry.AddFiles("p", "d", 100_000_000, 90_000_000_000_000_000);

        Assert.Equal((100_000_000, 90_000_000_000_000_000), Counts("d"));
        AssertLimit(Refused(() => Registry.AddFiles("p", "d", 1, 0)), "DatasetMaxFileCount", 1, 100_000_000, 100_000_000);
    }

    [StoreFact]
    public void A_project_or_dataset_with_content_is_not_deleted()
    {
        Registry.Create(new() { ProjectName = "p" });
        Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "d" });
        Registry.CreateBinding("p", "d", "oss://b");
        Registry.AddFiles("p", "d", 1, 1);

        Assert.Equal(("StatusConflict", 400), (Refused(() => Registry.Delete("p")).Code, Refused(() => Registry.Delete("p")).HttpStatus));
        Assert.Equal("StatusConflict", Refused(() => Registry.DeleteDataset("p", "d")).Code);
        Registry.DeleteBinding("p", "d", "oss://b");
        Assert.Equal("StatusConflict", Refused(() => Registry.DeleteDataset("p", "d")).Code);
        Registry.RemoveFiles("p", "d", 1, 1);
        Registry.DeleteDataset("p", "d");
        Assert.Equal("ResourceNotFound", Refused(() => Registry.GetDataset("p", "d")).Code);
        Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "d" });
        Registry.DeleteDataset("p", "d");
        Registry.Delete("p");
        Assert.False(Registry.TryGet("p", out _));
    }

    [StoreFact]
    public void A_bucket_has_up_to_63_characters()
    {
        Registry.Create(new() { ProjectName = "p" });
        Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "d" });
        string longest = "oss://" + new string('b', 63);

        Assert.Equal(longest, Registry.CreateBinding("p", "d", longest).Uri);
        Assert.Equal("InvalidArgument", Refused(() => Registry.CreateBinding("p", "d", longest + "b")).Code);
        Assert.Contains("required", Refused(() => Registry.CreateBinding("p", "d", "")).Message, StringComparison.Ordinal);
    }

    [StoreFact]
    public void An_update_changes_the_fields_that_it_sets_and_only_the_time_of_the_dataset()
    {
        Project project = Registry.Create(new() { ProjectName = "p" });
        Dataset created = Registry.CreateDataset(
            new() { ProjectName = "p", DatasetName = "d", Description = "x", TemplateId = "t", DatasetMaxBindCount = 4 });

        Dataset updated = Registry.UpdateDataset(new() { ProjectName = "p", DatasetName = "d", Description = "", DatasetMaxFileCount = 8 });

        Assert.Equal(("", "t", 4, 8), (updated.Description, updated.TemplateId, updated.DatasetMaxBindCount, updated.DatasetMaxFileCount));
        Assert.Equal("u", Registry.UpdateDataset(new() { ProjectName = "p", DatasetName = "d", TemplateId = "u" }).TemplateId);
        Assert.Equal(created.UpdateTime.AddTicks(1), updated.UpdateTime);
        Assert.Equal(created.CreateTime, updated.CreateTime);
        Assert.Equal("InvalidArgument", Refused(() => Registry.UpdateDataset(new() { ProjectName = "p", DatasetName = "d" })).Code);
        Registry.AddFiles("p", "d", 1, 1);
        Registry.CreateBinding("p", "d", "oss://b");
        Assert.Equal(updated.UpdateTime.AddTicks(1), Registry.GetDataset("p", "d").UpdateTime);
        Assert.Equal(project.UpdateTime, Registry.Get("p").UpdateTime);
    }

    [StoreFact]
    public void Refusals_come_in_the_order_of_the_parameters_then_existence_then_limits()
    {
        Registry.Create(new() { ProjectName = "p", ProjectMaxDatasetCount = 1 });
        Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "d" });
        string tooLong = new('x', 257);

        Assert.Equal(
            [
                ("InvalidArgument", "ProjectName"),
                ("InvalidArgument", "DatasetName"),
                ("InvalidArgument", "Description"),
                ("InvalidArgument", "TemplateId"),
                ("LimitExceededError", "DatasetMaxBindCount"),
                ("LimitExceededError", "DatasetMaxFileCount"),
                ("InvalidArgument", "DatasetMaxEntityCount"),
                ("ResourceNotFound", "ProjectName"),
                ("ResourceAlreadyExists", "DatasetName"),
                ("LimitExceededError", "ProjectMaxDatasetCount"),
            ],
            new CreateDatasetRequest[]
            {
                new() { ProjectName = "1", DatasetName = "1", Description = tooLong, TemplateId = "\n", DatasetMaxBindCount = 11 },
                new() { ProjectName = "none", DatasetName = "1", Description = tooLong, TemplateId = "\n", DatasetMaxBindCount = 11 },
                new() { ProjectName = "none", DatasetName = "d", Description = tooLong, TemplateId = "\n", DatasetMaxBindCount = 11 },
                new() { ProjectName = "none", DatasetName = "d", TemplateId = "\n", DatasetMaxBindCount = 11 },
                new() { ProjectName = "none", DatasetName = "d", DatasetMaxBindCount = 11, DatasetMaxFileCount = 100_000_001 },
                new() { ProjectName = "none", DatasetName = "d", DatasetMaxFileCount = 100_000_001, DatasetMaxEntityCount = 0 },
                new() { ProjectName = "none", DatasetName = "d", DatasetMaxEntityCount = 0 },
                new() { ProjectName = "none", DatasetName = "d" },
                new() { ProjectName = "p", DatasetName = "d" },
                new() { ProjectName = "p", DatasetName = "e" },
            }.Select(request => Coded(Refused(() => Registry.CreateDataset(request)))));
    }

    [StoreFact]
    public void Pages_of_datasets_join_to_the_ordered_whole_and_their_tokens_are_plain_text()
    {
        Registry.Create(new() { ProjectName = "p" });
        string[] names = [.. Enumerable.Range(0, 25).Select(i => $"d{i}"), "D", "_", "e"];
        foreach (string name in names)
        {
            Registry.CreateDataset(new() { ProjectName = "p", DatasetName = name });
        }

        var listed = new List<string>();
        DatasetPage page = Registry.ListDatasets(new() { ProjectName = "p", MaxResults = 4, Prefix = "d" });
        Assert.Equal("account:p:d10", Registry.ListDatasets(new() { ProjectName = "p", MaxResults = 3, Prefix = "d" }).NextToken![..13]);
        while (true)
        {
            listed.AddRange(page.Datasets.Select(dataset => dataset.DatasetName));
            if (page.NextToken is null)
            {
                break;
            }

            page = Registry.ListDatasets(new() { ProjectName = "p", MaxResults = 4, Prefix = "d", NextToken = page.NextToken });
        }

        Assert.Equal(names.Where(name => name.StartsWith('d')).Order(StringComparer.Ordinal), listed);
        Assert.Equal(names.Length, Registry.ListDatasets(new() { ProjectName = "p" }).Datasets.Count);
        string[] malformed = ["x", "account:p", "account:q:d1", "other:p:d1", "account:p:1", "account:p:d1:", " account:p:d1"];
        foreach (string token in malformed)
        {
            Assert.Equal(
                ("InvalidArgument", "NextToken"),
                Coded(Refused(() => Registry.ListDatasets(new() { ProjectName = "p", NextToken = token }))));
        }

        Assert.Equal("ResourceNotFound", Refused(() => Registry.ListDatasets(new() { ProjectName = "none" })).Code);
    }

    [StoreFact]
    public async Task The_asynchronous_members_do_the_same()
    {
        await Registry.CreateAsync(new() { ProjectName = "p" });
        await Registry.CreateDatasetAsync(new() { ProjectName = "p", DatasetName = "d" });
        await Registry.UpdateDatasetAsync(new() { ProjectName = "p", DatasetName = "d", Description = "x" });
        await Registry.CreateBindingAsync("p", "d", "oss://b");
        await Registry.DeleteBindingAsync("p", "d", "oss://b");
        Assert.Equal(2, (await Registry.AddFilesAsync("p", "d", 2, 2)).FileCount);
        Assert.Single(await Registry.AddFilesAsync([new("p", "d", 1, 1)]));
        Assert.Equal(1, (await Registry.RemoveFilesAsync("p", "d", 2, 2)).FileCount);
        Assert.Single(await Registry.RemoveFilesAsync([new("p", "d", 1, 1)]));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await Registry.DeleteDatasetAsync("p", "d", new CancellationToken(true)));
        await Registry.DeleteDatasetAsync("p", "d");
        Assert.Equal(0, Registry.Get("p").DatasetCount);
    }

    /// <summary>
    /// 64 callers fill the room that is left. 1: exactly as many succeed as there is room for. 2: all others are told the limit. 3: no
    /// reader sees a count above a limit, or sums that differ from those of the parts.
    /// </summary>
    [StoreFact]
    public async Task Sixty_four_callers_fill_the_room_that_is_left_exactly()
    {
        Registry.Create(new() { ProjectName = "p", ProjectMaxDatasetCount = 20 });
        Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "files", DatasetMaxFileCount = 100, DatasetMaxTotalFileSize = 70 });
        Registry.CreateDataset(new() { ProjectName = "p", DatasetName = "bindings", DatasetMaxBindCount = 7 });
        using var stop = new CancellationTokenSource();
        Task<int> reader = Task.Run(() =>
        {
            int seen = 0;
            do
            {
                Project project = Registry.Get("p");
                Dataset files = Registry.GetDataset("p", "files");
                Assert.True(project.DatasetCount <= 20 && files.FileCount <= 100 && files.TotalFileSize <= 70);
                Assert.Equal(files.FileCount, files.TotalFileSize);
                seen++;
            }
            while (!stop.IsCancellationRequested);
            return seen;
        });

        ImmException?[] refusals = (await Task.WhenAll(Enumerable.Range(0, 64).Select(caller => Task.Run(async () =>
        {
            var refused = new List<ImmException?>
            {
                await TryAsync(async () => await Registry.CreateDatasetAsync(new() { ProjectName = "p", DatasetName = $"d{caller}" })),
                await TryAsync(async () => await Registry.CreateBindingAsync("p", "bindings", $"oss://b{caller}")),
                await TryAsync(async () => await Registry.AddFilesAsync("p", "files", 1, 1)),
                await TryAsync(async () => await Registry.AddFilesAsync("p", "files", 1, 1)),
            };
            return refused;
        })))).SelectMany(refused => refused).ToArray();
        await stop.CancelAsync();
        int reads = await reader;

        Assert.True(reads > 0);
        Assert.All(refusals.Where(refused => refused is not null), refused => Assert.Equal("LimitExceededError", refused!.Code));
        ILookup<string?, ImmException?> byLimit = refusals.Where(refused => refused is not null).ToLookup(refused => refused!.Parameter);
        Assert.Equal(64 - 18, byLimit["ProjectMaxDatasetCount"].Count());
        Assert.Equal(64 - 7, byLimit["DatasetMaxBindCount"].Count());
        Assert.Equal(128 - 70, byLimit["DatasetMaxTotalFileSize"].Count());
        Assert.Equal((20, 70, 70), (Registry.Get("p").DatasetCount, Registry.Get("p").FileCount, Registry.Get("p").TotalFileSize));
        Assert.Equal(7, Registry.ListBindings("p", "bindings").Count);
    }

    protected static ImmException Refused(Action action) => Assert.Throws<ImmException>(action);

    protected static ImmException Refused(Func<object?> action) => Assert.Throws<ImmException>(action);

    private static async Task<ImmException?> TryAsync(Func<Task> action)
    {
        try
        {
            await action();
            return null;
        }
        catch (ImmException e)
        {
            return e;
        }
    }

    private static (string Code, string? Parameter) Coded(ImmException exception) => (exception.Code, exception.Parameter);

    private static void AssertLimit(ImmException refused, string parameter, long? requested, long used, long limit) => Assert.Equal(
        ("LimitExceededError", 400, parameter, requested, used, limit),
        (refused.Code, refused.HttpStatus, refused.Parameter, refused.Requested, refused.Used, refused.Limit));

    private static void AssertSameRefusalInAnyOrder(
        string entries, Func<FileChange[], object?> change, (string Code, string? Parameter) expected)
    {
        FileChange[] changes = [.. entries.Split(';').Select(Change)];

        ImmException[] refusals = [.. Orders(changes).Select(order => Refused(() => change(order)))];

        Assert.All(refusals, refused => Assert.Equal(expected, Coded(refused)));
        Assert.Single(refusals.Select(refused => (refused.Message, refused.Requested, refused.Used, refused.Limit)).Distinct());
    }

    /// <summary>p and q have datasets a, b and c of at most 5 files and 5 bytes; r has some that leave 10 bytes of its 2^63-1.</summary>
    private void PrepareDatasetsWithLimits()
    {
        foreach (string project in (string[])["p", "q", "r"])
        {
            long bytes = project == "r" ? long.MaxValue : 5;
            Registry.Create(new() { ProjectName = project, DatasetMaxFileCount = 5, DatasetMaxTotalFileSize = bytes });
            foreach (string dataset in (string[])["a", "b", "c"])
            {
                Registry.CreateDataset(new() { ProjectName = project, DatasetName = dataset });
            }
        }

        Registry.AddFiles("r", "a", 0, long.MaxValue - 10);
    }

    private static FileChange Change(string entry)
    {
        string[] parts = entry.Split('/', ':', ',');
        return new FileChange(parts[0], parts[1], Number(parts[2]), Number(parts[3]));

        static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
    }

    private static IEnumerable<T[]> Orders<T>(T[] entries) => entries.Length <= 1
        ? [entries]
        : entries.SelectMany((first, i) => Orders<T>([.. entries[..i], .. entries[(i + 1)..]]).Select(rest => (T[])[first, .. rest]));

    private (long Files, long Bytes) Counts(string dataset) =>
        (Registry.GetDataset("p", dataset).FileCount, Registry.GetDataset("p", dataset).TotalFileSize);
}
