namespace Imm.Core;

/// <summary>
/// The changes of a project: the parameters of the service's UpdateProject, under its names. A field that is null stays as it is; at least
/// one besides the name is not null.
/// </summary>
/// <inheritdoc cref="ImmRequest" path="/remarks"/>
public sealed class UpdateProjectRequest : ProjectRequest
{
    /// <summary>
    /// The <see cref="Project.Revision"/> that the project must have: 1 to 2^63−1. Where it has another one, the change is refused with
    /// <see cref="ImmErrorCode.RevisionMismatch"/>. Null: no condition. It is no parameter of the service.
    /// </summary>
    public long? ExpectedRevision { get; set; }
}
