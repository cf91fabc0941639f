using System.Buffers.Binary;
using System.Globalization;
using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>The layout of a page of the data file: a page of LiteDB with a checksum, and in page 0 the header of the file.</summary>
/// <remarks>
/// LiteDB's own checks miss most damage. Outside LiteDB's log the transaction id of a page (bytes 14 to 17) is always 0xFFFFFFFF, so the
/// checksum takes its place in the file and LiteDB never sees it. The header is in bytes 128 to 187 of page 0, which LiteDB leaves zero.
/// </remarks>
internal static class DataPage
{
    /// <summary>The size of a page in bytes.</summary>
    public const int Size = 8192;

    private const int ChecksumOffset = 14;
    private const int LiteDbTextOffset = 32;
    private const int LastPageOffset = 64;
    private const int HeaderOffset = 128;

    /// <summary>The bytes that LiteDB writes in the place of the checksum.</summary>
    private const uint LiteDbMark = uint.MaxValue;

    private static ReadOnlySpan<byte> LiteDbText => "** This is a LiteDB file **"u8;

    /// <summary>True if page 0 is that of a store, of whatever format.</summary>
    public static bool IsStore(ReadOnlySpan<byte> firstPage) =>
        firstPage[LiteDbTextOffset..].StartsWith(LiteDbText) && DataFileHeader.IsHeader(firstPage[HeaderOffset..]);

    /// <summary>Reads the format number from page 0.</summary>
    public static ushort ReadFormat(ReadOnlySpan<byte> firstPage) => DataFileHeader.ReadFormat(firstPage[HeaderOffset..]);

    /// <summary>Reads the header from page 0.</summary>
    public static DataFileHeader ReadHeader(ReadOnlySpan<byte> firstPage) =>
        DataFileHeader.Read(firstPage.Slice(HeaderOffset, DataFileHeader.Length));

    /// <summary>Reads the id of the store from the data file.</summary>
    public static Guid ReadStoreId(DiskFile file)
    {
        Span<byte> bytes = stackalloc byte[DataFileHeader.StoreIdLength];
        file.Read(HeaderOffset + DataFileHeader.StoreIdOffset, bytes);
        return new Guid(bytes);
    }

    /// <summary>Reads from page 0 how many pages the file has.</summary>
    public static long ReadPageCount(ReadOnlySpan<byte> firstPage) =>
        BinaryPrimitives.ReadUInt32LittleEndian(firstPage[LastPageOffset..]) + 1L;

    /// <summary>Writes the checksum into a page of LiteDB, and into page 0 the header.</summary>
    public static void WriteChecksum(uint number, Span<byte> page, in DataFileHeader header)
    {
        Invariant.Holds(BinaryPrimitives.ReadUInt32LittleEndian(page) == number, "a page contains its number");
        Invariant.Holds(
            BinaryPrimitives.ReadUInt32LittleEndian(page[ChecksumOffset..]) == LiteDbMark,
            "a page of the data file belongs to no transaction");
        if (number == 0)
        {
            header.Write(page.Slice(HeaderOffset, DataFileHeader.Length));
        }

        BinaryPrimitives.WriteUInt32LittleEndian(page[ChecksumOffset..], ChecksumOf(page));
    }

    /// <summary>True if number and checksum of a page are right.</summary>
    public static bool IsWhole(uint number, ReadOnlySpan<byte> page) =>
        BinaryPrimitives.ReadUInt32LittleEndian(page[ChecksumOffset..]) == ChecksumOf(page)
        && BinaryPrimitives.ReadUInt32LittleEndian(page) == number;

    /// <summary>Verifies number and checksum of a page, and restores the bytes that LiteDB wrote in their place.</summary>
    /// <param name="file">The path of the file, for the message.</param>
    /// <param name="number">The number that the page must have.</param>
    /// <param name="page">The page as it is stored.</param>
    /// <exception cref="DamagedFileException">The number or the checksum is wrong.</exception>
    public static void Verify(string file, uint number, Span<byte> page)
    {
        if (!IsWhole(number, page))
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(page[ChecksumOffset..]) == LiteDbMark
                && BinaryPrimitives.ReadUInt32LittleEndian(page) == number)
            {
                throw WrittenByAnotherProgram(file, $"its page {number} is as LiteDB writes one");
            }

            throw new DamagedFileException(file, $"the checksum of page {number} (at byte {(long)number * Size}) is wrong.");
        }

        BinaryPrimitives.WriteUInt32LittleEndian(page[ChecksumOffset..], LiteDbMark);
        if (number == 0)
        {
            page.Slice(HeaderOffset, DataFileHeader.Length).Clear();
        }
    }

    /// <summary>Returns the exception for a data file that another program has written to.</summary>
    /// <param name="file">The path of the data file.</param>
    /// <param name="sign">The sign by which that is known.</param>
    public static DamagedFileException WrittenByAnotherProgram(string file, string sign) => new(
        $"Another program has written to the file '{file}', such as a LiteDB tool: {sign}. Only Imm.Core may write to a store, because its "
        + "checksums tell damage from content; reading a closed store is safe. Restore a backup, or bring what is readable into a new "
        + "store by a salvage.",
        ImmUnavailableReason.WrittenByAnotherProgram);

    /// <summary>Reads a page as it is stored.</summary>
    /// <exception cref="DamagedFileException">The file ends before the page does.</exception>
    public static void ReadStored(DiskFile file, uint number, Span<byte> page)
    {
        if ((number + 1L) * Size > file.Length)
        {
            throw new DamagedFileException(
                file.Name, string.Create(
                    CultureInfo.InvariantCulture, $"page {number} is missing; the file was cut to {file.Length} bytes."));
        }

        file.Read((long)number * Size, page);
    }

    private static uint ChecksumOf(ReadOnlySpan<byte> page) =>
        Checksum.Of(page[(ChecksumOffset + 4)..], Checksum.Of(page[..ChecksumOffset]));
}
