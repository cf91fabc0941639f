using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Imm.Core.Collections;
using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// Reads everything that is readable of a store whose files are damaged, or that another program has written to. It changes no file.
/// </summary>
/// <remarks>
/// <para>
/// It does not go through LiteDB's index: one damaged page of it would hide the rest. It scans the pages of documents, each of which has
/// its checksum, and puts documents together from LiteDB's data blocks. A document that is cut gives the records in front of the cut. The
/// pages of another program have no checksum and are read as they are; their values are validated as all others.
/// </para>
/// <para>
/// Then come the batches of the logs, as far as they are whole. The revision of a record decides which one is later where the header of the
/// data file does not say which batches it contains.
/// </para>
/// </remarks>
internal sealed class StoreSalvage
{
    private const int BlockHeaderLength = 6;
    private const byte DataPageType = 4;
    private const byte IndexPageType = 3;
    private const uint NoPage = uint.MaxValue;

    private readonly Disk _disk;
    private readonly string _path;
    private readonly FileStoreSettings _settings;
    private readonly Dictionary<uint, byte[]> _redo = [];
    private readonly Dictionary<int, Scope> _names = [];
    private readonly Dictionary<(ChangeKind Kind, long Key), Found> _found = [];
    private readonly SortedSet<long> _damaged = [];
    private readonly Dictionary<uint, ChangeKind> _collections = [];
    private DataFileHeader? _header;
    private bool _isForeign;

    private StoreSalvage(Disk disk, string path, FileStoreSettings settings) => (_disk, _path, _settings) = (disk, path, settings);

    /// <summary>The problems that were found, in words.</summary>
    public List<string> Problems { get; } = [];

    /// <summary>The permissions of the damaged file on Unix, which its owner may write in addition; null elsewhere.</summary>
    public UnixFileMode? Mode { get; private set; }

    /// <summary>The pages that are damaged or missing.</summary>
    public IReadOnlyList<long> DamagedPages => [.. _damaged];

    /// <summary>Reads the files of a store.</summary>
    /// <exception cref="DamagedFileException">The file is not a store, or of another format.</exception>
    /// <exception cref="IOException">The data file cannot be read, or is open for changes.</exception>
    public static StoreSalvage Run(Disk disk, string path, FileStoreSettings settings)
    {
        var salvage = new StoreSalvage(disk, path, settings);
        using DiskFile file = disk.OpenToRead(path);
        salvage.Mode = file.Mode | UnixFileMode.UserRead | UnixFileMode.UserWrite;
        salvage.ReadFirstPage(file);
        List<(DiskFile File, List<LoggedFrame> Frames)> logs = salvage.OpenLogs();
        try
        {
            salvage.ReadDocuments(file);
            salvage.ReadBatches(logs);
        }
        finally
        {
            logs.ForEach(static log => log.File.Dispose());
        }

        return salvage._header is not null || salvage._found.Count > 0
            ? salvage
            : throw new DamagedFileException(
                $"The file '{path}' is not a store of Imm.Core, or nothing of it can be read. It was left unchanged.",
                ImmUnavailableReason.NotAStore);
    }

    /// <summary>Builds the states of the scopes, in ordinal order, one at a time.</summary>
    public IEnumerable<ScopeState> ReadScopes()
    {
        ILookup<int, KeyValuePair<(ChangeKind Kind, long Key), Found>> byScope = _found
            .Where(static entry => !entry.Value.Record.IsDeleted)
            .OrderBy(static entry => entry.Key.Key)
            .ToLookup(static entry => entry.Key.Kind == ChangeKind.Scope ? (int)entry.Key.Key : RecordKey.Scope(entry.Key.Key));
        var stored = new Dictionary<int, StoredScope>();
        foreach (Found scope in byScope.SelectMany(static group => group).Where(static entry => entry.Key.Kind == ChangeKind.Scope)
            .Select(static entry => entry.Value))
        {
            if (TryDecode(scope.Record, static record => RecordCodec.ReadScope(record), out StoredScope value))
            {
                stored.Add(value.Id, value);
                _names[value.Id] = value.Scope;
            }
        }

        foreach (IGrouping<int, KeyValuePair<(ChangeKind Kind, long Key), Found>> nameless in
            byScope.Where(group => !_names.ContainsKey(group.Key)))
        {
            Problems.Add(
                $"The account and region of {nameless.Count()} records are not known, so they are lost: "
                + $"{string.Join(", ", NamesOf(nameless))}.");
        }

        var done = new HashSet<Scope>();
        foreach ((int id, Scope scope) in _names.OrderBy(static entry => entry.Value, Scope.Order).ThenBy(static entry => entry.Key))
        {
            if (!done.Add(scope))
            {
                Problems.Add($"{scope} is stored twice; the records of its number {id} are lost.");
                continue;
            }

            if (!stored.TryGetValue(id, out StoredScope value))
            {
                Problems.Add($"The document of {scope} is lost: a project quota of its own, if it had one, is missing.");
            }

            yield return Build(ScopeState.Empty(scope, _settings.Defaults, value.OwnProjectQuota, value.Revision), byScope[id]);
        }
    }

    private ScopeState Build(ScopeState state, IEnumerable<KeyValuePair<(ChangeKind Kind, long Key), Found>> records)
    {
        var projects = new Dictionary<string, Project>();
        var datasets = new Dictionary<(string Project, string Dataset), DatasetEntry>();
        var attachments = new Dictionary<string, OssBucketAttachment>();
        foreach ((_, Found found) in records)
        {
            if (found.Record.Kind == ChangeKind.Project
                && TryDecode(found.Record, record => _settings.Codec.ReadProject(record), out Project? project))
            {
                Keep(
                    projects,
                    project.Name,
                    project,
                    static value => value.Revision,
                    $"The project '{project.Name}' of {state.Scope}");
            }
            else if (found.Record.Kind == ChangeKind.Dataset
                && TryDecode(found.Record, static record => RecordCodec.ReadDataset(record), out DatasetEntry? dataset))
            {
                string name = dataset.Dataset.ProjectName.Value;
                Keep(
                    datasets,
                    (name, dataset.Name),
                    dataset,
                    static value => value.Dataset.Revision,
                    $"The dataset '{dataset.Name}' of '{name}' of {state.Scope}");
            }
            else if (found.Record.Kind == ChangeKind.Attachment
                && TryDecode(
                    found.Record,
                    record => RecordCodec.ReadAttachment(record, state.Scope.AccountId),
                    out OssBucketAttachment? attachment))
            {
                Keep(
                    attachments,
                    attachment.OssBucket,
                    attachment,
                    static value => value.UpdateTime.UtcTicks,
                    $"The attached bucket '{attachment.OssBucket}' of {state.Scope}");
            }
        }

        ILookup<string, DatasetEntry> byProject = datasets.Values.ToLookup(static dataset => dataset.Dataset.ProjectName.Value);
        ILookup<string, OssBucketAttachment> bucketsByProject = attachments.Values.ToLookup(static bucket => bucket.ProjectName.Value);
        var filled = new List<Project>(projects.Count);
        NameTree<OssBucketAttachment> attached = NameTree<OssBucketAttachment>.Empty;
        long last = state.LastNumber;
        var owner = new OwnerToken();
        foreach (Project whole in projects.Values.OrderBy(static project => project.Number))
        {
            Project project = whole with { DatasetCount = 0, FileCount = 0, TotalFileSize = 0 };
            last = Math.Max(last, project.Number);
            foreach (DatasetEntry dataset in byProject[project.Name])
            {
                project = project.With(dataset, owner);
                last = Math.Max(last, dataset.Number);
            }

            if ((project.DatasetCount, project.FileCount, project.TotalFileSize)
                != (whole.DatasetCount, whole.FileCount, whole.TotalFileSize))
            {
                Problems.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"The project '{project.Name}' of {state.Scope} had {whole.DatasetCount} datasets, of which "
                    + $"{project.DatasetCount} were recovered, or others than it counted."));
            }

            foreach (OssBucketAttachment bucket in bucketsByProject[project.Name])
            {
                attached = attached.Set(bucket, owner);
                project = project with { Attachments = project.Attachments.Set(bucket, owner) };
                last = Math.Max(last, bucket.Number);
            }

            filled.Add(project);
        }

        foreach (IGrouping<string, DatasetEntry> orphans in byProject.Where(group => !projects.ContainsKey(group.Key)))
        {
            Problems.Add(
                $"The project '{orphans.Key}' of {state.Scope} is lost, and with it its datasets "
                + $"{string.Join(", ", orphans.Select(static dataset => $"'{dataset.Name}'"))}.");
        }

        foreach (IGrouping<string, OssBucketAttachment> orphans in bucketsByProject.Where(group => !projects.ContainsKey(group.Key)))
        {
            Problems.Add(
                $"The project '{orphans.Key}' of {state.Scope} is lost, and with it its attached buckets "
                + $"{string.Join(", ", orphans.Select(static bucket => $"'{bucket.OssBucket}'"))}.");
        }

        owner.Close();
        return state.WithAll(filled, attached, last);
    }

    /// <summary>Keeps the later one of two records with one name.</summary>
    private void Keep<TName, T>(Dictionary<TName, T> kept, TName name, T value, Func<T, long> revisionOf, string subject)
        where TName : notnull
    {
        if (kept.TryGetValue(name, out T? other))
        {
            Problems.Add($"{subject} was found twice; the later one was kept.");
            value = revisionOf(other) > revisionOf(value) ? other : value;
        }

        kept[name] = value;
    }

    private bool TryDecode<T>(in Record record, Func<Record, T> decode, [NotNullWhen(true)] out T? value)
    {
        try
        {
            value = decode(record)!;
            return true;
        }
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException or OverflowException or ArgumentException)
        {
            Problems.Add($"The {record.Kind} record {record.Key} is lost: {e.Message}");
            value = default;
            return false;
        }
    }

    private static IEnumerable<string> NamesOf(IEnumerable<KeyValuePair<(ChangeKind Kind, long Key), Found>> records) =>
        from entry in records
        where entry.Key.Kind == ChangeKind.Project
        let name = SalvagedDocument.ProjectName(entry.Value.Record.Bytes)
        where name is not null
        select $"'{name}'";

    private void ReadFirstPage(DiskFile file)
    {
        var page = new byte[DataPage.Size];
        int length = (int)Math.Min(file.Length, DataPage.Size);
        file.Read(0, page.AsSpan(0, length));
        if (!DataPage.IsStore(page))
        {
            Problems.Add($"The header of the file '{_path}' is lost: which batches of the logs it contains is not known.");
            return;
        }

        ushort format = DataPage.ReadFormat(page);
        DataFileHeader header = DataPage.ReadHeader(page);
        bool isWhole = IsWhole(0, page, out bool isForeign);
        if (isWhole && format != DataFileHeader.SupportedFormat)
        {
            throw new DamagedFileException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The file '{_path}' has format {format}, and a salvage reads format {DataFileHeader.SupportedFormat}."),
                format > DataFileHeader.SupportedFormat ? ImmUnavailableReason.NewerFormat : ImmUnavailableReason.Damaged);
        }

        // While pages are overwritten page 0 may be torn behind its first sector, which holds the header.
        if (isWhole || header.IsBeingOverwritten)
        {
            _isForeign |= isForeign;
            _header = header;
        }
        else
        {
            Problems.Add($"The header of the file '{_path}' is damaged: which batches of the logs it contains is not known.");
        }
    }

    /// <summary>Opens the logs and finds their whole frames.</summary>
    private List<(DiskFile File, List<LoggedFrame> Frames)> OpenLogs()
    {
        var logs = new List<(DiskFile, List<LoggedFrame>)>();
        (string first, string second) = WriteAheadLog.Paths(_path);
        foreach (string path in (string[])[first, second])
        {
            DiskFile? file = null;
            try
            {
                if (_disk.Length(path) is null)
                {
                    if (_header is { IsOpen: true })
                    {
                        Problems.Add($"The log '{path}' is missing: the latest changes may be lost.");
                    }

                    continue;
                }

                file = _disk.OpenToRead(path);
                logs.Add((file, FindFrames(file)));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Problems.Add($"The log '{path}' cannot be read: {e.Message}");
                file?.Dispose();
            }
        }

        FindRedo(logs);
        return logs;
    }

    private List<LoggedFrame> FindFrames(DiskFile file)
    {
        LogHeader? header = null;
        Span<byte> bytes = stackalloc byte[LogHeader.Length];
        if (file.Length >= LogHeader.Length)
        {
            file.Read(0, bytes);
            try
            {
                header = bytes.ContainsAnyExcept((byte)0) ? LogHeader.Read(bytes, file.Name) : null;
            }
            catch (DamagedFileException e)
            {
                Problems.Add(e.Message);
            }
        }

        if (header is null && _header is { IsOpen: true })
        {
            Problems.Add($"The log '{file.Name}' has no header: the latest changes may be lost.");
        }

        if (header is { } read && file.Length < read.Allocated)
        {
            Problems.Add(string.Create(
                CultureInfo.InvariantCulture, $"The log '{file.Name}' had {read.Allocated} bytes, and was cut to {file.Length}."));
        }

        if ((_header?.StoreId ?? header?.StoreId) is not { } storeId || (header is { } other && other.StoreId != storeId))
        {
            if (header is not null)
            {
                Problems.Add($"The log '{file.Name}' is of another store, and was not read.");
            }

            return [];
        }

        var frames = new List<LoggedFrame>();
        uint seed = FrameHeader.ChecksumOf(storeId);
        var start = new byte[FrameHeader.Length];
        for (long offset = WriteAheadLog.FramesOffset; offset + FrameHeader.Length <= file.Length;)
        {
            file.Read(offset, start);
            FrameHeader frame = FrameHeader.Read(start);
            long next = offset + Disk.SectorSize;
            if (Enum.IsDefined(frame.Kind) && frame.PayloadLength >= 0
                && offset + FrameHeader.Length + frame.PayloadLength <= file.Length
                && frame.Generation > 0 && (header is null || frame.Generation == header.Value.Generation))
            {
                var payload = new byte[frame.PayloadLength];
                file.Read(offset + FrameHeader.Length, payload);
                if (Checksum.Of(payload, FrameHeader.ChecksumOf(start, seed)) == FrameHeader.ReadChecksum(start))
                {
                    frames.Add(new LoggedFrame(frame, payload));
                    next = LogReader.RoundUp(offset + FrameHeader.Length + frame.PayloadLength);
                }
            }

            offset = next;
        }

        // Without a header the frames of earlier generations may stand there too.
        long generation = frames.Select(static frame => frame.Header.Generation).DefaultIfEmpty().Max();
        frames.RemoveAll(frame => frame.Header.Generation != generation);
        return frames;
    }

    /// <summary>Finds the images of the pages that a checkpoint was overwriting, or had just overwritten.</summary>
    private void FindRedo(List<(DiskFile File, List<LoggedFrame> Frames)> logs)
    {
        foreach (LoggedFrame frame in logs.SelectMany(static log => log.Frames).Where(static frame => frame.Header.Kind == FrameKind.Pages))
        {
            var pages = new Dictionary<uint, byte[]>();
            const int EntryLength = 8 + DataPage.Size;
            for (int offset = 0; offset + EntryLength <= frame.Payload.Length; offset += EntryLength)
            {
                pages[(uint)BinaryPrimitives.ReadInt64LittleEndian(frame.Payload.AsSpan(offset))] =
                    frame.Payload[(offset + 8)..(offset + EntryLength)];
            }

            // The images are the present pages only until the next step of a checkpoint.
            if (pages.TryGetValue(0, out byte[]? first) && DataPage.IsStore(first) && _header is { } header
                && DataPage.ReadHeader(first).Checkpoint == header.Checkpoint && DataPage.ReadHeader(first).StoreId == header.StoreId)
            {
                foreach ((uint number, byte[] page) in pages)
                {
                    _redo[number] = page;
                }
            }
        }

        if (_header is { IsBeingOverwritten: true } && _redo.Count == 0)
        {
            Problems.Add("A checkpoint was cut short, and its pages are in no log: some pages may be of an earlier state.");
        }
    }

    private void ReadDocuments(DiskFile file)
    {
        long count = Math.Max(
            (file.Length + DataPage.Size - 1) / DataPage.Size, _redo.Keys.Select(static number => number + 1L).DefaultIfEmpty().Max());
        if (_header is not null && TryReadPage(file, 0, out byte[]? first))
        {
            count = Math.Max(count, DataPage.ReadPageCount(first));
        }

        // A page count that is beyond all reason is one of a page that another program has written.
        count = Math.Min(count, (file.Length / DataPage.Size) + (1 << 20));
        var indexed = new List<(uint Collection, long Key, uint Page)>();
        for (long number = 0; number < count; number++)
        {
            if (!TryReadPage(file, (uint)number, out byte[]? page))
            {
                _damaged.Add(number);
                continue;
            }

            switch (page[4])
            {
                case DataPageType:
                    ReadDataPage(file, (uint)number, page);
                    break;
                case IndexPageType:
                    ReadIndexPage(page, indexed);
                    break;
            }
        }

        if (_isForeign)
        {
            Problems.Add(
                $"Another program has written to the file '{_path}'. Its pages have no checksum: what they hold was validated, and may be "
                + "what that program has made of it.");
        }

        ReportPages(indexed);
    }

    /// <summary>Reports the damaged pages with the documents that the index has on them.</summary>
    private void ReportPages(List<(uint Collection, long Key, uint Page)> indexed)
    {
        ILookup<long, (uint Collection, long Key, uint Page)> byPage = indexed.ToLookup(static entry => (long)entry.Page);
        foreach (long number in _damaged)
        {
            string[] lost =
            [
                .. from entry in byPage[number]
                   where _collections.TryGetValue(entry.Collection, out ChangeKind _)
                   let kind = _collections[entry.Collection]
                   orderby entry.Key
                   select kind == ChangeKind.Scope
                       ? string.Create(CultureInfo.InvariantCulture, $"the account and region of number {entry.Key}")
                       : string.Create(
                           CultureInfo.InvariantCulture,
                           $"{kind} records of {NameOf(RecordKey.Scope(entry.Key))} from number {RecordKey.Number(entry.Key)} on"),
            ];
            Problems.Add(string.Create(CultureInfo.InvariantCulture, $"Page {number} of '{_path}' is damaged or missing")
                + (lost.Length == 0 ? "." : $". On it began documents with {string.Join("; ", lost)}."));
        }

        string NameOf(int id) => _names.TryGetValue(id, out Scope? scope)
            ? scope.ToString()
            : string.Create(CultureInfo.InvariantCulture, $"the account and region of number {id}");
    }

    private bool TryReadPage(DiskFile file, uint number, [NotNullWhen(true)] out byte[]? page)
    {
        page = new byte[DataPage.Size];
        if ((number + 1L) * DataPage.Size <= file.Length)
        {
            file.Read((long)number * DataPage.Size, page);
            bool isOverwritten = _header is { IsBeingOverwritten: true } && _redo.ContainsKey(number);
            if (!isOverwritten && IsWhole(number, page, out bool isForeign))
            {
                _isForeign |= isForeign;
                return true;
            }
        }

        page = _redo.GetValueOrDefault(number);
        return page is not null && IsWhole(number, page, out _);
    }

    /// <summary>True if a page has its number and its checksum, or the mark of LiteDB in the place of the checksum.</summary>
    private bool IsWhole(uint number, byte[] page, out bool isForeign)
    {
        isForeign = false;
        try
        {
            DataPage.Verify(_path, number, (byte[])page.Clone());
            return true;
        }
        catch (DamagedFileException e)
        {
            isForeign = e.Reason == ImmUnavailableReason.WrittenByAnotherProgram;
            return isForeign;
        }
    }

    private void ReadDataPage(DiskFile file, uint number, byte[] page)
    {
        foreach ((int _, int position, int length) in Slots(page))
        {
            if (page[position] == 0)
            {
                ReadDocument(ReadBlocks(file, page, position, length), BinaryPrimitives.ReadUInt32LittleEndian(page.AsSpan(19)), number);
            }
        }
    }

    /// <summary>Finds the used slots of a page, whose directory stands at its end.</summary>
    private static IEnumerable<(int Index, int Position, int Length)> Slots(byte[] page)
    {
        int highest = page[30];
        for (int index = 0; highest != byte.MaxValue && index <= highest; index++)
        {
            int entry = DataPage.Size - ((index + 1) * 4);
            int length = BinaryPrimitives.ReadUInt16LittleEndian(page.AsSpan(entry));
            int position = BinaryPrimitives.ReadUInt16LittleEndian(page.AsSpan(entry + 2));
            if (position >= 32 && length > BlockHeaderLength && position + length <= entry)
            {
                yield return (index, position, length);
            }
        }
    }

    /// <summary>Puts the blocks of a document together, up to one that cannot be read.</summary>
    private byte[] ReadBlocks(DiskFile file, byte[] page, int position, int length)
    {
        var bytes = new List<byte>();
        for (int blocks = 0; blocks < ushort.MaxValue; blocks++)
        {
            bytes.AddRange(page.AsSpan(position + BlockHeaderLength, length - BlockHeaderLength));
            uint next = BinaryPrimitives.ReadUInt32LittleEndian(page.AsSpan(position + 1));
            byte index = page[position + 5];
            if (next == NoPage || !TryReadPage(file, next, out byte[]? following) || following[4] != DataPageType)
            {
                break;
            }

            (int Index, int Position, int Length) slot = Slots(following).FirstOrDefault(slot => slot.Index == index);
            if (slot.Length == 0 || following[slot.Position] == 0)
            {
                break;
            }

            (page, position, length) = (following, slot.Position, slot.Length);
        }

        return [.. bytes];
    }

    private void ReadDocument(byte[] bytes, uint collection, uint page)
    {
        SalvagedDocument document = SalvagedDocument.Read(bytes);
        ChangeKind? kind = document.Array switch
        {
            "Projects" => ChangeKind.Project,
            "Datasets" => ChangeKind.Dataset,
            "Attachments" => ChangeKind.Attachment,
            null when document is { Account: not null, Region: not null, Id: > 0 and <= RecordKey.MaxScope } => ChangeKind.Scope,
            _ => null,
        };
        if (kind is not { } known || document.Id is not { } id)
        {
            return;
        }

        _collections[collection] = known;
        if (known == ChangeKind.Scope)
        {
            if (document.IsWhole)
            {
                Add(new Record(ChangeKind.Scope, id, bytes), isLogged: false);
            }

            return;
        }

        int scopeId = RecordKey.Scope(id);
        if (scopeId <= 0)
        {
            return;
        }

        if (Scope.TryCreate(document.Account, document.Region, out Scope? scope, out _))
        {
            _names.TryAdd(scopeId, scope);
        }

        foreach (ReadOnlyMemory<byte> item in document.Items)
        {
            if (SalvagedDocument.Number(item) is { } number and >= 0 and <= RecordKey.MaxNumber)
            {
                Add(new Record(known, RecordKey.Of(scopeId, number), item.ToArray()), isLogged: false);
            }
        }

        if (!document.IsWhole)
        {
            Problems.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"The document {id} of {document.Account}/{document.Region}, which begins on page {page}, is cut: "
                + $"{document.Items.Count} of its {known} records were recovered."));
        }
    }

    /// <summary>Finds the documents that a page of an index leads to: their keys, and the pages on which they begin.</summary>
    private static void ReadIndexPage(byte[] page, List<(uint Collection, long Key, uint Page)> indexed)
    {
        const int FixedLength = 12;
        const int LevelLength = 10;
        const byte KeyOfInt64 = 3;
        uint collection = BinaryPrimitives.ReadUInt32LittleEndian(page.AsSpan(19));
        foreach ((int _, int position, int length) in Slots(page))
        {
            int key = FixedLength + (page[position + 1] * LevelLength);
            if (length >= key + 9 && page[position + key] == KeyOfInt64)
            {
                indexed.Add((
                    collection,
                    BinaryPrimitives.ReadInt64LittleEndian(page.AsSpan(position + key + 1)),
                    BinaryPrimitives.ReadUInt32LittleEndian(page.AsSpan(position + 2))));
            }
        }
    }

    private void ReadBatches(List<(DiskFile File, List<LoggedFrame> Frames)> logs)
    {
        LoggedFrame[] frames = [.. logs.SelectMany(static log => log.Frames)];
        long applied = _header?.AppliedSequence ?? 0;
        long last = applied;
        foreach (LoggedFrame frame in frames
            .Where(frame => frame.Header.Kind == FrameKind.Records && frame.Header.Sequence > applied)
            .OrderBy(static frame => frame.Header.Sequence))
        {
            if (_header is not null && frame.Header.Sequence > last + 1)
            {
                Problems.Add(Lost(last + 1, frame.Header.Sequence - 1));
            }

            last = frame.Header.Sequence;
            var records = new List<Record>();
            try
            {
                LogBatch.Read(frame.Payload, records);
            }
            catch (InvalidDataException e)
            {
                Problems.Add(string.Create(CultureInfo.InvariantCulture, $"Batch {last} of the logs: {e.Message}"));
            }

            records.ForEach(record => Add(record, isLogged: true));
        }

        long vouched = Math.Max(
            _header?.LoggedSequence ?? 0, frames.Select(static frame => frame.Header.FlushedSequence).DefaultIfEmpty().Max());
        if (vouched > last)
        {
            Problems.Add(Lost(last + 1, vouched));
        }

        static string Lost(long first, long last) => string.Create(
            CultureInfo.InvariantCulture, $"The batches {first} to {last} of the logs were acknowledged and cannot be read.");
    }

    /// <summary>Adds a record, and keeps the later one where there is one of its key.</summary>
    private void Add(in Record record, bool isLogged)
    {
        long revision = SalvagedDocument.Revision(record.Bytes);
        if (_found.TryGetValue((record.Kind, record.Key), out Found other))
        {
            // Batches are added in their order, and without a header they may be older than the data file.
            bool isLater = (isLogged && (_header is not null || other.IsLogged))
                || revision > other.Revision || (isLogged && revision == other.Revision);
            if (!isLater)
            {
                return;
            }
        }

        _found[(record.Kind, record.Key)] = new Found(record, revision, isLogged);
    }

    private readonly record struct Found(Record Record, long Revision, bool IsLogged);

    private sealed record LoggedFrame(FrameHeader Header, byte[] Payload);
}
