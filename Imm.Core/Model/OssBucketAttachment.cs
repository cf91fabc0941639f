using Imm.Core.Collections;
using Imm.Core.Model;

namespace Imm.Core;

/// <summary>A bucket of OSS that is attached to a project: OSS may then process its objects with the project.</summary>
/// <remarks>
/// The fields are those of the service's ListAttachedOSSBuckets. Equal where all of them are equal. Immutable and thread-safe. Imm.Core
/// keeps attachments; it does not process objects.
/// </remarks>
public sealed record OssBucketAttachment : INamed
{
    internal const string BucketParameter = "OSSBucket";
    internal const string ListField = "AttachedOSSBuckets";
    internal const int MaxDescriptionLength = 128;

    internal OssBucketAttachment(string ownerId, ProjectName projectName, string ossBucket, string description, long createTicks)
    {
        OwnerId = ownerId;
        ProjectName = projectName;
        OssBucket = ossBucket;
        Description = description;
        CreateTicks = createTicks;
    }

    /// <summary>The account.</summary>
    public string OwnerId { get; }

    /// <summary>The project.</summary>
    public ProjectName ProjectName { get; }

    /// <summary>The name of the bucket. A bucket is attached to one project of the account in the region.</summary>
    public string OssBucket { get; }

    /// <summary>The description, exactly as given; may be empty.</summary>
    public string Description { get; }

    /// <summary>The time at which the bucket was attached, in UTC, to 100 ns.</summary>
    public DateTimeOffset CreateTime => new(CreateTicks, TimeSpan.Zero);

    /// <summary>Equal to <see cref="CreateTime"/>: an attachment does not change.</summary>
    public DateTimeOffset UpdateTime => CreateTime;

    internal long CreateTicks { get; }

    /// <summary>The number in its scope, under which the attachment is stored.</summary>
    internal long Number { get; init; }

    string INamed.Name => OssBucket;

    /// <summary>Compares the fields of two attachments.</summary>
    /// <param name="other">The other attachment.</param>
    /// <returns>True if all are equal.</returns>
    public bool Equals(OssBucketAttachment? other) =>
        ReferenceEquals(this, other)
        || (other is not null
            && OwnerId == other.OwnerId
            && ProjectName == other.ProjectName
            && OssBucket == other.OssBucket
            && Description == other.Description
            && CreateTicks == other.CreateTicks);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(OwnerId, ProjectName, OssBucket, CreateTicks);

    internal static ImmRefusal? CheckBucket(string? bucket) =>
        string.IsNullOrEmpty(bucket) ? ImmRefusal.Missing(BucketParameter)
        : Binding.IsBucket(bucket) ? null
        : ImmRefusal.Invalid(BucketParameter, "it must have 1 to 63 of the characters a-z, 0-9 and '-'.");

    internal static ImmRefusal? CheckDescription(string? description) =>
        UnicodeText.Check(nameof(Description), "the text", description, MaxDescriptionLength);
}
