namespace Imm.Core;

/// <summary>A project to create: the parameters of the service's CreateProject, under its names.</summary>
/// <inheritdoc cref="ImmRequest" path="/remarks"/>
public sealed class CreateProjectRequest : ProjectRequest;
