using System.Collections.Immutable;
using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>A collection of the data file whose documents are buckets.</summary>
/// <param name="Name">The name of the collection.</param>
/// <param name="Records">The field of a bucket that is the array of its records.</param>
/// <param name="Kind">The kind of the records; null where they are changes, which belong to no scope in particular.</param>
internal sealed record RecordCollection(string Name, string Records, ChangeKind? Kind)
{
    public static readonly RecordCollection Projects = new("projects", "Projects", ChangeKind.Project);
    public static readonly RecordCollection Datasets = new("datasets", "Datasets", ChangeKind.Dataset);
    public static readonly RecordCollection Attachments = new("attachments", "Attachments", ChangeKind.Attachment);
    public static readonly RecordCollection Changes = new("changes", "Changes", Kind: null);

    public static readonly ImmutableArray<RecordCollection> All = [Projects, Datasets, Attachments, Changes];

    /// <summary>The collection of the scopes, each of which is a document of its own.</summary>
    public const string Scopes = "scopes";

    /// <summary>True if each bucket belongs to one scope, and the key of a record contains that of the scope.</summary>
    public bool IsByScope => Kind is not null;

    public static RecordCollection Of(ChangeKind kind) => kind switch
    {
        ChangeKind.Project => Projects,
        ChangeKind.Dataset => Datasets,
        ChangeKind.Attachment => Attachments,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    /// <summary>Returns the keys that buckets near a key may have.</summary>
    public (long First, long Last) Range(long key) => IsByScope ? RecordKey.OfScope(RecordKey.Scope(key)) : (0, long.MaxValue);

    /// <summary>Returns the key of a record of a bucket.</summary>
    /// <param name="bucket">The key of the bucket.</param>
    /// <param name="number">The number that the record has in its document.</param>
    public long KeyOf(long bucket, long number) => IsByScope ? RecordKey.Of(RecordKey.Scope(bucket), number) : number;
}
