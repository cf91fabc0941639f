namespace Imm.Core.Model;

/// <summary>Gets the attachment of a bucket.</summary>
/// <param name="bucket">A well-formed bucket.</param>
internal sealed class GetOssBucketAttachment(string bucket) : Query<OssBucketAttachment>
{
    public override ImmRefusal? Run(ScopeState state, out OssBucketAttachment? answer)
    {
        answer = state.FindAttachment(bucket);
        return answer is null ? ImmRefusal.NotFound("attachment", OssBucketAttachment.BucketParameter) : null;
    }
}
