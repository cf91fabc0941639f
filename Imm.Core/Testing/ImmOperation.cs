using System.Collections.Frozen;
using Imm.Core.Model;

namespace Imm.Core.Testing;

/// <summary>The operations of a registry.</summary>
public enum ImmOperation
{
    /// <summary>CreateProject, also as a part of <see cref="ProjectRegistry.GetOrCreate"/>, which is one call.</summary>
    CreateProject,

    /// <summary>GetProject: <see cref="ProjectRegistry.Get"/> and <see cref="ProjectRegistry.TryGet"/>.</summary>
    GetProject,

    /// <summary>UpdateProject.</summary>
    UpdateProject,

    /// <summary>ListProjects.</summary>
    ListProjects,

    /// <summary>DeleteProject.</summary>
    DeleteProject,

    /// <summary>CreateDataset, also as a part of <see cref="ProjectRegistry.GetOrCreateDataset"/>, which is one call.</summary>
    CreateDataset,

    /// <summary>GetDataset.</summary>
    GetDataset,

    /// <summary>UpdateDataset.</summary>
    UpdateDataset,

    /// <summary>ListDatasets.</summary>
    ListDatasets,

    /// <summary>DeleteDataset.</summary>
    DeleteDataset,

    /// <summary>CreateBinding.</summary>
    CreateBinding,

    /// <summary>ListBindings.</summary>
    ListBindings,

    /// <summary>DeleteBinding.</summary>
    DeleteBinding,

    /// <summary>Adding files to datasets; the service's action is BatchIndexFileMeta.</summary>
    AddFiles,

    /// <summary>Removing files from datasets; the service's action is BatchDeleteFileMeta.</summary>
    RemoveFiles,

    /// <summary>GetBinding.</summary>
    GetBinding,

    /// <summary>AttachOSSBucket.</summary>
    AttachOssBucket,

    /// <summary>DetachOSSBucket.</summary>
    DetachOssBucket,

    /// <summary>GetOSSBucketAttachment.</summary>
    GetOssBucketAttachment,

    /// <summary>ListAttachedOSSBuckets.</summary>
    ListAttachedOssBuckets,

    /// <summary>ListRegions.</summary>
    ListRegions,
}

/// <summary>The kinds of resources that operations are authorized for.</summary>
internal enum ImmResourceKind
{
    /// <summary>All resources: <c>*</c>.</summary>
    Everything,

    /// <summary>The projects of a list.</summary>
    AllProjects,

    /// <summary>One project.</summary>
    Project,

    /// <summary>The datasets of a list.</summary>
    AllDatasets,

    /// <summary>One dataset.</summary>
    Dataset,
}

/// <summary>The operations by action, and those that change something.</summary>
internal static class ImmOperations
{
    private static readonly FrozenDictionary<string, ImmOperation> ByAction = new Dictionary<string, ImmOperation>
    {
        [ImmAction.CreateProject] = ImmOperation.CreateProject,
        [ImmAction.GetProject] = ImmOperation.GetProject,
        [ImmAction.UpdateProject] = ImmOperation.UpdateProject,
        [ImmAction.ListProjects] = ImmOperation.ListProjects,
        [ImmAction.DeleteProject] = ImmOperation.DeleteProject,
        [ImmAction.CreateDataset] = ImmOperation.CreateDataset,
        [ImmAction.GetDataset] = ImmOperation.GetDataset,
        [ImmAction.UpdateDataset] = ImmOperation.UpdateDataset,
        [ImmAction.ListDatasets] = ImmOperation.ListDatasets,
        [ImmAction.DeleteDataset] = ImmOperation.DeleteDataset,
        [ImmAction.CreateBinding] = ImmOperation.CreateBinding,
        [ImmAction.ListBindings] = ImmOperation.ListBindings,
        [ImmAction.DeleteBinding] = ImmOperation.DeleteBinding,
        [ImmAction.AddFiles] = ImmOperation.AddFiles,
        [ImmAction.RemoveFiles] = ImmOperation.RemoveFiles,
        [ImmAction.GetBinding] = ImmOperation.GetBinding,
        [ImmAction.AttachOssBucket] = ImmOperation.AttachOssBucket,
        [ImmAction.DetachOssBucket] = ImmOperation.DetachOssBucket,
        [ImmAction.GetOssBucketAttachment] = ImmOperation.GetOssBucketAttachment,
        [ImmAction.ListAttachedOssBuckets] = ImmOperation.ListAttachedOssBuckets,
        [ImmAction.ListRegions] = ImmOperation.ListRegions,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static ImmOperation[] Writes { get; } =
    [
        ImmOperation.CreateProject, ImmOperation.UpdateProject, ImmOperation.DeleteProject,
        ImmOperation.CreateDataset, ImmOperation.UpdateDataset, ImmOperation.DeleteDataset,
        ImmOperation.CreateBinding, ImmOperation.DeleteBinding,
        ImmOperation.AddFiles, ImmOperation.RemoveFiles,
        ImmOperation.AttachOssBucket, ImmOperation.DetachOssBucket,
    ];

    /// <summary>Gets the kind of the resource that an operation is authorized for.</summary>
    public static ImmResourceKind ResourceOf(ImmOperation operation) => operation switch
    {
        ImmOperation.DetachOssBucket or ImmOperation.GetOssBucketAttachment or ImmOperation.ListRegions => ImmResourceKind.Everything,
        ImmOperation.ListProjects => ImmResourceKind.AllProjects,
        ImmOperation.CreateProject or ImmOperation.GetProject or ImmOperation.UpdateProject or ImmOperation.DeleteProject
            or ImmOperation.AttachOssBucket or ImmOperation.ListAttachedOssBuckets => ImmResourceKind.Project,
        ImmOperation.ListDatasets => ImmResourceKind.AllDatasets,
        _ => ImmResourceKind.Dataset,
    };

    public static ImmOperation Of(string action) => ByAction[action];

    /// <summary>Gets the RAM action of an operation.</summary>
    public static string ActionOf(ImmOperation operation) => ByAction.First(pair => pair.Value == operation).Key;

    /// <summary>Gives back a value that is an operation.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not one.</exception>
    public static ImmOperation Checked(ImmOperation operation, string parameter) => Enum.IsDefined(operation)
        ? operation
        : throw new ArgumentOutOfRangeException(parameter, operation, $"{operation} is not an operation. Use one of ImmOperation.");
}
