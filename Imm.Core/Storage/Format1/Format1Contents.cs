using Imm.Core.Model;
using LiteDB;
using LiteDB.Engine;

namespace Imm.Core.Storage;

/// <summary>
/// The records of a store of format 1, as documents of the present format. In format 1 a document holds up to 16 packed values whose keys
/// differ in the last four bits, and the files and bytes of a dataset are a record of their own.
/// </summary>
internal sealed class Format1Contents : IStoreContents
{
    private const int SlotBits = 4;
    private const byte KindMask = 0x7F;

    /// <summary>The number of pages, 8 MiB, after which LiteDB is opened again, because it holds the pages that it has read.</summary>
    private const int MaxPagesHeld = 1024;

    private static readonly string[] Collections = ["", "scopes", "projects", "datasets", "datasetUses"];

    private readonly ValueReader _reader;
    private readonly ILookup<(byte Kind, int Scope), Value> _logged;
    private PageStream? _stream;
    private LiteEngine? _engine;

    /// <param name="data">The data file, which is disposed with the contents.</param>
    /// <param name="batches">The batches of the logs that are not in the data file.</param>
    /// <param name="settings">The settings.</param>
    public Format1Contents(DataFile data, LoggedBatches batches, FileStoreSettings settings)
    {
        (Pages, _reader) = (data, new ValueReader(settings.Defaults));
        LastSequence = Math.Max(data.Header.AppliedSequence, batches.Last);
        var last = new Dictionary<(byte, long), Value>();
        foreach ((List<(byte Kind, Value Value)> values, _) in batches.Read(new PackedWriter(), ReadPayload))
        {
            foreach ((byte kind, Value value) in values)
            {
                last[(kind, value.Key)] = value;
            }
        }

        _logged = last.ToLookup(
            static each => (each.Key.Item1, each.Key.Item1 == ValueReader.ScopeKind ? 0 : RecordKey.Scope(each.Key.Item2)),
            static each => each.Value);
    }

    public IPages Pages { get; }

    /// <summary>The number of the last batch that the contents have.</summary>
    public long LastSequence { get; }

    /// <summary>None: format 1 keeps no changes.</summary>
    public IReadOnlyList<Record> LoggedChanges => [];

    public IEnumerable<Record> ReadChanges() => [];

    public IEnumerable<Record> Read(ChangeKind kind, long first = 0, long last = long.MaxValue)
    {
        SortedDictionary<long, Value> scopes = ReadValues(ValueReader.ScopeKind, 0);
        if (kind == ChangeKind.Scope)
        {
            return scopes.Where(scope => scope.Key >= first && scope.Key <= last).Select(
                scope => Encode(kind, scope.Key, _reader.ReadScope(scope.Key, scope.Value.Bytes.Span)));
        }

        if (kind == ChangeKind.Attachment)
        {
            return [];
        }

        return scopes.Keys.Where(id => id >= RecordKey.Scope(first) && id <= RecordKey.Scope(last))
            .SelectMany(id => Read(kind, (int)id))
            .Where(record => record.Key >= first && record.Key <= last);
    }

    public void Reset()
    {
        _engine?.Dispose();
        _engine = null;
    }

    public void Dispose()
    {
        _engine?.Dispose();
        Pages.Dispose();
    }

    /// <summary>Reads the projects or datasets of a scope.</summary>
    private IEnumerable<Record> Read(ChangeKind kind, int scope)
    {
        var projects = ReadValues(ValueReader.ProjectKind, scope).ToDictionary(
            static value => RecordKey.Number(value.Key), value => _reader.ReadProject(value.Key, value.Value.Bytes.Span));
        SortedDictionary<long, Value> uses = ReadValues(ValueReader.DatasetUseKind, scope);
        DatasetEntry[] datasets = [.. ReadValues(ValueReader.DatasetKind, scope).Select(value => ValueReader.ReadDataset(
            value.Key, value.Value.Bytes.Span, uses.GetValueOrDefault(value.Key).Bytes.Span, projects))];
        if (kind == ChangeKind.Dataset)
        {
            return datasets.Select(dataset => Encode(kind, RecordKey.Of(scope, dataset.Number), dataset));
        }

        ILookup<string, Dataset> byProject =
            datasets.Select(static entry => entry.Dataset).ToLookup(static each => each.ProjectName.Value);
        return projects.Values.OrderBy(static project => project.Number).Select(project => Encode(
            kind,
            RecordKey.Of(scope, project.Number),
            project with
            {
                DatasetCount = byProject[project.Name].Count(),
                FileCount = byProject[project.Name].Sum(static dataset => dataset.FileCount),
                TotalFileSize = byProject[project.Name].Sum(static dataset => dataset.TotalFileSize),
            }));
    }

    private static Record Encode(ChangeKind kind, long key, object value)
    {
        var buffer = new PackedWriter();
        RecordCodec.Write(buffer, kind, value);
        return new Record(kind, key, buffer.Memory);
    }

    /// <summary>Reads the records of a batch: 1 byte kind, 8 bytes key, a number (length + 1; 0 where it is deleted), the value.</summary>
    private static List<(byte Kind, Value Value)> ReadPayload(ReadOnlyMemory<byte> payload)
    {
        var values = new List<(byte, Value)>();
        var reader = new PackedReader(payload.Span);
        while (!reader.AtEnd)
        {
            var kind = (byte)(reader.Byte() & KindMask);
            long key = reader.Int64();
            long length = reader.Number();
            values.Add((kind, new Value(key, length == 0 ? default : reader.Bytes(length - 1).ToArray())));
        }

        return values;
    }

    /// <summary>Reads the values of a kind of one scope, or all scopes, by their keys.</summary>
    private SortedDictionary<long, Value> ReadValues(byte kind, int scope)
    {
        var values = new SortedDictionary<long, Value>();
        (long first, long last) = kind == ValueReader.ScopeKind ? (0, RecordKey.MaxScope) : RecordKey.OfScope(scope);
        foreach (Value value in ReadDocuments(kind, first, last).Concat(_logged[(kind, scope)]))
        {
            if (value.Bytes.IsEmpty)
            {
                values.Remove(value.Key);
            }
            else
            {
                values[value.Key] = value;
            }
        }

        return values;
    }

    private IEnumerable<Value> ReadDocuments(byte kind, long first, long last)
    {
        if (Pages.PageCount == 0)
        {
            yield break;
        }

        var query = new Query();
        query.Where.Add(BsonExpression.Create("$._id BETWEEN @0 AND @1", first >> SlotBits, last >> SlotBits));
        using IBsonDataReader documents = Engine().Query(Collections[kind], query);
        while (documents.Read())
        {
            BsonDocument document = documents.Current.AsDocument;
            if (!document.TryGetValue("_id", out BsonValue id) || !id.IsInt64 || !document.TryGetValue("v", out BsonValue content)
                || !content.IsBinary)
            {
                throw new InvalidDataException($"A document of the collection '{Collections[kind]}' is damaged.");
            }

            foreach (Value value in ReadSlots(id.AsInt64 << SlotBits, content.AsBinary))
            {
                yield return value;
            }
        }
    }

    /// <summary>Reads a document: ascending, 1 byte slot (the last bits of the key), a number (length) and the value of each.</summary>
    private static List<Value> ReadSlots(long firstKey, byte[] content)
    {
        var values = new List<Value>();
        var reader = new PackedReader(content);
        while (!reader.AtEnd)
        {
            long key = firstKey | reader.Byte();
            long length = reader.Number();
            values.Add(new Value(key, content.AsMemory(content.Length - reader.Left, reader.Bytes(length).Length)));
        }

        return values;
    }

    private LiteEngine Engine()
    {
        if (_stream?.PagesRead >= MaxPagesHeld)
        {
            _engine?.Dispose();
            _engine = null;
        }

        if (_engine is null)
        {
            _stream = new PageStream(Pages);
            _engine = new LiteEngine(
                new EngineSettings { DataStream = _stream, LogStream = new MemoryStream(), Collation = Collation.Binary });
        }

        return _engine;
    }

    private readonly record struct Value(long Key, ReadOnlyMemory<byte> Bytes);
}
