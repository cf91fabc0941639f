namespace Imm.Core.Model;

/// <summary>The RAM actions of the operations.</summary>
internal static class ImmAction
{
    public const string CreateProject = "imm:CreateProject";
    public const string GetProject = "imm:GetProject";
    public const string UpdateProject = "imm:UpdateProject";
    public const string ListProjects = "imm:ListProjects";
    public const string DeleteProject = "imm:DeleteProject";
    public const string CreateDataset = "imm:CreateDataset";
    public const string GetDataset = "imm:GetDataset";
    public const string UpdateDataset = "imm:UpdateDataset";
    public const string ListDatasets = "imm:ListDatasets";
    public const string DeleteDataset = "imm:DeleteDataset";
    public const string CreateBinding = "imm:CreateBinding";
    public const string GetBinding = "imm:GetBinding";
    public const string ListBindings = "imm:ListBindings";
    public const string DeleteBinding = "imm:DeleteBinding";

    public const string AttachOssBucket = "imm:AttachOSSBucket";
    public const string DetachOssBucket = "imm:DetachOSSBucket";
    public const string GetOssBucketAttachment = "imm:GetOSSBucketAttachment";
    public const string ListAttachedOssBuckets = "imm:ListAttachedOSSBuckets";
    public const string ListRegions = "imm:ListRegions";

    /// <summary>The service's action that adds files to a dataset.</summary>
    public const string AddFiles = "imm:BatchIndexFileMeta";

    /// <summary>The service's action that removes files from a dataset.</summary>
    public const string RemoveFiles = "imm:BatchDeleteFileMeta";
}
