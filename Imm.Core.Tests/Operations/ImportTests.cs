using System.Globalization;
using Imm.Core.Tests.Shared;
using Xunit;
using static Imm.Core.Tests.Operations.ExportTests;

namespace Imm.Core.Tests.Operations;

public sealed class ImportInMemory : ImportConformance
{
    protected override ImmStore Open(ImmStoreOptions options) => ImmStore.InMemory(options);
}

public sealed class ImportIntoAFile : ImportConformance
{
    private readonly TempDirectory _directory = new();

    protected override ImmStore Open(ImmStoreOptions options)
    {
        options.Path = _directory.File("projects.db");
        return ImmStore.Open(options);
    }

    protected override void Dispose(bool disposing)
    {
        _directory.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>The import into a store that is open and empty.</summary>
public abstract class ImportConformance : IDisposable
{
    /// <summary>More than one change of the import brings in.</summary>
    private const int Many = 1030;

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    [StoreFact]
    public async Task An_import_brings_in_all_scopes_with_datasets_attachments_times_revisions_and_quotas()
    {
        using ImmStore origin = Prepared();
        string exported = await Export(origin);
        using ImmStore store = Open(new ImmStoreOptions());

        store.Import(Utf8(exported));

        Assert.Equal(4, origin.Scopes.Count);
        Assert.Equal(origin.Scopes, store.Scopes);
        Assert.Equal(WithoutTime(exported), WithoutTime(await Export(store)));
        foreach (ImmScope scope in origin.Scopes)
        {
            Assert.Equal(
                origin.Registry(scope.AccountId, scope.RegionId).List().Revision,
                store.Registry(scope.AccountId, scope.RegionId).List().Revision);
        }

        ProjectRegistry copy = store.Registry("account", "region");
        Assert.Equal("photos", copy.GetOssBucketAttachment("attached").ProjectName.Value);
        Assert.Equal("a bucket", copy.GetOssBucketAttachment("attached").Description);
        Assert.Equal(
            ImmErrorCode.ResourceAlreadyExists,
            Assert.Throws<ImmException>(() => copy.AttachOssBucket(new() { ProjectName = "videos", OssBucket = "attached" })).Code);

        // A project that was deleted in the origin has left its revision.
        ProjectRegistry original = origin.Registry("account", "region");
        Assert.Equal(
            original.Create(new() { ProjectName = "next" }).Revision, copy.Create(new() { ProjectName = "next" }).Revision);
        Assert.Empty(store.Check());
    }

    [StoreFact]
    public void An_import_into_a_store_that_has_something_is_refused_and_changes_nothing()
    {
        using ImmStore origin = ImmStore.InMemory();
        origin.Registry("other", "region").Create(new() { ProjectName = "p" });
        string exported = Export(origin).Result;
        using ImmStore store = Open(new ImmStoreOptions());
        ProjectRegistry registry = store.Registry("account", "region");

        registry.Create(new() { ProjectName = "there" });
        Refused();
        registry.Delete("there");
        Refused();

        Assert.Equal(2, registry.List().Revision);
        Assert.Empty(store.Scopes);

        void Refused()
        {
            var refused = Assert.Throws<InvalidOperationException>(() => store.Import(Utf8(exported)));
            Assert.Contains("not empty", refused.Message, StringComparison.Ordinal);
            Assert.False(store.Registry("other", "region").TryGet("p", out _));
        }
    }

    [StoreFact]
    public void An_import_into_a_store_with_a_quota_alone_is_refused()
    {
        using ImmStore store = Open(new ImmStoreOptions());
        store.Registry("account", "region").SetProjectQuota(7);

        Assert.Throws<InvalidOperationException>(() => store.Import(Utf8("""{"Format":"imm-core-snapshot/1"}""")));
        Assert.Equal(7, store.Registry("account", "region").ProjectQuota);
    }

    [StoreTheory]
    [InlineData("""{"ProjectName":"1a"}""", "$.Scopes[1].Projects[1].ProjectName")]
    [InlineData("""{"ProjectName":"p"}""", "$.Scopes[1].Projects[1].ProjectName. 'p' occurs twice.")]
    [InlineData("""{"ProjectName":"q","DatasetCount":1}""", "$.Scopes[1].Projects[1].DatasetCount")]
    [InlineData("""{"ProjectName":"q",""", "The text is not the JSON of a snapshot")]
    [InlineData("7", "$.Scopes[1].Projects[1]")]
    public void A_text_that_is_wrong_in_the_middle_names_its_place_and_the_scopes_before_it_stay(string wrong, string problem)
    {
        using ImmStore store = Open(new ImmStoreOptions());
        string json =
            """
            {"Format":"imm-core-snapshot/1","Scopes":[
                {"AccountId":"a","RegionId":"first","Revision":9,"Projects":[{"ProjectName":"whole","Revision":5}]},
                {"AccountId":"a","RegionId":"second","Projects":[{"ProjectName":"p"},
            """ + wrong + """]},{"AccountId":"a","RegionId":"third","Projects":[{"ProjectName":"r"}]}]}""";

        var refused = Assert.Throws<FormatException>(() => store.Import(Utf8(json)));

        Assert.Contains(problem, refused.Message, StringComparison.Ordinal);
        Assert.Equal([("first", 1)], store.Scopes.Select(scope => (scope.RegionId, scope.ProjectCount)));
        Assert.Equal(5, store.Registry("a", "first").Get("whole").Revision);
        Assert.Equal(9, store.Registry("a", "first").List().Revision);
        Assert.Equal(0, store.Registry("a", "second").List().Revision);
        Assert.Empty(store.Check());
        Assert.Throws<InvalidOperationException>(() => store.Import(Utf8(json)));
    }

    [StoreFact]
    public void An_import_needs_a_stream_that_can_be_read_and_an_open_store()
    {
        ImmStore store = Open(new ImmStoreOptions());
        Assert.Throws<ArgumentNullException>(() => store.Import(null!));
        using (var closed = new MemoryStream())
        {
            closed.Dispose();
            Assert.Throws<ArgumentException>(() => store.Import(closed));
        }

        store.Dispose();
        Assert.Throws<ObjectDisposedException>(() => store.Import(Utf8("{}")));
    }

    /// <summary>Opens an empty store.</summary>
    protected abstract ImmStore Open(ImmStoreOptions options);

    protected virtual void Dispose(bool disposing)
    {
    }

    private static ImmStore Prepared()
    {
        ImmStore store = ImmStore.InMemory();
        ProjectRegistry registry = store.Registry("account", "region");
        registry.SetProjectQuota(7);
        registry.Create(new() { ProjectName = "photos", Description = "照片 𠮷 \0", Tag = [new("k", "v"), new("ключ", "")] });
        registry.CreateDataset(new() { ProjectName = "photos", DatasetName = "raw", DatasetMaxBindCount = 3 });
        registry.CreateBinding("photos", "raw", "oss://bucket");
        registry.AddFiles("photos", "raw", 5, 50);
        registry.AttachOssBucket(new() { ProjectName = "photos", OssBucket = "attached", Description = "a bucket" });
        registry.Create(new() { ProjectName = "videos", ProjectMaxDatasetCount = 1 });
        registry.Create(new() { ProjectName = "gone" });
        registry.Delete("gone");
        registry.Update(new() { ProjectName = "photos", TemplateId = "t" });
        store.Registry("account", "elsewhere").Create(new() { ProjectName = "photos" });
        store.Registry("other", "quota-alone").SetProjectQuota(0);
        ProjectRegistry many = store.Registry("other", "region");
        many.SetProjectQuota(Many);
        for (int i = 0; i < Many; i++)
        {
            many.Create(new() { ProjectName = string.Create(CultureInfo.InvariantCulture, $"p{i}") });
        }

        return store;
    }
}
