using System.Buffers;

namespace Imm.Core.Model;

/// <summary>The fields of a project that a request sets, checked and in their stored form; null where it does not set them.</summary>
internal readonly record struct ProjectFields(
    string? Description, string? ServiceRole, string? TemplateId, LimitSet<long?> Limits, TagSet? Tags)
{
    public const string DefaultServiceRole = "AliyunIMMDefaultRole";
    public const int MaxDescriptionLength = 256;
    public const int MaxServiceRoleLength = 64;
    public const int MaxTemplateIdLength = 128;

    private static readonly SearchValues<char> ServiceRoleCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_");

    /// <summary>True if the request sets at least one field.</summary>
    public bool Any => Description is not null || ServiceRole is not null || TemplateId is not null || Limits.AnySet() || Tags is not null;

    /// <summary>Parses the name and fields in the order of the service's page, first failure first.</summary>
    /// <param name="request">The request.</param>
    /// <param name="fields">The fields; default where one is refused.</param>
    /// <param name="isAnswer">True for fields that the service answered with, which may hold tags of the platform.</param>
    public static ImmRefusal? Parse(ProjectRequest request, out ProjectFields fields, bool isAnswer = false)
    {
        fields = default;
        TagSet? tags = null;
        if ((NameRule.Check(nameof(request.ProjectName), request.ProjectName)
            ?? CheckDescription(request.Description)
            ?? CheckServiceRole(request.ServiceRole)
            ?? CheckTemplateId(request.TemplateId)
            ?? LimitSet.Check(Limit.OfProject, request.Limits, request.Unreadable)
            ?? request.Unreadable?[nameof(request.Tag)]
            ?? TagSet.Parse(request.Tag, out tags, isAnswer)) is { } refusal)
        {
            return refusal;
        }

        fields = new ProjectFields(
            request.Description,
            request.ServiceRole is "" ? DefaultServiceRole : request.ServiceRole,
            request.TemplateId,
            request.Limits,
            request.Tag is null ? null : tags);
        return null;
    }

    public static ImmRefusal? CheckDescription(string? description) =>
        UnicodeText.Check("Description", "the text", description, MaxDescriptionLength);

    public static ImmRefusal? CheckTemplateId(string? templateId)
    {
        const string Parameter = "TemplateId";
        foreach (char c in templateId ?? "")
        {
            if (char.IsControl(c))
            {
                return ImmRefusal.Invalid(Parameter, $"it holds the control character U+{(int)c:X4}.");
            }
        }

        return UnicodeText.Check(Parameter, "the text", templateId, MaxTemplateIdLength);
    }

    private static ImmRefusal? CheckServiceRole(string? serviceRole)
    {
        const string Parameter = "ServiceRole";
        return string.IsNullOrEmpty(serviceRole) ? null
            : serviceRole.Length > MaxServiceRoleLength
                ? ImmRefusal.Invalid(Parameter, $"it has {serviceRole.Length} characters; a role has 1 to {MaxServiceRoleLength}.")
            : serviceRole.AsSpan().ContainsAnyExcept(ServiceRoleCharacters)
                ? ImmRefusal.Invalid(Parameter, "it holds a character other than the ASCII letters, digits, '.', '-' and '_'.")
            : null;
    }
}
