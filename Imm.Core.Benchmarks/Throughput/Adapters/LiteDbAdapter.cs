using LiteDB;

namespace Imm.Core.Benchmarks.Throughput.Adapters;

/// <summary>
/// LiteDB as the package is shipped: one database file, one call a change. A call returns before its change is flushed to disk; LiteDB has
/// no setting for that.
/// </summary>
/// <remarks>
/// The name is the document's <c>_id</c>, LiteDB's unique index, which is the quickest way to find it. All calls are under one lock,
/// because concurrent reads return wrong documents.
/// </remarks>
internal sealed class LiteDbAdapter : EngineAdapter
{
    private readonly LiteDatabase _database;
    private readonly ILiteCollection<BsonDocument> _projects;
    private readonly ILiteCollection<BsonDocument> _datasets;
    private readonly Lock _lock = new();
    private int? _count;
    private int _quota = int.MaxValue;

    public LiteDbAdapter(string folder)
    {
        _database = new LiteDatabase(
            new ConnectionString { Filename = Path.Combine(folder, "lite.db"), Collation = Collation.Binary }, new BsonMapper());
        _projects = _database.GetCollection("project", BsonAutoId.ObjectId);
        _datasets = _database.GetCollection("dataset", BsonAutoId.ObjectId);
    }

    public static string Version => typeof(LiteDatabase).Assembly.GetName().Version!.ToString(3);

    public override int ProjectQuota
    {
        set => _quota = value;
    }

    public override void Load(IEnumerable<NewProject> projects, bool withDatasets)
    {
        const int BatchSize = 5_000;
        foreach (NewProject[] batch in projects.Chunk(BatchSize))
        {
            _projects.Insert(batch.Select(Document));
            if (withDatasets)
            {
                _datasets.Insert(batch.SelectMany(project => DatasetNames.Select(name => new BsonDocument
                {
                    ["_id"] = DatasetKey(project.Name, name),
                    ["maxFileCount"] = ProjectDefaults.DatasetMaxFileCount,
                    ["maxTotalFileSize"] = ProjectDefaults.DatasetMaxTotalFileSize,
                    ["fileCount"] = 0L,
                    ["totalFileSize"] = 0L,
                })));
            }
        }

        _count = null;
        _database.Checkpoint();
    }

    public override Session OpenSession() => new LiteDbSession(this);

    public override void Dispose() => _database.Dispose();

    private static string DatasetKey(string project, string dataset) => $"{project}/{dataset}";

    private static BsonDocument Document(NewProject project)
    {
        long now = TimeProvider.System.GetUtcNow().UtcTicks;
        return new BsonDocument
        {
            ["_id"] = project.Name,
            ["description"] = project.Description,
            ["serviceRole"] = ProjectDefaults.ServiceRole,
            ["templateId"] = project.TemplateId,
            ["createTime"] = now,
            ["updateTime"] = now,
            ["maxDatasetCount"] = ProjectDefaults.ProjectMaxDatasetCount,
            ["maxBindCount"] = ProjectDefaults.DatasetMaxBindCount,
            ["maxFileCount"] = ProjectDefaults.DatasetMaxFileCount,
            ["maxEntityCount"] = ProjectDefaults.DatasetMaxEntityCount,
            ["maxRelationCount"] = ProjectDefaults.DatasetMaxRelationCount,
            ["maxTotalFileSize"] = ProjectDefaults.DatasetMaxTotalFileSize,
            ["datasetCount"] = 0L,
            ["fileCount"] = 0L,
            ["totalFileSize"] = 0L,
            ["tags"] = project.TagText,
        };
    }

    private sealed class LiteDbSession(LiteDbAdapter adapter) : Session
    {
        public override ValueTask<CreateAnswer> CreateAsync(NewProject project) => ValueTask.FromResult(Create(project));

        public override CreateAnswer Create(NewProject project)
        {
            BsonDocument document = Document(project);
            lock (adapter._lock)
            {
                // A count reads the whole collection, so it is deferred to the first create, which is part of the warm-up.
                adapter._count ??= adapter._projects.Count();
                if (adapter._count >= adapter._quota)
                {
                    return adapter._projects.FindById(project.Name) is null ? CreateAnswer.QuotaIsUsedUp : CreateAnswer.NameIsTaken;
                }

                try
                {
                    adapter._projects.Insert(document);
                    adapter._count++;
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
            lock (adapter._lock)
            {
                return Read(adapter._projects.FindById(name));
            }
        }

        public override int List(string position, int count)
        {
            var projects = new List<AdapterProject>(count);
            lock (adapter._lock)
            {
                foreach (BsonDocument document in
                    adapter._projects.Query().Where("$._id > @0", position).OrderBy("$._id").Limit(count).ToEnumerable())
                {
                    projects.Add(Read(document));
                }
            }

            return projects.Count;
        }

        public override ValueTask UpdateAsync(string name, string description)
        {
            lock (adapter._lock)
            {
                BsonDocument document = adapter._projects.FindById(name);
                document["description"] = description;
                document["updateTime"] = Math.Max(TimeProvider.System.GetUtcNow().UtcTicks, document["updateTime"].AsInt64 + 1);
                adapter._projects.Update(document);
            }

            return ValueTask.CompletedTask;
        }

        public override ValueTask<bool> AddFilesAsync(string project, string dataset, long files, long bytes)
        {
            string key = DatasetKey(project, dataset);
            lock (adapter._lock)
            {
                BsonDocument document = adapter._datasets.FindById(key);
                long usedFiles = document["fileCount"].AsInt64, usedBytes = document["totalFileSize"].AsInt64;
                if (files > document["maxFileCount"].AsInt64 - usedFiles || bytes > document["maxTotalFileSize"].AsInt64 - usedBytes)
                {
                    return ValueTask.FromResult(false);
                }

                document["fileCount"] = usedFiles + files;
                document["totalFileSize"] = usedBytes + bytes;
                adapter._datasets.Update(document);
                return ValueTask.FromResult(true);
            }
        }

        private static AdapterProject Read(BsonDocument document) => new()
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
}
