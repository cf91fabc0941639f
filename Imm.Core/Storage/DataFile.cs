using System.Globalization;
using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// The data file: LiteDB pages with checksums (<see cref="DataPage"/>), the first of which holds the header of the file.
/// </summary>
/// <remarks>
/// Header, checksum of page 0 and number of pages must change together. All of them are in the first sector of the file, which a power cut
/// does not tear.
/// </remarks>
internal sealed class DataFile : IPages, IDisposable
{
    private readonly DiskFile _file;
    private readonly PageSnapshots _snapshots;
    private Dictionary<uint, byte[]>? _redoPages;
    private bool _hadContent;
    private string? _name;

    private DataFile(DiskFile file)
    {
        _file = file;
        _snapshots = new PageSnapshots(file);
    }

    /// <summary>True if the file was opened for reading only.</summary>
    public bool IsReadOnly { get; private init; }

    /// <summary>The path.</summary>
    public string Name => _name ?? _file.Name;

    /// <summary>The number of pages, as page 0 says; 0 in a file that is being created.</summary>
    public long PageCount { get; private set; }

    /// <summary>The header as it was last read or written.</summary>
    public DataFileHeader Header { get; private set; }

    /// <summary>The length of all pages in bytes.</summary>
    public long Length => PageCount * DataPage.Size;

    public UnixFileMode? Mode => IsReadOnly ? _file.Mode | UnixFileMode.UserRead | UnixFileMode.UserWrite : _file.Mode;

    /// <summary>
    /// True if the file is a new store and shorter than its only page. The rest of that page is zeros, so only its length is missing.
    /// </summary>
    public bool IsFirstPageShort { get; private set; }

    /// <summary>Creates a file for <see cref="WritePages"/>.</summary>
    public static DataFile Create(Disk disk, string path, UnixFileMode? mode = null) => new(disk.Create(path, mode));

    /// <summary>
    /// Opens a file, or creates it. A file that is empty, or at most one page of zeros, has no pages: a power cut leaves it of a store that
    /// was being created.
    /// </summary>
    /// <exception cref="DamagedFileException">The file is not a data file of the supported format. It is unchanged.</exception>
    public static DataFile OpenOrCreate(Disk disk, string path, bool exists, UnixFileMode? newMode = null) =>
        Verified(new DataFile(exists ? disk.Open(path) : disk.Create(path, newMode)), static data => data.ReadFirstSector());

    /// <summary>Opens an existing file for reading only.</summary>
    /// <inheritdoc cref="OpenOrCreate" path="/exception"/>
    public static DataFile OpenToRead(Disk disk, string path) =>
        Verified(new DataFile(disk.OpenToRead(path)) { IsReadOnly = true }, static data => data.ReadFirstSector());

    /// <summary>Opens the file that writing a copy has left over when it was cut short, after verifying all of its pages.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="path">The path.</param>
    /// <param name="storeId">The id of the copy that is to be written.</param>
    /// <exception cref="IOException">
    /// The file is in use, or it is not certainly an unfinished backup or the whole copy of that id. It is unchanged.
    /// </exception>
    public static DataFile OpenLeftOver(Disk disk, string path, Guid storeId) =>
        Verified(new DataFile(disk.Open(path)), data => data.VerifyLeftOver(storeId));

    /// <inheritdoc cref="DiskFile.IsAt"/>
    public bool IsAt(string path) => _file.IsAt(path);

    /// <summary>Verifies that the name still leads to this file, which is about to get another one.</summary>
    /// <exception cref="StoreFileException">The file was moved, deleted or replaced.</exception>
    public void ThrowIfMoved()
    {
        if (!IsAt(Name))
        {
            throw new StoreFileException(
                ImmUnavailableReason.FilesChanged, $"The file '{Name}' was moved, deleted or replaced while it was written.");
        }
    }

    /// <summary>Verifies page 0 and the length of the file.</summary>
    /// <exception cref="DamagedFileException">Page 0 is damaged, or the file was cut.</exception>
    public void Verify()
    {
        ReadPage(0, new byte[DataPage.Size]);
        if (_redoPages is null)
        {
            VerifyLength();
        }
    }

    /// <summary>Verifies that the file is not shorter than its pages.</summary>
    /// <exception cref="DamagedFileException">The file was cut.</exception>
    public void VerifyLength()
    {
        // Read in this order: a checkpoint extends the file before it counts the new pages.
        long needed = Length;
        long length = _file.Length;
        if (length < needed)
        {
            throw new DamagedFileException(
                Name,
                string.Create(
                    CultureInfo.InvariantCulture, $"it has {PageCount} pages of {DataPage.Size} bytes, and was cut to {length} bytes."));
        }
    }

    /// <summary>
    /// Verifies that the file is still that of this store: another program may have copied another file over its content. The id is not
    /// changed beside the call, also where a checkpoint writes the sector that it is in.
    /// </summary>
    /// <exception cref="StoreFileException">The content is another one.</exception>
    public void VerifyStoreId()
    {
        if (DataPage.ReadStoreId(_file) != Header.StoreId)
        {
            throw new StoreFileException(
                ImmUnavailableReason.FilesChanged,
                $"The content of the file '{Name}' was replaced while the store was open: it is not this store any more. "
                + "Restore the files as they were and open the store again.");
        }
    }

    /// <summary>Reads pages from redo instead of the file until they are overwritten: a checkpoint was cut short.</summary>
    /// <param name="pages">Pages with checksums, page 0 first.</param>
    public void ReadFromRedo(IReadOnlyList<KeyValuePair<uint, byte[]>> pages)
    {
        _redoPages = new Dictionary<uint, byte[]>(pages);
        SetFirstPage(pages[0].Value);
    }

    public void ReadPage(uint number, Span<byte> page)
    {
        if (_redoPages?.GetValueOrDefault(number) is { } redo)
        {
            redo.CopyTo(page);
        }
        else
        {
            DataPage.ReadStored(_file, number, page);
        }

        DataPage.Verify(Name, number, page);
    }

    /// <summary>
    /// Overwrites pages of which a log holds redo. The header first says that pages are being overwritten, and last that they no longer
    /// are. Everything is flushed on return.
    /// </summary>
    /// <param name="pages">Pages with checksums, page 0 first, whose header says that pages are being overwritten.</param>
    /// <param name="done">The header afterwards.</param>
    public void Overwrite(IReadOnlyList<KeyValuePair<uint, byte[]>> pages, in DataFileHeader done)
    {
        Invariant.Holds(
            pages[0].Key == 0 && DataPage.ReadHeader(pages[0].Value) == done with { IsBeingOverwritten = true },
            "the first page to overwrite holds the header");
        _snapshots.Copy(pages.Select(static page => page.Key));
        _file.Write(0, pages[0].Value.AsSpan(0, Disk.SectorSize));
        _file.Flush();
        foreach ((uint number, byte[] page) in pages)
        {
            _file.Write((long)number * DataPage.Size, page);
        }

        _file.Flush();
        _redoPages = null;
        byte[] first = pages[0].Value.ToArray();
        PageCount = DataPage.ReadPageCount(first);
        DataPage.Verify(Name, 0, first);
        WriteFirstSector(first, done);
    }

    /// <summary>
    /// Extends the file for pages that are to be overwritten, by writing those behind its end. The header does not count them yet, so the
    /// content of the file is unchanged.
    /// </summary>
    /// <exception cref="OutOfSpaceException">There is no room; the file is unchanged.</exception>
    public void Extend(IReadOnlyList<KeyValuePair<uint, byte[]>> pages)
    {
        long end = _file.Length;
        OutOfSpaceException.Grow(_file, file =>
        {
            foreach ((uint number, byte[] page) in pages.Where(page => (page.Key + 1L) * DataPage.Size > end))
            {
                file.Write((long)number * DataPage.Size, page);
            }
        });
    }

    /// <summary>Removes the pages that <see cref="Extend"/> added.</summary>
    public void UndoExtend()
    {
        if (_file.Length > Length)
        {
            _file.SetLength(Length);
        }
    }

    /// <summary>Changes the header only, or writes the present one again so that it is on the disk. Flushed on return.</summary>
    public void WriteHeader(in DataFileHeader header)
    {
        var first = new byte[DataPage.Size];
        ReadPage(0, first);
        _snapshots.Copy(0);
        WriteFirstSector(first, header);
    }

    /// <summary>Writes the first sector again as it was read, so that it is on the disk. Flushed on return.</summary>
    public void RewriteFirstSector()
    {
        var sector = new byte[Disk.SectorSize];
        _file.Read(0, sector);
        _file.Write(0, sector);
        _file.Flush();
    }

    /// <summary>Writes pages of a file that is being created.</summary>
    public void WritePages(IEnumerable<KeyValuePair<uint, byte[]>> pages)
    {
        foreach ((uint number, byte[] page) in pages)
        {
            _file.Write((long)number * DataPage.Size, page);
            if (number == 0)
            {
                SetFirstPage(page);
            }
        }
    }

    /// <summary>Extends a file that is shorter than its only page.</summary>
    public void ExtendFirstPage()
    {
        _file.SetLength(DataPage.Size);
        PageCount = 1;
    }

    /// <summary>Takes the name that the file has been given: it is the store from now on, and not discarded if its open fails.</summary>
    public void TakeName(string path) => (_name, _hadContent) = (path, true);

    /// <inheritdoc cref="DiskFile.TakeOwnerOf"/>
    public void TakeOwnerOf(DataFile other) => other.GiveOwnerTo(_file);

    /// <summary>Gives another file the owner and the group of this one, see <see cref="DiskFile.TakeOwnerOf"/>.</summary>
    public void GiveOwnerTo(DiskFile other) => other.TakeOwnerOf(_file);

    /// <summary>
    /// Undoes an open that failed: deletes the file that it created, or empties the file that was empty. A file that had content is left
    /// unchanged.
    /// </summary>
    /// <param name="disk">The disk.</param>
    /// <param name="lengthBefore">The length in bytes before the open; null if there was no file.</param>
    public void Discard(Disk disk, long? lengthBefore)
    {
        if (_hadContent || Header.IsOpen)
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
            // What stays is an empty store, which the next open accepts.
        }
    }

    /// <summary>Closes the file, and deletes it if a path still refers to it.</summary>
    public void Delete(Disk disk, string path) => disk.CloseAndDelete(_file, path);

    /// <summary>Takes a snapshot of all pages. Caller must hold the lock that excludes changes of the file.</summary>
    public PageSnapshot TakeSnapshot() => _snapshots.Take(PageCount);

    /// <inheritdoc cref="PageSnapshots.WaitForRoom"/>
    public void WaitForRoomInSnapshots() => _snapshots.WaitForRoom();

    public void Flush() => _file.Flush();

    public void Dispose() => _file.Dispose();

    private static DataFile Verified(DataFile data, Action<DataFile> verify)
    {
        try
        {
            verify(data);
            return data;
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    private void SetFirstPage(ReadOnlySpan<byte> page) => (Header, PageCount) = (DataPage.ReadHeader(page), DataPage.ReadPageCount(page));

    private void WriteFirstSector(byte[] first, in DataFileHeader header)
    {
        DataPage.WriteChecksum(0, first, header);

        // Set even if the write or the flush fails: the header may be on the disk then, and the logs that it requires must stay.
        Header = header;
        _file.Write(0, first.AsSpan(0, Disk.SectorSize));
        _file.Flush();
    }

    private void VerifyLeftOver(Guid storeId)
    {
        // A left-over has zeros where nothing was written yet. The header of page 0, the first page written, marks it as unfinished.
        long length = _file.Length;
        for (long offset = 0; offset < length; offset += DataPage.Size)
        {
            var page = new byte[DataPage.Size];
            _file.Read(offset, page.AsSpan(0, (int)Math.Min(DataPage.Size, length - offset)));
            if (!page.AsSpan().ContainsAnyExcept((byte)0))
            {
                continue;
            }

            Header = offset > 0 || !DataPage.IsStore(page) ? Header : DataPage.ReadHeader(page);
            if (!Header.IsUnfinished && (Header.StoreId != storeId || Header.IsOpen))
            {
                throw new DamagedFileException($"The file '{Name}' is not the left-over of a copy. It was left unchanged.");
            }

            DataPage.Verify(Name, (uint)(offset / DataPage.Size), page);
        }
    }

    private void ReadFirstSector()
    {
        long length = _file.Length;
        var page = new byte[DataPage.Size];
        _file.Read(0, page.AsSpan(0, (int)Math.Min(length, DataPage.Size)));
        if (length <= DataPage.Size && !page.AsSpan().ContainsAnyExcept((byte)0))
        {
            return;
        }

        if (!DataPage.IsStore(page))
        {
            throw new DamagedFileException(
                $"The file '{Name}' is not a store of Imm.Core. It was left unchanged. Use another path.", ImmUnavailableReason.NotAStore);
        }

        ushort format = DataPage.ReadFormat(page);
        if (format is < DataFileHeader.OldestFormat or > DataFileHeader.SupportedFormat)
        {
            throw new DamagedFileException(
                $"The file '{Name}' has format {format}, and this version of Imm.Core reads formats {DataFileHeader.OldestFormat} to "
                + $"{DataFileHeader.SupportedFormat}"
                + $"{(format > DataFileHeader.SupportedFormat ? "; a newer version wrote it" : "")}. It was left unchanged.",
                format > DataFileHeader.SupportedFormat ? ImmUnavailableReason.NewerFormat : ImmUnavailableReason.Damaged);
        }

        SetFirstPage(page);
        _hadContent = true;
        if (Header.IsUnfinished)
        {
            throw new DamagedFileException(
                $"The file '{Name}' is a backup that was cut short and holds only a part of the records. It was left unchanged. "
                + "Take another backup.",
                ImmUnavailableReason.UnfinishedBackup);
        }

        IsFirstPageShort = length < DataPage.Size && Header.IsNew && PageCount == 1;
        if (IsFirstPageShort)
        {
            DataPage.Verify(Name, 0, page);
            PageCount = 0;
        }
    }
}
