using LiteDB;

namespace Imm.Core.Benchmarks.Throughput.Peers;

/// <summary>
/// LiteDB as the package is shipped: one database file, one call a change. A change returns before the disk has it; there is no setting for that.
/// </summary>
/// <remarks>
/// <para>
/// The name is the document's <c>_id</c>, LiteDB's unique index, which is the quickest way to find it. All calls stand under one lock, because
/// reads beside each other give wrong documents.
/// </para>
/// <para>
/// The members take and give nothing but types of the base library: of each <see cref="LiteDbVersion"/> there is a copy of this class.
/// </para>
/// </remarks>
internal sealed class LiteDbStore : IDisposable
{
    private readonly LiteDatabase _database;
    private readonly ILiteCollection<BsonDocument> _projects;
    private readonly ILiteCollection<BsonDocument> _datasets;
    private readonly Lock _lock = new();
    private int? _count;
    private int _quota = int.MaxValue;

    public LiteDbStore(string folder)
    {
        _database = new LiteDatabase(
            new ConnectionString { Filename = Path.Combine(folder, "lite.db"), Collation = Collation.Binary }, new BsonMapper());
        _projects = _database.GetCollection("project", BsonAutoId.ObjectId);
        _datasets = _database.GetCollection("dataset", BsonAutoId.ObjectId);
    }

    public void SetQuota(int quota) => _quota = quota;

    public void Load(IEnumerable<(string Name, string Description, string TemplateId, string TagText)> projects, bool withDatasets)
    {
        const int Together = 5_000;
        foreach ((string Name, string Description, string TemplateId, string TagText)[] some in projects.Chunk(Together))
        {
            _projects.Insert(some.Select(project => Document(project.Name, project.Description, project.TemplateId, project.TagText)));
            if (withDatasets)
            {
                _datasets.Insert(some.SelectMany(project => Enumerable.Range(0, Peer.DatasetsPerProject).Select(n => new BsonDocument
                {
                    ["_id"] = DatasetKey(project.Name, Peer.DatasetName(n)),
                    ["maxFileCount"] = Peer.DatasetMaxFileCount,
                    ["maxTotalFileSize"] = Peer.DatasetMaxTotalFileSize,
                    ["fileCount"] = 0L,
                    ["totalFileSize"] = 0L,
                })));
            }
        }

        _count = null;
        _database.Checkpoint();
    }

    /// <returns>A <see cref="CreateAnswer"/>.</returns>
    public int Create(string name, string description, string templateId, string tagText)
    {
        BsonDocument document = Document(name, description, templateId, tagText);
        lock (_lock)
        {
            // To count is a walk over all there is, so it is done when somebody first needs it.
            _count ??= _projects.Count();
            if (_count >= _quota)
            {
                return _projects.FindById(name) is null ? (int)CreateAnswer.QuotaIsUsedUp : (int)CreateAnswer.NameIsTaken;
            }

            try
            {
                _projects.Insert(document);
                _count++;
                return (int)CreateAnswer.Created;
            }
            catch (LiteException e) when (e.ErrorCode == LiteException.INDEX_DUPLICATE_KEY)
            {
                return (int)CreateAnswer.NameIsTaken;
            }
        }
    }

    public object Get(string name)
    {
        lock (_lock)
        {
            return Read(_projects.FindById(name));
        }
    }

    public int List(string position, int count)
    {
        var projects = new List<PeerProject>(count);
        lock (_lock)
        {
            foreach (BsonDocument document in _projects.Query().Where("$._id > @0", position).OrderBy("$._id").Limit(count).ToEnumerable())
            {
                projects.Add(Read(document));
            }
        }

        return projects.Count;
    }

    public void Update(string name, string description)
    {
        lock (_lock)
        {
            BsonDocument document = _projects.FindById(name);
            document["description"] = description;
            document["updateTime"] = Math.Max(TimeProvider.System.GetUtcNow().UtcTicks, document["updateTime"].AsInt64 + 1);
            _projects.Update(document);
        }
    }

    public bool AddFiles(string project, string dataset, long files, long bytes)
    {
        string key = DatasetKey(project, dataset);
        lock (_lock)
        {
            BsonDocument document = _datasets.FindById(key);
            long usedFiles = document["fileCount"].AsInt64, usedBytes = document["totalFileSize"].AsInt64;
            if (files > document["maxFileCount"].AsInt64 - usedFiles || bytes > document["maxTotalFileSize"].AsInt64 - usedBytes)
            {
                return false;
            }

            document["fileCount"] = usedFiles + files;
            document["totalFileSize"] = usedBytes + bytes;
            _datasets.Update(document);
            return true;
        }
    }

    public void Dispose() => _database.Dispose();

    private static string DatasetKey(string project, string dataset) => $"{project}/{dataset}";

    private static BsonDocument Document(string name, string description, string templateId, string tagText)
    {
        long now = TimeProvider.System.GetUtcNow().UtcTicks;
        return new BsonDocument
        {
            ["_id"] = name,
            ["description"] = description,
            ["serviceRole"] = Peer.ServiceRole,
            ["templateId"] = templateId,
            ["createTime"] = now,
            ["updateTime"] = now,
            ["maxDatasetCount"] = DefaultLimits.ProjectMaxDatasetCount,
            ["maxBindCount"] = DefaultLimits.DatasetMaxBindCount,
            ["maxFileCount"] = Peer.DatasetMaxFileCount,
            ["maxEntityCount"] = DefaultLimits.DatasetMaxEntityCount,
            ["maxRelationCount"] = DefaultLimits.DatasetMaxRelationCount,
            ["maxTotalFileSize"] = Peer.DatasetMaxTotalFileSize,
            ["datasetCount"] = 0L,
            ["fileCount"] = 0L,
            ["totalFileSize"] = 0L,
            ["tags"] = tagText,
        };
    }

    private static PeerProject Read(BsonDocument document) => new()
    {
        Name = document["_id"].AsString,
        Description = document["description"].AsString,
        ServiceRole = document["serviceRole"].AsString,
        TemplateId = document["templateId"].AsString,
        CreateTicks = document["createTime"].AsInt64,
        UpdateTicks = document["updateTime"].AsInt64,
        ProjectMaxDatasetCount = document["maxDatasetCount"].AsInt64,
        DatasetMaxBindCount = document["maxBindCount"].AsInt64,
        DatasetMaxFileCount = document["maxFileCount"].AsInt64,
        DatasetMaxEntityCount = document["maxEntityCount"].AsInt64,
        DatasetMaxRelationCount = document["maxRelationCount"].AsInt64,
        DatasetMaxTotalFileSize = document["maxTotalFileSize"].AsInt64,
        DatasetCount = document["datasetCount"].AsInt64,
        FileCount = document["fileCount"].AsInt64,
        TotalFileSize = document["totalFileSize"].AsInt64,
        TagText = document["tags"].AsString,
    };
}
