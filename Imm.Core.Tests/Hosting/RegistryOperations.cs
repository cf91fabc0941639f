using System.Reflection;
using Xunit;

namespace Imm.Core.Tests.Hosting;

/// <summary>A public operation of a registry, with its action and resource for an authorizer.</summary>
/// <param name="Method">The method, as <see cref="RegistryOperations.Describe"/> writes it.</param>
/// <param name="Action">Its RAM action.</param>
/// <param name="Resource">The resource that it acts on, after <c>project/</c>; null for all resources.</param>
/// <param name="Run">Calls it successfully, in a registry that <see cref="RegistryOperations.Prepare"/> has filled.</param>
internal sealed record RegistryOperation(string Method, string Action, string? Resource, Func<ProjectRegistry, ValueTask> Run)
{
    /// <summary>The RAM action that is asked for before; null for none.</summary>
    public string? ReadAction { get; init; }

    /// <summary>The tags that the request carries.</summary>
    public IReadOnlyList<Tag> Tags { get; init; } = [];
}

/// <summary>Every public operation of a registry, once.</summary>
internal static class RegistryOperations
{
    private const long RevisionOfEmptyProject = 2;
    private const long RevisionOfEmptyDataset = 4;

    private static readonly Tag[] Tags = [new("team", "a"), new("empty", null)];

    public static IReadOnlyList<RegistryOperation> All { get; } =
    [
        new(
            "Create(CreateProjectRequest)",
            "imm:CreateProject",
            "new",
            Sync(r => r.Create(new() { ProjectName = "new", Tag = Tags })))
        {
            Tags = Tags,
        },
        new(
            "CreateAsync(CreateProjectRequest, CancellationToken)",
            "imm:CreateProject",
            "new",
            async r => await r.CreateAsync(new() { ProjectName = "new" })),
        new(
            "TryCreate(CreateProjectRequest, Project&, ImmRefusal&)",
            "imm:CreateProject",
            "new",
            Sync(r => _ = r.TryCreate(new() { ProjectName = "new" }, out _, out ImmRefusal? refusal) ? "" : throw refusal.ToException())),
        new(
            "TryCreateAsync(CreateProjectRequest, CancellationToken)",
            "imm:CreateProject",
            "new",
            async r => (await r.TryCreateAsync(new() { ProjectName = "new" })).OrThrow()),
        new("GetOrCreate(CreateProjectRequest)", "imm:CreateProject", "p", Sync(r => r.GetOrCreate(new() { ProjectName = "p" })))
        {
            ReadAction = "imm:GetProject",
        },
        new(
            "GetOrCreateAsync(CreateProjectRequest, CancellationToken)",
            "imm:CreateProject",
            "new",
            async r => await r.GetOrCreateAsync(new() { ProjectName = "new", Tag = Tags }))
        {
            ReadAction = "imm:GetProject",
            Tags = Tags,
        },
        new("Get(String)", "imm:GetProject", "p", Sync(r => r.Get("p"))),
        new("GetAsync(String, CancellationToken)", "imm:GetProject", "p", async r => await r.GetAsync("p")),
        new("FindAsync(String, CancellationToken)", "imm:GetProject", "p", async r => await r.FindAsync("p")),
        new("TryGetDataset(String, String, Dataset&)", "imm:GetDataset", "p/dataset/d", Sync(r => r.TryGetDataset("p", "d", out _))),
        new(
            "FindDatasetAsync(String, String, CancellationToken)",
            "imm:GetDataset",
            "p/dataset/d",
            async r => await r.FindDatasetAsync("p", "d")),
        new("TryGet(String, Project&)", "imm:GetProject", "p", Sync(r => r.TryGet("p", out _))),
        new(
            "Update(UpdateProjectRequest)",
            "imm:UpdateProject",
            "p",
            Sync(r => r.Update(new() { ProjectName = "p", Tag = Tags })))
        {
            Tags = Tags,
        },
        new(
            "UpdateAsync(UpdateProjectRequest, CancellationToken)",
            "imm:UpdateProject",
            "p",
            async r => await r.UpdateAsync(new() { ProjectName = "p", Description = "changed" })),
        new("Delete(String)", "imm:DeleteProject", "empty", Sync(r => r.Delete("empty"))),
        new("DeleteAsync(String, CancellationToken)", "imm:DeleteProject", "empty", r => r.DeleteAsync("empty")),
        new("Delete(String, Int64)", "imm:DeleteProject", "empty", Sync(r => r.Delete("empty", RevisionOfEmptyProject))),
        new(
            "DeleteAsync(String, Int64, CancellationToken)",
            "imm:DeleteProject",
            "empty",
            r => r.DeleteAsync("empty", RevisionOfEmptyProject)),
        new("Watch(Int64, CancellationToken)", "imm:ListProjects", "*", Sync(r => r.Watch(0))),
        new("List(ListProjectsRequest)", "imm:ListProjects", "*", Sync(r => r.List(new() { Tag = Tags }))) { Tags = Tags },
        new(
            "ListAsync(ListProjectsRequest, CancellationToken)",
            "imm:ListProjects",
            "*",
            async r => await r.ListAsync(new() { Tag = Tags }))
        {
            Tags = Tags,
        },
        new("ListAll(String, IReadOnlyList`1)", "imm:ListProjects", "*", Sync(r => r.ListAll(tags: Tags))) { Tags = Tags },
        new("ListAllAsync(String, IReadOnlyList`1, CancellationToken)", "imm:ListProjects", "*", Sync(r => r.ListAllAsync(tags: Tags)))
        {
            Tags = Tags,
        },
        new(
            "CreateDataset(CreateDatasetRequest)",
            "imm:CreateDataset",
            "p/dataset/new",
            Sync(r => r.CreateDataset(new() { ProjectName = "p", DatasetName = "new" }))),
        new(
            "CreateDatasetAsync(CreateDatasetRequest, CancellationToken)",
            "imm:CreateDataset",
            "p/dataset/new",
            async r => await r.CreateDatasetAsync(new() { ProjectName = "p", DatasetName = "new" })),
        new(
            "TryCreateDataset(CreateDatasetRequest, Dataset&, ImmRefusal&)",
            "imm:CreateDataset",
            "p/dataset/new",
            Sync(r => _ = r.TryCreateDataset(new() { ProjectName = "p", DatasetName = "new" }, out _, out ImmRefusal? refusal)
                ? ""
                : throw refusal.ToException())),
        new(
            "TryCreateDatasetAsync(CreateDatasetRequest, CancellationToken)",
            "imm:CreateDataset",
            "p/dataset/new",
            async r => (await r.TryCreateDatasetAsync(new() { ProjectName = "p", DatasetName = "new" })).OrThrow()),
        new(
            "GetOrCreateDataset(CreateDatasetRequest)",
            "imm:CreateDataset",
            "p/dataset/new",
            Sync(r => r.GetOrCreateDataset(new() { ProjectName = "p", DatasetName = "new" })))
        {
            ReadAction = "imm:GetDataset",
        },
        new(
            "GetOrCreateDatasetAsync(CreateDatasetRequest, CancellationToken)",
            "imm:CreateDataset",
            "p/dataset/d",
            async r => await r.GetOrCreateDatasetAsync(new() { ProjectName = "p", DatasetName = "d" }))
        {
            ReadAction = "imm:GetDataset",
        },
        new("GetDataset(String, String)", "imm:GetDataset", "p/dataset/d", Sync(r => r.GetDataset("p", "d"))),
        new(
            "GetDatasetAsync(String, String, CancellationToken)",
            "imm:GetDataset",
            "p/dataset/d",
            async r => await r.GetDatasetAsync("p", "d")),
        new(
            "UpdateDataset(UpdateDatasetRequest)",
            "imm:UpdateDataset",
            "p/dataset/d",
            Sync(r => r.UpdateDataset(new() { ProjectName = "p", DatasetName = "d", Description = "changed" }))),
        new(
            "UpdateDatasetAsync(UpdateDatasetRequest, CancellationToken)",
            "imm:UpdateDataset",
            "p/dataset/d",
            async r => await r.UpdateDatasetAsync(new() { ProjectName = "p", DatasetName = "d", Description = "changed" })),
        new("DeleteDataset(String, String)", "imm:DeleteDataset", "p/dataset/empty", Sync(r => r.DeleteDataset("p", "empty"))),
        new(
            "DeleteDatasetAsync(String, String, CancellationToken)",
            "imm:DeleteDataset",
            "p/dataset/empty",
            r => r.DeleteDatasetAsync("p", "empty")),
        new(
            "DeleteDataset(String, String, Int64)",
            "imm:DeleteDataset",
            "p/dataset/empty",
            Sync(r => r.DeleteDataset("p", "empty", RevisionOfEmptyDataset))),
        new(
            "DeleteDatasetAsync(String, String, Int64, CancellationToken)",
            "imm:DeleteDataset",
            "p/dataset/empty",
            r => r.DeleteDatasetAsync("p", "empty", RevisionOfEmptyDataset)),
        new("ListDatasets(ListDatasetsRequest)", "imm:ListDatasets", "p/dataset/*", Sync(r => r.ListDatasets(new() { ProjectName = "p" }))),
        new(
            "ListDatasetsAsync(ListDatasetsRequest, CancellationToken)",
            "imm:ListDatasets",
            "p/dataset/*",
            async r => await r.ListDatasetsAsync(new() { ProjectName = "p" })),
        new("ListAllDatasets(String, String)", "imm:ListDatasets", "p/dataset/*", Sync(r => r.ListAllDatasets("p"))),
        new(
            "ListAllDatasetsAsync(String, String, CancellationToken)",
            "imm:ListDatasets",
            "p/dataset/*",
            Sync(r => r.ListAllDatasetsAsync("p"))),
        new("CreateBinding(String, String, String)", "imm:CreateBinding", "p/dataset/d", Sync(r => r.CreateBinding("p", "d", "oss://new"))),
        new(
            "CreateBindingAsync(String, String, String, CancellationToken)",
            "imm:CreateBinding",
            "p/dataset/d",
            async r => await r.CreateBindingAsync("p", "d", "oss://new")),
        new("GetBinding(String, String, String)", "imm:GetBinding", "p/dataset/d", Sync(r => r.GetBinding("p", "d", "oss://bound"))),
        new(
            "ListBindings(ListBindingsRequest)",
            "imm:ListBindings",
            "p/dataset/d",
            Sync(r => r.ListBindings(new ListBindingsRequest { ProjectName = "p", DatasetName = "d" }))),
        new("ListBindings(String, String)", "imm:ListBindings", "p/dataset/d", Sync(r => r.ListBindings("p", "d"))),
        new(
            "GetBindingAsync(String, String, String, CancellationToken)",
            "imm:GetBinding",
            "p/dataset/d",
            async r => await r.GetBindingAsync("p", "d", "oss://bound")),
        new(
            "ListBindingsAsync(ListBindingsRequest, CancellationToken)",
            "imm:ListBindings",
            "p/dataset/d",
            async r => await r.ListBindingsAsync(new() { ProjectName = "p", DatasetName = "d" })),
        new(
            "ListBindingsAsync(String, String, CancellationToken)",
            "imm:ListBindings",
            "p/dataset/d",
            async r => await r.ListBindingsAsync("p", "d")),
        new(
            "DeleteBinding(String, String, String)",
            "imm:DeleteBinding",
            "p/dataset/d",
            Sync(r => r.DeleteBinding("p", "d", "oss://bound"))),
        new(
            "DeleteBindingAsync(String, String, String, CancellationToken)",
            "imm:DeleteBinding",
            "p/dataset/d",
            r => r.DeleteBindingAsync("p", "d", "oss://bound")),
        new(
            "AttachOssBucket(AttachOssBucketRequest)",
            "imm:AttachOSSBucket",
            "p",
            Sync(r => r.AttachOssBucket(new() { ProjectName = "p", OssBucket = "new" }))),
        new(
            "AttachOssBucketAsync(AttachOssBucketRequest, CancellationToken)",
            "imm:AttachOSSBucket",
            "p",
            async r => await r.AttachOssBucketAsync(new() { ProjectName = "p", OssBucket = "new" })),
        new("DetachOssBucket(String)", "imm:DetachOSSBucket", null, Sync(r => r.DetachOssBucket("attached"))),
        new(
            "GetOssBucketAttachmentAsync(String, CancellationToken)",
            "imm:GetOSSBucketAttachment",
            null,
            async r => await r.GetOssBucketAttachmentAsync("attached")),
        new(
            "ListAttachedOssBucketsAsync(ListAttachedOssBucketsRequest, CancellationToken)",
            "imm:ListAttachedOSSBuckets",
            "p",
            async r => await r.ListAttachedOssBucketsAsync(new() { ProjectName = "p" })),
        new("DetachOssBucketAsync(String, CancellationToken)", "imm:DetachOSSBucket", null, r => r.DetachOssBucketAsync("attached")),
        new("GetOssBucketAttachment(String)", "imm:GetOSSBucketAttachment", null, Sync(r => r.GetOssBucketAttachment("attached"))),
        new(
            "ListAttachedOssBuckets(ListAttachedOssBucketsRequest)",
            "imm:ListAttachedOSSBuckets",
            "p",
            Sync(r => r.ListAttachedOssBuckets(new() { ProjectName = "p" }))),
        new("ListRegions(String)", "imm:ListRegions", null, Sync(r => r.ListRegions())),
        new("AddFiles(String, String, Int64, Int64)", "imm:BatchIndexFileMeta", "p/dataset/d", Sync(r => r.AddFiles("p", "d", 1, 10))),
        new(
            "AddFilesAsync(String, String, Int64, Int64, CancellationToken)",
            "imm:BatchIndexFileMeta",
            "p/dataset/d",
            async r => await r.AddFilesAsync("p", "d", 1, 10)),
        new("AddFiles(IEnumerable`1)", "imm:BatchIndexFileMeta", "p/dataset/d", Sync(r => r.AddFiles([new("p", "d", 1, 10)]))),
        new(
            "AddFilesAsync(IEnumerable`1, CancellationToken)",
            "imm:BatchIndexFileMeta",
            "p/dataset/d",
            async r => await r.AddFilesAsync([new("p", "d", 1, 10)])),
        new(
            "RemoveFiles(String, String, Int64, Int64)",
            "imm:BatchDeleteFileMeta",
            "p/dataset/d",
            Sync(r => r.RemoveFiles("p", "d", 1, 10))),
        new(
            "RemoveFilesAsync(String, String, Int64, Int64, CancellationToken)",
            "imm:BatchDeleteFileMeta",
            "p/dataset/d",
            async r => await r.RemoveFilesAsync("p", "d", 1, 10)),
        new("RemoveFiles(IEnumerable`1)", "imm:BatchDeleteFileMeta", "p/dataset/d", Sync(r => r.RemoveFiles([new("p", "d", 1, 10)]))),
        new(
            "RemoveFilesAsync(IEnumerable`1, CancellationToken)",
            "imm:BatchDeleteFileMeta",
            "p/dataset/d",
            async r => await r.RemoveFilesAsync([new("p", "d", 1, 10)])),
    ];

    /// <summary>The operations that are not actions of the service.</summary>
    public static IReadOnlyList<string> NotOfTheService { get; } =
    [
        "SetProjectQuota(Int32)",
        "SetProjectQuotaAsync(Int32, CancellationToken)",
    ];

    public static TheoryData<string> Methods => [.. All.Select(operation => operation.Method)];

    public static RegistryOperation Of(string method) => All.Single(operation => operation.Method == method);

    public static string Describe(MethodInfo method) =>
        $"{method.Name}({string.Join(", ", method.GetParameters().Select(parameter => parameter.ParameterType.Name))})";

    /// <summary>Creates two projects, two datasets, a binding, an attachment and a file.</summary>
    public static void Prepare(ProjectRegistry registry)
    {
        registry.Create(new() { ProjectName = "p" });
        registry.Create(new() { ProjectName = "empty" });
        registry.CreateDataset(new() { ProjectName = "p", DatasetName = "d" });
        registry.CreateDataset(new() { ProjectName = "p", DatasetName = "empty" });
        registry.CreateBinding("p", "d", "oss://bound");
        registry.AttachOssBucket(new() { ProjectName = "p", OssBucket = "attached" });
        registry.AddFiles("p", "d", 1, 10);
    }

    private static Func<ProjectRegistry, ValueTask> Sync(Action<ProjectRegistry> run) => registry =>
    {
        run(registry);
        return ValueTask.CompletedTask;
    };
}
