using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>
/// The values that many projects have in common: role, template, limits, tags and capacity. Projects with equal ones share one object, as
/// far as it is known. It packs a project as the bytes of the rest, which are in memory only, and no format of a file.
/// </summary>
internal sealed record ProjectSettings(string ServiceRole, string TemplateId, Quota Quota, TagSet Tags, ProjectCapacity Capacity)
    : IUnpacker
{
    /// <summary>The greatest length of what is before the text: a byte of flags, the time of creation, and four numbers.</summary>
    private const int MaxHeadLength = 1 + sizeof(long) + (4 * MaxNumberLength);

    private const int MaxNumberLength = 10;

    /// <summary>Set where the description has other characters than those of ASCII, and so two bytes for each.</summary>
    private const byte IsWide = 1;

    private static readonly InternCache<ProjectSettings> Known = new(4096);

    /// <summary>Gets the known settings of some values; new ones, known from now on, where there are none.</summary>
    public static ProjectSettings Of(string serviceRole, string templateId, Quota quota, TagSet tags, ProjectCapacity capacity) =>
        Known.Intern(
            HashCode.Combine(serviceRole, templateId, tags, quota == Quota.Default ? 0 : quota.GetHashCode()),
            (Role: serviceRole, Template: templateId, Quota: quota, Tags: tags, Capacity: capacity),
            static (known, it) => known.Tags.Equals(it.Tags)
                && known.ServiceRole == it.Role
                && known.TemplateId == it.Template
                && known.Quota == it.Quota
                && known.Capacity == it.Capacity,
            static it => new ProjectSettings(it.Role, it.Template, it.Quota, it.Tags, it.Capacity));

    /// <summary>Writes the bytes of a project without datasets; false where it has more than fits.</summary>
    public static bool TryPack(Project project, Span<byte> bytes, out int length)
    {
        string description = project.Description;
        bool isWide = !Ascii.IsValid(description);
        length = 0;
        if (MaxHeadLength + ((isWide ? sizeof(char) : 1) * description.Length) > bytes.Length)
        {
            return false;
        }

        bytes[length++] = isWide ? IsWide : (byte)0;
        BinaryPrimitives.WriteInt64LittleEndian(bytes[length..], project.CreateTicks);
        length += sizeof(long);
        Write(bytes, project.UpdateTicks - project.CreateTicks, ref length);
        Write(bytes, project.Number, ref length);
        Write(bytes, project.Revision, ref length);
        Write(bytes, description.Length, ref length);
        if (isWide)
        {
            MemoryMarshal.AsBytes(description.AsSpan()).CopyTo(bytes[length..]);
            length += sizeof(char) * description.Length;
        }
        else
        {
            length += Encoding.ASCII.GetBytes(description, bytes[length..]);
        }

        return true;
    }

    INamed IUnpacker.Unpack(string name, ReadOnlySpan<byte> bytes)
    {
        bool isWide = bytes[0] == IsWide;
        long createTicks = BinaryPrimitives.ReadInt64LittleEndian(bytes[1..]);
        int at = 1 + sizeof(long);
        long updateTicks = createTicks + ReadNumber(bytes, ref at);
        long number = ReadNumber(bytes, ref at);
        long revision = ReadNumber(bytes, ref at);
        int textLength = (int)ReadNumber(bytes, ref at);
        string description = isWide
            ? new string(MemoryMarshal.Cast<byte, char>(bytes.Slice(at, sizeof(char) * textLength)))
            : Encoding.ASCII.GetString(bytes.Slice(at, textLength));
        return new Project(name, description, this, createTicks, updateTicks) { Number = number, Revision = revision };
    }

    /// <summary>Writes a number in groups of 7 bits, the low ones first, each but the last with the high bit of its byte set.</summary>
    private static void Write(Span<byte> bytes, long number, ref int at)
    {
        ulong rest = unchecked((ulong)number);
        for (; rest > 0x7F; rest >>= 7)
        {
            bytes[at++] = unchecked((byte)(rest | 0x80));
        }

        bytes[at++] = (byte)rest;
    }

    private static long ReadNumber(ReadOnlySpan<byte> bytes, ref int at)
    {
        ulong number = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = bytes[at++];
            number |= (ulong)(next & 0x7F) << shift;
            if (next <= 0x7F)
            {
                return unchecked((long)number);
            }
        }
    }
}
