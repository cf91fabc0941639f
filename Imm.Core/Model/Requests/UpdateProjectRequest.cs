namespace Imm.Core;

/// <summary>
/// The changes of a project: the parameters of the service's UpdateProject, under its names. A field that is null stays as it is; at least
/// one besides the name is not null.
/// </summary>
/// <inheritdoc cref="ImmRequest" path="/remarks"/>
public sealed class UpdateProjectRequest : ProjectRequest;
