using System.Buffers;

namespace Imm.Core.Model;

/// <summary>The fields of a project that a request names, checked and in their stored form; null where it does not name them.</summary>
internal readonly record struct ProjectFields(
    string? Description, string? ServiceRole, string? TemplateId, RequestedQuota Quota, TagSet? Tags)
{
    public const string DefaultServiceRole = "AliyunIMMDefaultRole";
    public const int MaxDescriptionLength = 256;
    public const int MaxServiceRoleLength = 64;
    public const int MaxTemplateIdLength = 128;

    private static readonly SearchValues<char> ServiceRoleCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_");

    public bool Any => Description is not null || ServiceRole is not null || TemplateId is not null || Quota.Any || Tags is not null;

    /// <summary>Reads the fields in the order of the service's page, first failure first.</summary>
    /// <param name="request">The fields.</param>
    /// <param name="fields">The fields that were read.</param>
    /// <param name="isAnswer">True for fields that the service answered with, which may hold tags of the platform.</param>
    public static Refusal? TryRead(IRequestedProject request, out ProjectFields fields, bool isAnswer = false)
    {
        fields = default;
        TagSet? tagSet = null;

        // Each property is read once: the request belongs to the caller and may change under us.
        string? description = request.Description;
        string? serviceRole = request.ServiceRole;
        string? templateId = request.TemplateId;
        RequestedQuota quota = RequestedQuota.Of(request);
        IReadOnlyList<Tag>? tags = request.Tag;
        if ((CheckDescription(description)
            ?? CheckServiceRole(serviceRole)
            ?? CheckTemplateId(templateId)
            ?? Core.Quota.Check(quota)
            ?? request.Unreadable?[nameof(Tag)]
            ?? TagSet.TryCreate(tags, out tagSet, isAnswer)) is { } refusal)
        {
            return refusal;
        }

        fields = new ProjectFields(
            description, serviceRole is "" ? DefaultServiceRole : serviceRole, templateId, quota, tags is null ? null : tagSet);
        return null;
    }

    public static Refusal? CheckDescription(string? description) =>
        UnicodeText.Check("Description", "the text", description, MaxDescriptionLength);

    public static Refusal? CheckTemplateId(string? templateId)
    {
        const string Parameter = "TemplateId";
        foreach (char c in templateId ?? "")
        {
            if (char.IsControl(c))
            {
                return Refusal.Invalid(Parameter, $"it holds the control character U+{(int)c:X4}.");
            }
        }

        return UnicodeText.Check(Parameter, "the text", templateId, MaxTemplateIdLength);
    }

    private static Refusal? CheckServiceRole(string? serviceRole)
    {
        const string Parameter = "ServiceRole";
        return string.IsNullOrEmpty(serviceRole) ? null
            : serviceRole.Length > MaxServiceRoleLength
                ? Refusal.Invalid(Parameter, $"it has {serviceRole.Length} characters; a role has 1 to {MaxServiceRoleLength}.")
            : serviceRole.AsSpan().ContainsAnyExcept(ServiceRoleCharacters)
                ? Refusal.Invalid(Parameter, "it holds a character other than the ASCII letters, digits, '.', '-' and '_'.")
            : null;
    }
}
