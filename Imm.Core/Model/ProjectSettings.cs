using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>
/// What many projects have in common: the role, template, limits, tags and capacity. Projects with equal ones share one object, as far as
/// it is known.
/// </summary>
internal sealed record ProjectSettings(string ServiceRole, string TemplateId, Quota Quota, TagSet Tags, ProjectCapacity Capacity)
    : IUnpacker
{
    /// <summary>The number of slots for settings of one hash.</summary>
    private const int Ways = 4;

    /// <summary>Settings that are in use, each in a slot of its hash. Threads that race for a slot replace one another's.</summary>
    private static readonly ProjectSettings?[] Known = new ProjectSettings?[1024];

    /// <summary>Gets the known settings of some values; new ones, known from now on, where there are none.</summary>
    public static ProjectSettings Of(string serviceRole, string templateId, Quota quota, TagSet tags, ProjectCapacity capacity)
    {
        // A hash of what is at hand: to hash the texts would take longer than to compare them.
        uint hash = unchecked((uint)(tags.GetHashCode()
            + ((quota == Quota.Default ? 0 : quota.GetHashCode()) * 31)
            + (serviceRole.Length * 37)
            + templateId.Length));
        Span<ProjectSettings?> slots = Known.AsSpan((int)(hash % (uint)(Known.Length / Ways)) * Ways, Ways);
        foreach (ref ProjectSettings? slot in slots)
        {
            if (Volatile.Read(ref slot) is { } known
                && known.Tags.Equals(tags)
                && known.ServiceRole == serviceRole
                && known.TemplateId == templateId
                && known.Quota == quota
                && known.Capacity == capacity)
            {
                return known;
            }
        }

        var settings = new ProjectSettings(serviceRole, templateId, quota, tags, capacity);
        Volatile.Write(ref slots[(int)(hash >> 24) % Ways], settings);
        return settings;
    }

    INamed IUnpacker.Unpack(string name, ReadOnlySpan<byte> bytes) => PackedProject.Read(name, this, bytes);
}
