using Imm.Core.Model;

namespace Imm.Core;

/// <summary>A list of projects to ask for: the parameters of the service's ListProjects, under its names.</summary>
/// <remarks>Not safe to change while a call that was given it has not returned.</remarks>
public sealed class ListProjectsRequest
{
    /// <summary>The most projects in the answer: 0 to 200, where 0 or null is 100.</summary>
    public int? MaxResults { get; set; }

    /// <summary>
    /// The place to go on from: <see cref="ProjectPage.NextToken"/> of the page before. Null or empty: at the beginning. A token stays good
    /// while projects are created and deleted.
    /// </summary>
    public string? NextToken { get; set; }

    /// <summary>
    /// Only projects whose name starts so, character for character: 0 to 128 characters (Unicode scalar values). Null or empty: all.
    /// </summary>
    public string? Prefix { get; set; }

    /// <summary>
    /// Only projects that have all these tags, key and value equal. At most 20, under the rules for a project's own. Null or empty: all.
    /// </summary>
    public IReadOnlyList<Tag>? Tag { get; set; }

    /// <summary>The texts in a text form of the request that are no values of their types, by parameter.</summary>
    internal UnreadableParameters? Unreadable { get; set; }

    /// <summary>
    /// Copies the request, reading each property once: all that is done for a call is done from the copy, whatever the caller changes
    /// meanwhile.
    /// </summary>
    internal ListProjectsRequest Copy()
    {
        var copy = (ListProjectsRequest)MemberwiseClone();
        UnreadableParameters? unreadable = copy.Unreadable;
        copy.Tag = TagSet.Copy(copy.Tag, ref unreadable);
        copy.Unreadable = unreadable;
        return copy;
    }
}
