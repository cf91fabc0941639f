namespace Imm.Core.Model;

/// <summary>
/// What many projects have in common: the role, template, limits, tags and capacity. Projects with equal ones share one object, as far as
/// it is known.
/// </summary>
internal sealed record ProjectSettings(string ServiceRole, string TemplateId, Quota Quota, TagSet Tags, ProjectCapacity Capacity)
{
    /// <summary>The settings that were used last, each in the slot of its hash. Threads that race for a slot replace one another's.</summary>
    private static readonly ProjectSettings?[] Known = new ProjectSettings?[1024];

    /// <summary>Gets the known settings of some values; new ones, known from now on, where there are none.</summary>
    public static ProjectSettings Of(string serviceRole, string templateId, Quota quota, TagSet tags, ProjectCapacity capacity)
    {
        // A hash of what is at hand: to hash the texts would take longer than to compare them.
        uint hash = unchecked((uint)HashCode.Combine(
            serviceRole.Length, templateId.Length, quota == Quota.Default ? 0 : quota.GetHashCode(), tags.GetHashCode(), capacity));
        ref ProjectSettings? slot = ref Known[hash % (uint)Known.Length];
        if (Volatile.Read(ref slot) is { } known
            && known.Tags.Equals(tags)
            && known.ServiceRole == serviceRole
            && known.TemplateId == templateId
            && known.Quota == quota
            && known.Capacity == capacity)
        {
            return known;
        }

        var settings = new ProjectSettings(serviceRole, templateId, quota, tags, capacity);
        Volatile.Write(ref slot, settings);
        return settings;
    }
}
