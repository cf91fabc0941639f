namespace Imm.Core;

/// <summary>A project to create: the parameters of the service's CreateProject, under its names.</summary>
/// <inheritdoc cref="ImmRequest" path="/remarks"/>
/// <example>
/// <code>
/// Project videos = registry.Create(new CreateProjectRequest
/// {
///     ProjectName = "videos",
///     Description = "Of the summer",
///     DatasetMaxFileCount = 5_000,
///     Tag = [new Tag("team", "media")],
/// });
/// </code>
/// </example>
public sealed class CreateProjectRequest : ProjectRequest;
