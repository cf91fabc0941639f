namespace Imm.Core.Model;

/// <summary>The RAM actions of the operations.</summary>
internal static class ImmAction
{
    public const string CreateProject = "imm:CreateProject";
    public const string GetProject = "imm:GetProject";
    public const string UpdateProject = "imm:UpdateProject";
    public const string ListProjects = "imm:ListProjects";
    public const string DeleteProject = "imm:DeleteProject";
}
