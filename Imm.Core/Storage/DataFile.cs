using System.Buffers.Binary;
using System.Globalization;
using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// The data file: pages of a LiteDB file, each sealed with a checksum, the first one stamped with whose file it is and how far it has come.
/// </summary>
/// <remarks>
/// LiteDB's own checks find few of the ways a file can go bad. In the data file the field of a page for its transaction (bytes 14 to 17) is always
/// 0xFFFFFFFF, so the checksum goes there and LiteDB never sees it; the stamp is in bytes 128 to 171 of the first page, which LiteDB leaves alone.
/// All that must change together in the stamp, and the seal over it, is in the first sector of the file.
/// </remarks>
internal sealed class DataFile : IDisposable
{
    public const int PageSize = 8192;
    public const ushort Format = 1;

    private const int SectorSize = RedoLog.SectorSize;
    private const int SealOffset = 14;
    private const int LiteDbTextOffset = 32;
    private const int LastPageOffset = 64;
    private const int StampOffset = 128;
    private const int StampLength = 44;

    private readonly DiskFile _file;

    private DataFile(DiskFile file, string name)
    {
        _file = file;
        Name = name;
    }

    private static ReadOnlySpan<byte> LiteDbText => "** This is a LiteDB file **"u8;

    private static ReadOnlySpan<byte> Magic => "ImmCoreD"u8;

    /// <summary>The path, for messages.</summary>
    public string Name { get; }

    public long PageCount => _file.Length / PageSize;

    public long Length => _file.Length;

    /// <summary>A new empty file under a temporary name, for a store that is being made.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="temporaryPath">Where it is made.</param>
    /// <param name="path">Where it will be.</param>
    public static DataFile Create(Disk disk, string temporaryPath, string path) => new(disk.Create(temporaryPath), path);

    /// <summary>Opens a file that exists, and refuses it untouched where it is none of ours.</summary>
    /// <exception cref="DamagedFileException">It is no data file of Imm.Core, of another format, or cut short.</exception>
    public static DataFile Open(Disk disk, string path)
    {
        DiskFile file = disk.Open(path);
        try
        {
            CheckFirstSector(file);
            return new DataFile(file, path);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Refuses a file that stands where a new store is made and is not what an earlier attempt at it left: nothing, or a new data file.</summary>
    /// <exception cref="DamagedFileException">It is somebody else's.</exception>
    public static void RefuseForeign(Disk disk, string temporaryPath)
    {
        if (disk.Length(temporaryPath) is null or 0)
        {
            return;
        }

        using DiskFile file = disk.Open(temporaryPath);
        var sector = new byte[SectorSize];
        file.Read(0, sector.AsSpan(0, (int)Math.Min(file.Length, SectorSize)));
        if (sector.AsSpan().ContainsAnyExcept((byte)0) && !(IsOurs(sector) && Stamp.Read(sector.AsSpan(StampOffset)).IsNew))
        {
            throw new DamagedFileException(file.Name, "it stands where a new store is to be made, and is none. Move it away.");
        }
    }

    /// <summary>The stamp as it stands in the first sector, which is never torn. Only with <see cref="ReadStamp"/> its checksum is known to be right.</summary>
    public Stamp ReadStampUnchecked()
    {
        var sector = new byte[SectorSize];
        _file.Read(0, sector);
        return Stamp.Read(sector.AsSpan(StampOffset, StampLength));
    }

    /// <summary>The stamp in a sealed first page.</summary>
    public static Stamp StampOf(ReadOnlySpan<byte> firstPage) => Stamp.Read(firstPage.Slice(StampOffset, StampLength));

    /// <summary>The stamp of a file that is not being overwritten.</summary>
    /// <exception cref="DamagedFileException">The first page is not what was written there, or the file was cut short.</exception>
    public Stamp ReadStamp()
    {
        var page = new byte[PageSize];
        ReadPage(0, page, out Stamp? stamp);
        long pages = BinaryPrimitives.ReadUInt32LittleEndian(page.AsSpan(LastPageOffset)) + 1L;
        return Length >= pages * PageSize
            ? stamp!.Value
            : throw new DamagedFileException(Name, string.Create(CultureInfo.InvariantCulture, $"it has {pages} pages, and was cut to {Length} bytes."));
    }

    /// <summary>Reads a page as LiteDB wrote it.</summary>
    /// <exception cref="DamagedFileException">The page is not what was written there.</exception>
    public void ReadPage(uint number, Span<byte> page) => ReadPage(number, page, out _);

    /// <summary>
    /// Overwrites pages that are safe in a log: the stamp first says that it is being done, and last that it is done. Returns once all is on the disk.
    /// </summary>
    /// <param name="pages">Sealed pages, the first page first, with a stamp that says so too.</param>
    /// <param name="done">The stamp of the finished file.</param>
    public void Overwrite(IReadOnlyList<KeyValuePair<uint, byte[]>> pages, in Stamp done)
    {
        Invariant.Holds(pages[0].Key == 0 && StampOf(pages[0].Value) == done with { IsBeingOverwritten = true }, "pages to overwrite begin with the stamp");
        _file.Write(0, pages[0].Value.AsSpan(0, SectorSize));
        _file.Flush();
        WritePages(pages);
        _file.Flush();
        byte[] first = pages[0].Value.ToArray();
        UnsealPage(first);
        SealPage(0, first, done);
        _file.Write(0, first.AsSpan(0, SectorSize));
        _file.Flush();
    }

    /// <summary>Writes the pages of a file that is being made.</summary>
    public void WritePages(IReadOnlyList<KeyValuePair<uint, byte[]>> pages)
    {
        foreach ((uint number, byte[] page) in pages)
        {
            _file.Write((long)number * PageSize, page);
        }
    }

    public void Flush() => _file.Flush();

    public void Dispose() => _file.Dispose();

    /// <summary>Seals a page as LiteDB wrote it; the first page needs the stamp.</summary>
    public static void SealPage(uint number, Span<byte> page, in Stamp stamp)
    {
        Invariant.Holds(BinaryPrimitives.ReadUInt32LittleEndian(page) == number, "a page knows its number");
        Invariant.Holds(BinaryPrimitives.ReadUInt32LittleEndian(page[SealOffset..]) == uint.MaxValue, "a page of the data file belongs to no transaction");
        if (number == 0)
        {
            stamp.Write(page.Slice(StampOffset, StampLength));
        }

        BinaryPrimitives.WriteUInt32LittleEndian(page[SealOffset..], Seal(page));
    }

    /// <summary>Every page that cannot be read or whose seal is broken.</summary>
    public IEnumerable<string> CheckPages()
    {
        var page = new byte[PageSize];
        for (uint number = 0; number < PageCount; number++)
        {
            string? problem = null;
            try
            {
                ReadPage(number, page);
            }
            catch (IOException e)
            {
                problem = e.Message;
            }

            if (problem is not null)
            {
                yield return problem;
            }
        }
    }

    private static uint Seal(ReadOnlySpan<byte> page) => Checksum.Of(page[(SealOffset + 4)..], Checksum.Of(page[..SealOffset]));

    private static bool IsOurs(ReadOnlySpan<byte> firstSector) =>
        firstSector[LiteDbTextOffset..].StartsWith(LiteDbText) && firstSector[StampOffset..].StartsWith(Magic);

    private static void CheckFirstSector(DiskFile file)
    {
        if (file.Length < PageSize)
        {
            throw new DamagedFileException(file.Name, string.Create(CultureInfo.InvariantCulture, $"it has {file.Length} bytes, too few for a store. It was left as it is."));
        }

        var sector = new byte[SectorSize];
        file.Read(0, sector);
        ReadOnlySpan<byte> stamp = sector.AsSpan(StampOffset, StampLength);
        if (!IsOurs(sector))
        {
            throw new DamagedFileException(file.Name, "it is not a store of Imm.Core. It was left as it is.");
        }

        ushort format = BinaryPrimitives.ReadUInt16LittleEndian(stamp[8..]);
        if (format != Format)
        {
            throw new DamagedFileException(
                file.Name,
                $"it has format {format}, and this version of Imm.Core reads format {Format}{(format > Format ? "; a newer version wrote it" : "")}. It was left as it is.");
        }
    }

    private void ReadPage(uint number, Span<byte> page, out Stamp? stamp)
    {
        if (number >= PageCount)
        {
            throw new DamagedFileException(Name, $"page {number} is missing; the file was cut to {Length} bytes.");
        }

        _file.Read((long)number * PageSize, page);
        if (BinaryPrimitives.ReadUInt32LittleEndian(page[SealOffset..]) != Seal(page) || BinaryPrimitives.ReadUInt32LittleEndian(page) != number)
        {
            throw new DamagedFileException(Name, $"the checksum of page {number} (at byte {(long)number * PageSize}) is wrong.");
        }

        stamp = number == 0 ? StampOf(page) : null;
        UnsealPage(page);
        if (number == 0)
        {
            page.Slice(StampOffset, StampLength).Clear();
        }
    }

    private static void UnsealPage(Span<byte> page) => page.Slice(SealOffset, 4).Fill(0xFF);

    /// <summary>What the first page says of the whole file.</summary>
    /// <param name="StoreId">Ties the log files to the data file.</param>
    /// <param name="IsOpen">Whether the log files belong to the store's content; false after a clean close and in a backup.</param>
    /// <param name="IsBeingOverwritten">Whether pages may be half written, and have to be taken from a log.</param>
    /// <param name="AppliedSequence">The last frame of the logs whose records are in the file.</param>
    /// <param name="Checkpoint">How many checkpoints the file has been through.</param>
    internal readonly record struct Stamp(Guid StoreId, bool IsOpen, bool IsBeingOverwritten, long AppliedSequence, long Checkpoint)
    {
        private const byte OpenFlag = 1;
        private const byte OverwritingFlag = 2;
        private const long FirstCheckpoint = 1;

        /// <summary>Whether the file has never been opened since it was made.</summary>
        public bool IsNew => !IsOpen && AppliedSequence == 0 && Checkpoint == FirstCheckpoint;

        /// <summary>The stamp of a file that is being made.</summary>
        public static Stamp New(Guid storeId) => new(storeId, IsOpen: false, IsBeingOverwritten: false, AppliedSequence: 0, FirstCheckpoint);

        public void Write(Span<byte> bytes)
        {
            Magic.CopyTo(bytes);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes[8..], Format);
            bytes[10] = (byte)((IsOpen ? OpenFlag : 0) | (IsBeingOverwritten ? OverwritingFlag : 0));
            bytes[11] = 0;
            StoreId.TryWriteBytes(bytes[12..]);
            BinaryPrimitives.WriteInt64LittleEndian(bytes[28..], AppliedSequence);
            BinaryPrimitives.WriteInt64LittleEndian(bytes[36..], Checkpoint);
        }

        public static Stamp Read(ReadOnlySpan<byte> bytes) => new(
            new Guid(bytes.Slice(12, 16)),
            (bytes[10] & OpenFlag) != 0,
            (bytes[10] & OverwritingFlag) != 0,
            BinaryPrimitives.ReadInt64LittleEndian(bytes[28..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[36..]));
    }
}
