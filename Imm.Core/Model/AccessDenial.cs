namespace Imm.Core.Model;

/// <summary>The particulars of a refusal by policies, as the service tells them: the AccessDeniedDetail of an answer.</summary>
/// <param name="Message">The message for a caller on the wire, who need not know the policies.</param>
/// <param name="Action">The action, such as <c>imm:CreateProject</c>.</param>
/// <param name="PrincipalType">The kind of the principal, such as <c>SubUser</c>.</param>
/// <param name="PrincipalOwnerId">The account of the principal.</param>
/// <param name="PrincipalDisplayName">The name of the user, or of role and session.</param>
/// <param name="NoPermissionType"><c>ImplicitDeny</c> or <c>ExplicitDeny</c>.</param>
/// <param name="PolicyType">The kind of the policies that refused.</param>
internal sealed record AccessDenial(
    string Message,
    string Action,
    string PrincipalType,
    string PrincipalOwnerId,
    string PrincipalDisplayName,
    string NoPermissionType,
    string PolicyType);
