using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>Attaches a bucket to a project. Refused where the project does not exist, or the bucket is attached to any project.</summary>
internal sealed class AttachOssBucket : Command<OssBucketAttachment>
{
    private readonly string _projectName;
    private readonly string _bucket;
    private readonly string _description;

    private AttachOssBucket(string projectName, string bucket, string description)
    {
        _projectName = projectName;
        _bucket = bucket;
        _description = description;
    }

    /// <summary>Parses a request, first failure first.</summary>
    public static ImmRefusal? Parse(AttachOssBucketRequest request, out AttachOssBucket? command)
    {
        ImmRefusal? refusal = NameRule.Check(nameof(request.ProjectName), request.ProjectName)
            ?? OssBucketAttachment.CheckBucket(request.OssBucket)
            ?? OssBucketAttachment.CheckDescription(request.Description);
        command = refusal is null ? new AttachOssBucket(request.ProjectName!, request.OssBucket!, request.Description ?? "") : null;
        return refusal;
    }

    public override ImmRefusal? Check(ScopeState state) =>
        !state.TryFind(_projectName, out _) ? ImmRefusal.NotFound("project", nameof(Project.ProjectName))
        : state.FindAttachment(_bucket) is not null ? ImmRefusal.AlreadyExists("attachment", OssBucketAttachment.BucketParameter)
        : state.CheckNumberLeft(OssBucketAttachment.BucketParameter);

    protected override Decision<OssBucketAttachment> Accept(ScopeState state, long nowTicks, OwnerToken? owner)
    {
        Invariant.Holds(state.TryFind(_projectName, out Project? before), "a bucket is attached to a project");
        var attachment = new OssBucketAttachment(state.Scope.AccountId, before.ProjectName, _bucket, _description, nowTicks)
        {
            Number = state.LastNumber + 1,
        };
        ScopeState next = state.Attach(before, attachment, state.Revision + 1, owner, out Project after);
        return Decision<OssBucketAttachment>.Accepted(
            attachment,
            next,
            new Change(ChangeKind.Attachment, attachment.Number, attachment, ChangeState.Created),
            new Change(ChangeKind.Project, after.Number, after));
    }
}
