using Microsoft.Data.Sqlite;

namespace Imm.Core.Benchmarks.Throughput.Adapters;

/// <summary>
/// SQLite with a write-ahead log and one transaction a change: prepared statements, one connection for all writers behind a lock, and one
/// for each reader. A project is a row of one B-tree, clustered by its name.
/// </summary>
internal sealed class SqliteAdapter : EngineAdapter
{
    private readonly string _connectionString;
    private readonly string _synchronous;
    private readonly int _createsPerTransaction;
    private readonly SqliteConnection _connection;
    private readonly Lock _lock = new();
    private readonly SqliteCommand _insert;
    private readonly SqliteCommand _insertDataset;
    private readonly SqliteCommand _find;
    private readonly SqliteCommand _update;
    private readonly SqliteCommand _addFiles;
    private int? _count;
    private int _quota = int.MaxValue;
    private SqliteTransaction? _batch;
    private int _inBatch;

    /// <param name="folder">The folder of the database file.</param>
    /// <param name="synchronous">The time of the flush to disk: FULL, at every commit; NORMAL, at checkpoints.</param>
    /// <param name="createsPerTransaction">The number of creates in a transaction.</param>
    public SqliteAdapter(string folder, string synchronous, int createsPerTransaction = 1)
    {
        _synchronous = synchronous;
        _createsPerTransaction = createsPerTransaction;
        var connectionString = new SqliteConnectionStringBuilder { DataSource = Path.Combine(folder, "sqlite.db"), Pooling = false };
        _connectionString = connectionString.ToString();
        _connection = Open();
        Execute("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 4000;");
        Execute("""
            CREATE TABLE IF NOT EXISTS project (
                name TEXT NOT NULL PRIMARY KEY, description TEXT NOT NULL, service_role TEXT NOT NULL, template_id TEXT NOT NULL,
                create_time INTEGER NOT NULL, update_time INTEGER NOT NULL,
                max_dataset_count INTEGER NOT NULL, max_bind_count INTEGER NOT NULL, max_file_count INTEGER NOT NULL,
                max_entity_count INTEGER NOT NULL, max_relation_count INTEGER NOT NULL, max_total_file_size INTEGER NOT NULL,
                dataset_count INTEGER NOT NULL, file_count INTEGER NOT NULL, total_file_size INTEGER NOT NULL,
                tags TEXT NOT NULL) WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS dataset (
                project TEXT NOT NULL, name TEXT NOT NULL, max_file_count INTEGER NOT NULL, max_total_file_size INTEGER NOT NULL,
                file_count INTEGER NOT NULL, total_file_size INTEGER NOT NULL, PRIMARY KEY (project, name)) WITHOUT ROWID;
            """);
        _insert = Prepare(
            _connection,
            "INSERT INTO project VALUES ($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, 0, $12) ON CONFLICT DO NOTHING",
            13);
        _find = Prepare(_connection, "SELECT 1 FROM project WHERE name = $0", 1);
        _insertDataset = Prepare(_connection, "INSERT INTO dataset VALUES ($0, $1, $2, $3, 0, 0)", 4);
        _update = Prepare(_connection, "UPDATE project SET description = $1, update_time = max($2, update_time + 1) WHERE name = $0", 3);
        _addFiles = Prepare(
            _connection,
            """
            UPDATE dataset SET file_count = file_count + $2, total_file_size = total_file_size + $3
            WHERE project = $0 AND name = $1 AND file_count + $2 <= max_file_count AND total_file_size + $3 <= max_total_file_size
            """,
            4);
    }

    public override int ProjectQuota
    {
        set => _quota = value;
    }

    public override void Load(IEnumerable<NewProject> projects, bool withDatasets)
    {
        const int BatchSize = 100_000;
        foreach (NewProject[] batch in projects.Chunk(BatchSize))
        {
            using SqliteTransaction transaction = _connection.BeginTransaction();
            _insert.Transaction = _insertDataset.Transaction = transaction;
            foreach (NewProject project in batch)
            {
                Insert(project);
                foreach (string dataset in withDatasets ? DatasetNames : [])
                {
                    Bind(
                        _insertDataset,
                        project.Name,
                        dataset,
                        ProjectDefaults.DatasetMaxFileCount,
                        ProjectDefaults.DatasetMaxTotalFileSize);
                    _insertDataset.ExecuteNonQuery();
                }
            }

            transaction.Commit();
        }

        _insert.Transaction = _insertDataset.Transaction = null;
        _count = null;
    }

    public override Session OpenSession() => new SqliteSession(this);

    public override void Dispose()
    {
        _batch?.Commit();
        _insert.Dispose();
        _insertDataset.Dispose();
        _find.Dispose();
        _update.Dispose();
        _addFiles.Dispose();
        _connection.Dispose();
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(_connectionString);
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText =
            $"PRAGMA synchronous = {_synchronous}; PRAGMA cache_size = -65536; PRAGMA mmap_size = 4294967296; PRAGMA temp_store = MEMORY;";
        command.ExecuteNonQuery();
        return connection;
    }

    /// <summary>
    /// Counts the projects. The count reads the whole tree, so it is deferred to the first create, which is part of the warm-up.
    /// </summary>
    private int Count()
    {
        using SqliteCommand count = _connection.CreateCommand();
        count.CommandText = "SELECT count(*) FROM project";
        return checked((int)(long)count.ExecuteScalar()!);
    }

    private void Execute(string text)
    {
        using SqliteCommand command = _connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }

    private static SqliteCommand Prepare(SqliteConnection connection, string text, int parameters)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        for (int i = 0; i < parameters; i++)
        {
            command.Parameters.Add(new SqliteParameter { ParameterName = $"${i}", Value = "" });
        }

        command.Prepare();
        return command;
    }

    private static void Bind(SqliteCommand command, params ReadOnlySpan<object> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i];
        }
    }

    private int Insert(NewProject project)
    {
        long now = TimeProvider.System.GetUtcNow().UtcTicks;
        Bind(
            _insert,
            project.Name,
            project.Description,
            ProjectDefaults.ServiceRole,
            project.TemplateId,
            now,
            now,
            ProjectDefaults.ProjectMaxDatasetCount,
            ProjectDefaults.DatasetMaxBindCount,
            ProjectDefaults.DatasetMaxFileCount,
            ProjectDefaults.DatasetMaxEntityCount,
            ProjectDefaults.DatasetMaxRelationCount,
            ProjectDefaults.DatasetMaxTotalFileSize,
            project.TagText);
        return _insert.ExecuteNonQuery();
    }

    private void BeginBatch()
    {
        if (_createsPerTransaction > 1 && _batch is null)
        {
            _batch = _connection.BeginTransaction();
            _insert.Transaction = _batch;
        }
    }

    private void EndBatch()
    {
        if (_batch is not null && ++_inBatch % _createsPerTransaction == 0)
        {
            _batch.Commit();
            _batch.Dispose();
            _batch = null;
            _insert.Transaction = null;
        }
    }

    private sealed class SqliteSession(SqliteAdapter adapter) : Session
    {
        private SqliteConnection? _reader;
        private SqliteCommand? _get;
        private SqliteCommand? _list;

        public override ValueTask<CreateAnswer> CreateAsync(NewProject project) => ValueTask.FromResult(Create(project));

        public override CreateAnswer Create(NewProject project)
        {
            lock (adapter._lock)
            {
                adapter._count ??= adapter.Count();
                if (adapter._count >= adapter._quota)
                {
                    adapter._find.Parameters[0].Value = project.Name;
                    return adapter._find.ExecuteScalar() is null ? CreateAnswer.QuotaIsUsedUp : CreateAnswer.NameIsTaken;
                }

                adapter.BeginBatch();
                bool created = adapter.Insert(project) == 1;
                adapter._count += created ? 1 : 0;
                adapter.EndBatch();
                return created ? CreateAnswer.Created : CreateAnswer.NameIsTaken;
            }
        }

        public override object Get(string name)
        {
            SqliteCommand get = _get ?? OpenReader(out _);
            get.Parameters[0].Value = name;
            using SqliteDataReader reader = get.ExecuteReader();
            return reader.Read() ? Read(reader) : throw new KeyNotFoundException(name);
        }

        public override int List(string position, int count)
        {
            if (_list is not { } list)
            {
                OpenReader(out list);
            }

            list.Parameters[0].Value = position;
            list.Parameters[1].Value = (long)count;
            var projects = new List<AdapterProject>(count);
            using SqliteDataReader reader = list.ExecuteReader();
            while (reader.Read())
            {
                projects.Add(Read(reader));
            }

            return projects.Count;
        }

        public override ValueTask UpdateAsync(string name, string description)
        {
            long now = TimeProvider.System.GetUtcNow().UtcTicks;
            lock (adapter._lock)
            {
                Bind(adapter._update, name, description, now);
                adapter._update.ExecuteNonQuery();
            }

            return ValueTask.CompletedTask;
        }

        public override ValueTask<bool> AddFilesAsync(string project, string dataset, long files, long bytes)
        {
            lock (adapter._lock)
            {
                Bind(adapter._addFiles, project, dataset, files, bytes);
                return ValueTask.FromResult(adapter._addFiles.ExecuteNonQuery() == 1);
            }
        }

        public override void Dispose()
        {
            _get?.Dispose();
            _list?.Dispose();
            _reader?.Dispose();
            base.Dispose();
        }

        private static AdapterProject Read(SqliteDataReader reader) => new()
        {
            Name = reader.GetString(0),
            Description = reader.GetString(1),
            ServiceRole = reader.GetString(2),
            TemplateId = reader.GetString(3),
            CreateTicks = reader.GetInt64(4),
            UpdateTicks = reader.GetInt64(5),
            ProjectMaxDatasetCount = reader.GetInt64(6),
            DatasetMaxBindCount = reader.GetInt64(7),
            DatasetMaxFileCount = reader.GetInt64(8),
            DatasetMaxEntityCount = reader.GetInt64(9),
            DatasetMaxRelationCount = reader.GetInt64(10),
            DatasetMaxTotalFileSize = reader.GetInt64(11),
            DatasetCount = reader.GetInt64(12),
            FileCount = reader.GetInt64(13),
            TotalFileSize = reader.GetInt64(14),
            TagText = reader.GetString(15),
        };

        private SqliteCommand OpenReader(out SqliteCommand list)
        {
            _reader = adapter.Open();
            _get = Prepare(_reader, "SELECT * FROM project WHERE name = $0", 1);
            _list = Prepare(_reader, "SELECT * FROM project WHERE name > $0 ORDER BY name LIMIT $1", 2);
            list = _list;
            return _get;
        }
    }
}
