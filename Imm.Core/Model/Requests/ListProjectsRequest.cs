using Imm.Core.Model;

namespace Imm.Core;

/// <summary>A list of projects: the parameters of the service's ListProjects, under its names.</summary>
/// <inheritdoc cref="ImmRequest" path="/remarks"/>
public sealed class ListProjectsRequest : ListRequest
{
    /// <summary>
    /// The tags that each listed project has, key and value equal: at most 20, under the rules of <see cref="ProjectRequest.Tag"/>. Null or
    /// empty: all projects.
    /// </summary>
    public IReadOnlyList<Tag>? Tag { get; set; }

    private protected override void CopyTags() => Tag = TagSet.Copy(Tag, this);
}
