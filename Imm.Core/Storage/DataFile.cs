using System.Buffers.Binary;
using System.Globalization;
using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// The data file: pages of a LiteDB file, each with a checksum, the first one with a header that says whose file it is and how far it has
/// come.
/// </summary>
/// <remarks>
/// LiteDB's own checks find few of the ways a file can go bad. In the data file the field of a page for its transaction (bytes 14 to 17) is
/// always 0xFFFFFFFF, so the checksum goes there and LiteDB never sees it; the header is in bytes 128 to 187 of the first page, which
/// LiteDB leaves alone. All that must change together in the header, and the checksum over it, is in the first sector of the file, which a
/// power cut does not tear.
/// </remarks>
internal sealed class DataFile : IPages, IDisposable
{
    public const int PageSize = 8192;
    public const ushort Format = 1;

    private const int SectorSize = RedoLog.SectorSize;
    private const int ChecksumOffset = 14;
    private const int LiteDbTextOffset = 32;
    private const int LastPageOffset = 64;
    private const int HeaderOffset = 128;
    private const int HeaderLength = 60;

    private readonly DiskFile _file;
    private readonly List<PageSnapshot> _snapshots = [];
    private Dictionary<uint, byte[]>? _redoPages;
    private bool _hadContent;

    private DataFile(DiskFile file, string name)
    {
        _file = file;
        Name = name;
    }

    private static ReadOnlySpan<byte> LiteDbText => "** This is a LiteDB file **"u8;

    private static ReadOnlySpan<byte> Magic => "ImmCoreD"u8;

    /// <summary>The path, for messages.</summary>
    public string Name { get; }

    /// <summary>The number of pages in the file, by its first page; 0 for a file that is being made.</summary>
    public long PageCount { get; private set; }

    /// <summary>The header as it was read or written last.</summary>
    public Header Current { get; private set; }

    /// <summary>The length of all pages in bytes.</summary>
    public long Length => PageCount * PageSize;

    /// <summary>The permissions of the file on Unix; null elsewhere.</summary>
    public UnixFileMode? Mode => _file.Mode;

    /// <summary>Creates a file that is filled with <see cref="WritePages"/>.</summary>
    public static DataFile Create(Disk disk, string path, UnixFileMode? mode = null) => new(disk.Create(path, mode), path);

    /// <summary>
    /// Opens a file, or creates it where there is none. One without content has no pages: none at all, or at most a page of zeros, which is
    /// what a power cut leaves of a store that was being made.
    /// </summary>
    /// <exception cref="DamagedFileException">
    /// The file is no data file of Imm.Core, of another format, or cut short; it is left as it is.
    /// </exception>
    public static DataFile OpenOrCreate(Disk disk, string path, bool isThere)
    {
        DiskFile file = isThere ? disk.Open(path) : disk.Create(path);
        try
        {
            var data = new DataFile(file, path);
            data.ReadFirstSector();
            return data;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Opens what a backup that was cut short has left: its whole content must show that, page by page.</summary>
    /// <exception cref="IOException">The file is in use, or not certainly a left-over; it stays as it is.</exception>
    public static DataFile OpenUnfinished(Disk disk, string path)
    {
        var data = new DataFile(disk.Open(path), path);
        try
        {
            data.VerifyUnfinished();
            return data;
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    /// <summary>True if the name leads to this file still.</summary>
    public bool IsAt(string path) => _file.IsAt(path);

    /// <summary>The header in a first page that has its checksum.</summary>
    public static Header HeaderOf(ReadOnlySpan<byte> firstPage) => Header.Read(firstPage.Slice(HeaderOffset, HeaderLength));

    /// <summary>Verifies the first page and the length of a file that is not being overwritten.</summary>
    /// <exception cref="DamagedFileException">The first page is not what was written there, or the file was cut short.</exception>
    public void Verify()
    {
        ReadPage(0, new byte[PageSize]);
        if (_redoPages is null)
        {
            VerifyLength();
        }
    }

    /// <summary>Verifies that the file still has the length that its pages need.</summary>
    /// <exception cref="DamagedFileException">The file was cut short.</exception>
    public void VerifyLength()
    {
        // In this order: a checkpoint makes the file longer first, and then counts its pages.
        long needed = Length;
        long length = _file.Length;
        if (length < needed)
        {
            throw new DamagedFileException(
                Name,
                string.Create(
                    CultureInfo.InvariantCulture, $"it has {PageCount} pages of {PageSize} bytes, and was cut to {length} bytes."));
        }
    }

    /// <summary>
    /// Reads pages from a log instead of the file, until they are written. A checkpoint was cut short between them, so the file alone is no
    /// whole.
    /// </summary>
    /// <param name="pages">Pages with their checksums, the first page first.</param>
    public void ReadFromRedo(IReadOnlyList<KeyValuePair<uint, byte[]>> pages)
    {
        _redoPages = new Dictionary<uint, byte[]>(pages);
        (Current, PageCount) = (HeaderOf(pages[0].Value), CountPages(pages[0].Value));
    }

    /// <summary>Reads a page as LiteDB wrote it.</summary>
    /// <exception cref="DamagedFileException">The page is not what was written there.</exception>
    public void ReadPage(uint number, Span<byte> page)
    {
        if (_redoPages?.GetValueOrDefault(number) is { } redo)
        {
            redo.CopyTo(page);
        }
        else
        {
            ReadUnverified(number, page);
        }

        VerifyPage(number, page);
    }

    /// <summary>Verifies the checksum of a page and takes out what LiteDB did not write.</summary>
    public void VerifyPage(uint number, Span<byte> page)
    {
        if (BinaryPrimitives.ReadUInt32LittleEndian(page[ChecksumOffset..]) != ChecksumOf(page)
            || BinaryPrimitives.ReadUInt32LittleEndian(page) != number)
        {
            throw new DamagedFileException(Name, $"the checksum of page {number} (at byte {(long)number * PageSize}) is wrong.");
        }

        ClearChecksum(page);
        if (number == 0)
        {
            page.Slice(HeaderOffset, HeaderLength).Clear();
        }
    }

    /// <summary>
    /// Overwrites pages that are safe in a log: the header first says that it is being done, and last that it is done. Returns once all is
    /// on the disk.
    /// </summary>
    /// <param name="pages">Pages with their checksums, the first page first, with a header that says so too.</param>
    /// <param name="done">The header of the finished file.</param>
    public void Overwrite(IReadOnlyList<KeyValuePair<uint, byte[]>> pages, in Header done)
    {
        Invariant.Holds(
            pages[0].Key == 0 && HeaderOf(pages[0].Value) == done with { IsBeingOverwritten = true },
            "pages to overwrite begin with the header");
        KeepForSnapshots(pages);

        _file.Write(0, pages[0].Value.AsSpan(0, SectorSize));
        _file.Flush();
        foreach ((uint number, byte[] page) in pages)
        {
            _file.Write((long)number * PageSize, page);
        }

        _file.Flush();
        _redoPages = null;
        PageCount = CountPages(pages[0].Value);
        byte[] first = pages[0].Value.ToArray();
        ClearChecksum(first);
        WriteHeader(first, done);
    }

    /// <summary>
    /// Makes the file long enough for pages that are to be written, by writing those behind its end: the header does not count them yet, so
    /// the file is whole as it was.
    /// </summary>
    /// <exception cref="OutOfSpaceException">The file cannot grow; it is as it was.</exception>
    public void Extend(IReadOnlyList<KeyValuePair<uint, byte[]>> pages)
    {
        long before = _file.Length;
        try
        {
            OutOfSpaceException.ThrowInstead(
                () =>
                {
                    foreach ((uint number, byte[] page) in pages.Where(page => (page.Key + 1L) * PageSize > before))
                    {
                        _file.Write((long)number * PageSize, page);
                    }
                },
                Name);
        }
        catch (OutOfSpaceException)
        {
            _file.SetLength(before);
            throw;
        }
    }

    /// <summary>Takes back what <see cref="Extend"/> has added.</summary>
    public void Shrink()
    {
        if (_file.Length > Length)
        {
            _file.SetLength(Length);
        }
    }

    /// <summary>
    /// Changes the header of a whole file, and nothing else; or writes the same again, so that the disk has what was read. Returns once it
    /// is on the disk.
    /// </summary>
    public void WriteHeader(in Header header)
    {
        var first = new byte[PageSize];
        ReadPage(0, first);
        KeepForSnapshots([new(0, first)]);
        WriteHeader(first, header);
    }

    /// <summary>
    /// Writes the first sector of a file that is being overwritten again as it was read, so that the disk has it, and flushes it.
    /// </summary>
    public void RewriteFirstSector()
    {
        var sector = new byte[SectorSize];
        _file.Read(0, sector);
        _file.Write(0, sector);
        _file.Flush();
    }

    /// <summary>Writes the pages of a file that is being made.</summary>
    public void WritePages(IEnumerable<KeyValuePair<uint, byte[]>> pages)
    {
        foreach ((uint number, byte[] page) in pages)
        {
            _file.Write((long)number * PageSize, page);
            if (number == 0)
            {
                (Current, PageCount) = (HeaderOf(page), CountPages(page));
            }
        }
    }

    /// <summary>Fills a file that is shorter than a page up to one.</summary>
    public void FillFirstPage() => _file.SetLength(PageSize);

    /// <summary>
    /// Takes back what an opening that came to nothing has made: deletes the file, or leaves it without content as it was. A file that had
    /// content stays as it is.
    /// </summary>
    /// <param name="disk">The disk.</param>
    /// <param name="lengthBefore">The length in bytes before the opening; null where there was no file.</param>
    public void Discard(Disk disk, long? lengthBefore)
    {
        if (_hadContent || Current.IsOpen)
        {
            return;
        }

        if (lengthBefore is not { } length)
        {
            Delete(disk, Name);
            return;
        }

        try
        {
            _file.SetLength(0);
            _file.SetLength(length);
        }
        catch (IOException)
        {
            // An empty store stays, which the next opening finds.
        }
    }

    /// <summary>Closes the file and deletes it, if a name still leads to it.</summary>
    public void Delete(Disk disk, string path) => disk.CloseAndDelete(_file, path);

    /// <summary>
    /// Keeps the pages as they are now for a reader, whatever is overwritten meanwhile. Caller must hold the lock of the data file.
    /// </summary>
    public PageSnapshot TakeSnapshot()
    {
        var snapshot = new PageSnapshot(this);
        lock (_snapshots)
        {
            _snapshots.Add(snapshot);
        }

        return snapshot;
    }

    public void Release(PageSnapshot snapshot)
    {
        lock (_snapshots)
        {
            _snapshots.Remove(snapshot);
            Monitor.PulseAll(_snapshots);
        }
    }

    /// <summary>Waits until no snapshot holds as many pages as it may: what a checkpoint overwrites goes into memory for it.</summary>
    public void AwaitRoomInSnapshots()
    {
        lock (_snapshots)
        {
            while (_snapshots.Exists(static snapshot => snapshot.IsFull))
            {
                Monitor.Wait(_snapshots);
            }
        }
    }

    public void Flush() => _file.Flush();

    public void Dispose() => _file.Dispose();

    /// <summary>Writes the checksum of a page as LiteDB wrote it; the first page needs the header.</summary>
    public static void WriteChecksum(uint number, Span<byte> page, in Header header)
    {
        Invariant.Holds(BinaryPrimitives.ReadUInt32LittleEndian(page) == number, "a page knows its number");
        Invariant.Holds(
            BinaryPrimitives.ReadUInt32LittleEndian(page[ChecksumOffset..]) == uint.MaxValue,
            "a page of the data file belongs to no transaction");
        if (number == 0)
        {
            header.Write(page.Slice(HeaderOffset, HeaderLength));
        }

        BinaryPrimitives.WriteUInt32LittleEndian(page[ChecksumOffset..], ChecksumOf(page));
    }

    /// <summary>Reads a page with its checksum, as it is in the file.</summary>
    public void ReadUnverified(uint number, Span<byte> page)
    {
        if ((number + 1L) * PageSize > _file.Length)
        {
            throw new DamagedFileException(
                Name, string.Create(CultureInfo.InvariantCulture, $"page {number} is missing; the file was cut to {_file.Length} bytes."));
        }

        _file.Read((long)number * PageSize, page);
    }

    private static long CountPages(ReadOnlySpan<byte> firstPage) =>
        BinaryPrimitives.ReadUInt32LittleEndian(firstPage[LastPageOffset..]) + 1L;

    /// <summary>The checksum of a page covers all but itself, and where the page belongs.</summary>
    private static uint ChecksumOf(ReadOnlySpan<byte> page) =>
        Checksum.Of(page[(ChecksumOffset + 4)..], Checksum.Of(page[..ChecksumOffset]));

    private static void ClearChecksum(Span<byte> page) => page.Slice(ChecksumOffset, 4).Fill(0xFF);

    private void WriteHeader(byte[] first, in Header header)
    {
        first.AsSpan(HeaderOffset, HeaderLength).Clear();
        WriteChecksum(0, first, header);

        // Also where the write or the flush fails: from here on the disk may have the header, and the logs that it speaks of are needed.
        Current = header;
        _file.Write(0, first.AsSpan(0, SectorSize));
        _file.Flush();
    }

    private void KeepForSnapshots(IReadOnlyList<KeyValuePair<uint, byte[]>> pages)
    {
        lock (_snapshots)
        {
            foreach (PageSnapshot snapshot in _snapshots)
            {
                foreach ((uint number, _) in pages)
                {
                    snapshot.Keep(number);
                }
            }
        }
    }

    /// <summary>
    /// Verifies that every page is zeros or has its checksum, and that the first one, where there is any, says that the file is unfinished.
    /// </summary>
    private void VerifyUnfinished()
    {
        long length = _file.Length;
        for (long offset = 0; offset < length; offset += PageSize)
        {
            var page = new byte[PageSize];
            _file.Read(offset, page.AsSpan(0, (int)Math.Min(PageSize, length - offset)));
            if (!page.AsSpan().ContainsAnyExcept((byte)0))
            {
                continue;
            }

            bool isUnfinished = offset > 0 ? Current.IsUnfinished : IsStore(page) && HeaderOf(page).IsUnfinished;
            if (!isUnfinished)
            {
                throw new DamagedFileException(Name, "it is no backup that was cut short.");
            }

            Current = offset > 0 ? Current : HeaderOf(page);
            VerifyPage((uint)(offset / PageSize), page);
        }
    }

    private static bool IsStore(ReadOnlySpan<byte> firstPage) =>
        firstPage[LiteDbTextOffset..].StartsWith(LiteDbText) && firstPage[HeaderOffset..].StartsWith(Magic);

    /// <summary>Refuses a file untouched that is none of ours, or of another format.</summary>
    private void ReadFirstSector()
    {
        long length = _file.Length;
        var page = new byte[PageSize];
        _file.Read(0, page.AsSpan(0, (int)Math.Min(length, PageSize)));
        if (length <= PageSize && !page.AsSpan().ContainsAnyExcept((byte)0))
        {
            return;
        }

        ReadOnlySpan<byte> header = page.AsSpan(HeaderOffset, HeaderLength);
        if (!IsStore(page))
        {
            throw new DamagedFileException(Name, "it is not a store of Imm.Core. It was left as it is.");
        }

        ushort format = BinaryPrimitives.ReadUInt16LittleEndian(header[8..]);
        if (format != Format)
        {
            throw new DamagedFileException(
                Name,
                $"it has format {format}, and this version of Imm.Core reads format {Format}"
                + $"{(format > Format ? "; a newer version wrote it" : "")}. It was left as it is.");
        }

        (Current, PageCount) = (Header.Read(header), CountPages(page));
        _hadContent = true;
        if (Current.IsUnfinished)
        {
            throw new DamagedFileException(Name, "it is a backup that was cut short, and holds only a part. It was left as it is.");
        }

        // All that is not zero in the page of a new store is in its first sector: its length is the only thing that a power cut can take
        // from it.
        IsFirstPageShort = length < PageSize && Current.IsNew && PageCount == 1;
        if (IsFirstPageShort)
        {
            VerifyPage(0, page);
        }
    }

    /// <summary>True if the file is a new store whose only page is not all there; the rest of it is zeros.</summary>
    public bool IsFirstPageShort { get; private set; }

    /// <summary>The header of the file, in its first page.</summary>
    /// <param name="StoreId">Ties the log files to the data file.</param>
    /// <param name="IsOpen">True if the log files belong to the store's content; false after a clean close and in a backup.</param>
    /// <param name="IsBeingOverwritten">True if pages may be half written, and have to be taken from a log.</param>
    /// <param name="AppliedSequence">The last frame of the logs whose records are in the file.</param>
    /// <param name="Checkpoint">How many checkpoints the file has been through.</param>
    /// <param name="LogGeneration">
    /// The generation of the log that was written to at the last checkpoint; 0 in files of earlier versions.
    /// </param>
    /// <param name="LoggedSequence">
    /// A batch that was on the disk in the logs when the header was written; all up to it must be found there or in the file.
    /// </param>
    /// <param name="IsUnfinished">True for a backup that is being written.</param>
    internal readonly record struct Header(
        Guid StoreId,
        bool IsOpen,
        bool IsBeingOverwritten,
        long AppliedSequence,
        long Checkpoint,
        long LogGeneration = 0,
        long LoggedSequence = 0,
        bool IsUnfinished = false)
    {
        private const byte OpenFlag = 1;
        private const byte OverwritingFlag = 2;
        private const byte UnfinishedFlag = 4;
        private const long FirstCheckpoint = 1;

        /// <summary>True if the file has never been opened since it was made.</summary>
        public bool IsNew => !IsOpen && AppliedSequence == 0 && Checkpoint == FirstCheckpoint;

        /// <summary>The header of a file that is being made.</summary>
        public static Header New(Guid storeId) =>
            new(storeId, IsOpen: false, IsBeingOverwritten: false, AppliedSequence: 0, FirstCheckpoint);

        public void Write(Span<byte> bytes)
        {
            Magic.CopyTo(bytes);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes[8..], Format);
            bytes[10] = (byte)((IsOpen ? OpenFlag : 0) | (IsBeingOverwritten ? OverwritingFlag : 0) | (IsUnfinished ? UnfinishedFlag : 0));
            bytes[11] = 0;
            StoreId.TryWriteBytes(bytes[12..]);
            BinaryPrimitives.WriteInt64LittleEndian(bytes[28..], AppliedSequence);
            BinaryPrimitives.WriteInt64LittleEndian(bytes[36..], Checkpoint);
            BinaryPrimitives.WriteInt64LittleEndian(bytes[44..], LogGeneration);
            BinaryPrimitives.WriteInt64LittleEndian(bytes[52..], LoggedSequence);
        }

        public static Header Read(ReadOnlySpan<byte> bytes) => new(
            new Guid(bytes.Slice(12, 16)),
            (bytes[10] & OpenFlag) != 0,
            (bytes[10] & OverwritingFlag) != 0,
            BinaryPrimitives.ReadInt64LittleEndian(bytes[28..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[36..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[44..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[52..]),
            (bytes[10] & UnfinishedFlag) != 0);
    }
}
