using LiteDB;

namespace Imm.Core.Benchmarks.Throughput.Peers;

/// <summary>
/// LiteDB as the package is shipped: one database file, one call a change. A change returns before the disk has it; there is no setting for that.
/// </summary>
/// <remarks>
/// The name is the document's <c>_id</c>, LiteDB's unique index, which is the quickest way to find it. All calls stand under one lock, because
/// reads beside each other give wrong documents.
/// </remarks>
internal sealed class LiteDbPeer : Peer
{
    private readonly LiteDatabase _database;
    private readonly ILiteCollection<BsonDocument> _projects;
    private readonly ILiteCollection<BsonDocument> _datasets;
    private readonly Lock _lock = new();
    private int? _count;
    private int _quota = int.MaxValue;

    public LiteDbPeer(string folder)
    {
        _database = new LiteDatabase(
            new ConnectionString { Filename = Path.Combine(folder, "lite.db"), Collation = Collation.Binary }, new BsonMapper());
        _projects = _database.GetCollection("project", BsonAutoId.ObjectId);
        _datasets = _database.GetCollection("dataset", BsonAutoId.ObjectId);
    }

    public override int ProjectQuota
    {
        set => _quota = value;
    }

    public override void Load(IEnumerable<NewProject> projects, bool withDatasets)
    {
        const int Together = 5_000;
        foreach (NewProject[] some in projects.Chunk(Together))
        {
            _projects.Insert(some.Select(Document));
            if (withDatasets)
            {
                _datasets.Insert(some.SelectMany(project => Enumerable.Range(0, DatasetsPerProject).Select(n => new BsonDocument
                {
                    ["_id"] = DatasetKey(project.Name, DatasetName(n)),
                    ["maxFileCount"] = DatasetMaxFileCount,
                    ["maxTotalFileSize"] = DatasetMaxTotalFileSize,
                    ["fileCount"] = 0L,
                    ["totalFileSize"] = 0L,
                })));
            }
        }

        _count = null;
        _database.Checkpoint();
    }

    public override Caller Enter() => new OneCaller(this);

    public override void Dispose() => _database.Dispose();

    private static string DatasetKey(string project, string dataset) => $"{project}/{dataset}";

    private static BsonDocument Document(NewProject project)
    {
        long now = TimeProvider.System.GetUtcNow().UtcTicks;
        return new BsonDocument
        {
            ["_id"] = project.Name,
            ["description"] = project.Description,
            ["serviceRole"] = ServiceRole,
            ["templateId"] = project.TemplateId,
            ["createTime"] = now,
            ["updateTime"] = now,
            ["maxDatasetCount"] = DefaultLimits.ProjectMaxDatasetCount,
            ["maxBindCount"] = DefaultLimits.DatasetMaxBindCount,
            ["maxFileCount"] = DatasetMaxFileCount,
            ["maxEntityCount"] = DefaultLimits.DatasetMaxEntityCount,
            ["maxRelationCount"] = DefaultLimits.DatasetMaxRelationCount,
            ["maxTotalFileSize"] = DatasetMaxTotalFileSize,
            ["datasetCount"] = 0L,
            ["fileCount"] = 0L,
            ["totalFileSize"] = 0L,
            ["tags"] = project.TagText,
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

    private sealed class OneCaller(LiteDbPeer peer) : Caller
    {
        public override ValueTask<CreateAnswer> CreateAsync(NewProject project) => ValueTask.FromResult(Create(project));

        public override CreateAnswer Create(NewProject project)
        {
            BsonDocument document = Document(project);
            lock (peer._lock)
            {
                // To count is a walk over all there is, so it is done when somebody first needs it.
                peer._count ??= peer._projects.Count();
                if (peer._count >= peer._quota)
                {
                    return peer._projects.FindById(project.Name) is null ? CreateAnswer.QuotaIsUsedUp : CreateAnswer.NameIsTaken;
                }

                try
                {
                    peer._projects.Insert(document);
                    peer._count++;
                    return CreateAnswer.Created;
                }
                catch (LiteException e) when (e.ErrorCode == LiteException.INDEX_DUPLICATE_KEY)
                {
                    return CreateAnswer.NameIsTaken;
                }
            }
        }

        public override object Get(string name)
        {
            lock (peer._lock)
            {
                return Read(peer._projects.FindById(name));
            }
        }

        public override int List(string position, int count)
        {
            var projects = new List<PeerProject>(count);
            lock (peer._lock)
            {
                foreach (BsonDocument document in peer._projects.Query().Where("$._id > @0", position).OrderBy("$._id").Limit(count).ToEnumerable())
                {
                    projects.Add(Read(document));
                }
            }

            return projects.Count;
        }

        public override ValueTask UpdateAsync(string name, string description)
        {
            lock (peer._lock)
            {
                BsonDocument document = peer._projects.FindById(name);
                document["description"] = description;
                document["updateTime"] = Math.Max(TimeProvider.System.GetUtcNow().UtcTicks, document["updateTime"].AsInt64 + 1);
                peer._projects.Update(document);
            }

            return ValueTask.CompletedTask;
        }

        public override ValueTask<bool> AddFilesAsync(string project, string dataset, long files, long bytes)
        {
            string key = DatasetKey(project, dataset);
            lock (peer._lock)
            {
                BsonDocument document = peer._datasets.FindById(key);
                long usedFiles = document["fileCount"].AsInt64, usedBytes = document["totalFileSize"].AsInt64;
                if (files > document["maxFileCount"].AsInt64 - usedFiles || bytes > document["maxTotalFileSize"].AsInt64 - usedBytes)
                {
                    return ValueTask.FromResult(false);
                }

                document["fileCount"] = usedFiles + files;
                document["totalFileSize"] = usedBytes + bytes;
                peer._datasets.Update(document);
                return ValueTask.FromResult(true);
            }
        }
    }
}
