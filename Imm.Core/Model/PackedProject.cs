using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Imm.Core.Model;

/// <summary>
/// The bytes that stand for a project without datasets: what it has beside its name and its settings. They are in memory only, and no
/// format of a file.
/// </summary>
internal static class PackedProject
{
    /// <summary>The greatest length of what is before the text: a byte of flags, the time of creation, and four numbers.</summary>
    private const int MaxHeadLength = 1 + sizeof(long) + (4 * MaxNumberLength);

    private const int MaxNumberLength = 10;

    /// <summary>Set where the description has other characters than those of ASCII, and so two bytes for each.</summary>
    private const byte IsWide = 1;

    /// <summary>Writes the bytes of a project; false where it has more than fits.</summary>
    public static bool TryWrite(Project project, Span<byte> bytes, out int length)
    {
        string description = project.Description;
        bool isWide = !Ascii.IsValid(description);
        length = 0;
        if (MaxHeadLength + (sizeof(char) * description.Length) > bytes.Length)
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

    /// <summary>Makes the project of some bytes.</summary>
    public static Project Read(string name, ProjectSettings settings, ReadOnlySpan<byte> bytes)
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
        return new Project(name, description, settings, createTicks, updateTicks) { Number = number, Revision = revision };
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
