using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>Detaches a bucket from its project. Refused where it is attached to none.</summary>
/// <param name="bucket">A well-formed bucket.</param>
internal sealed class DetachOssBucket(string bucket) : Command<OssBucketAttachment>
{
    public override ImmRefusal? Check(ScopeState state) =>
        state.FindAttachment(bucket) is null ? ImmRefusal.NotFound("attachment", OssBucketAttachment.BucketParameter) : null;

    protected override Decision<OssBucketAttachment> Accept(ScopeState state, long nowTicks, OwnerToken? owner)
    {
        OssBucketAttachment? attachment = state.FindAttachment(bucket);
        Invariant.Holds(attachment is not null, "a bucket that is detached was attached");
        ScopeState next = state.Detach(attachment, state.Revision + 1, owner, out Project after);
        return Decision<OssBucketAttachment>.Accepted(
            attachment,
            next,
            new Change(ChangeKind.Attachment, attachment.Number, attachment, ChangeState.Deleted),
            new Change(ChangeKind.Project, after.Number, after));
    }
}
