using System.Runtime.CompilerServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Imm.Core.Benchmarks.Throughput.Measuring;
using Npgsql;

namespace Imm.Core.Benchmarks.Throughput.Adapters;

/// <summary>
/// Projects in PostgreSQL as an application writes them by hand: one statement a create, which inserts the project and raises the counter
/// of its scope below the quota, and one SELECT a get. Each caller has a connection with prepared statements.
/// </summary>
internal sealed class GuardedCounterAdapter : EngineAdapter
{
    private const string Tables =
        """
        CREATE TABLE IF NOT EXISTS project (scope integer, name text, value jsonb NOT NULL, PRIMARY KEY (scope, name));
        CREATE TABLE IF NOT EXISTS counter (scope integer PRIMARY KEY, used bigint NOT NULL, quota bigint NOT NULL);
        """;

    private const string Insert =
        """
        WITH inserted AS (INSERT INTO project VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING 1),
        counted AS (
            UPDATE counter SET used = used + 1 WHERE scope = $1 AND used < quota AND EXISTS (SELECT 1 FROM inserted) RETURNING 1)
        SELECT (SELECT count(*) FROM inserted) + (SELECT count(*) FROM counted)
        """;

    private const string Find = "SELECT value FROM project WHERE scope = $1 AND name = $2";

    private static readonly JsonSerializerOptions Format = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private readonly NpgsqlDataSource _source;
    private readonly SharedRow.ScopeRange _scopes;
    private int _seed;

    /// <param name="connectionString">The connection string, which names the schema.</param>
    /// <param name="scopes">The scopes to use.</param>
    /// <param name="seed">A number that no other open adapter on the schema has.</param>
    public GuardedCounterAdapter(string connectionString, SharedRow.ScopeRange scopes, int seed)
    {
        _source = NpgsqlDataSource.Create(connectionString);
        _scopes = scopes;
        _seed = seed << 16;
        string schema = new NpgsqlConnectionStringBuilder(connectionString).SearchPath!;
        Execute($"CREATE SCHEMA IF NOT EXISTS {schema}; {Tables}");
    }

    public override int ProjectQuota
    {
        set => Execute($"UPDATE counter SET quota = {value}");
    }

    public override void Load(IEnumerable<NewProject> projects, bool withDatasets)
    {
        (int first, int last) = (_scopes.First, _scopes.First + _scopes.Count - 1);
        Execute($"INSERT INTO counter SELECT n, 0, {int.MaxValue} FROM generate_series({first}, {last}) n");
        using var session = new CounterSession(this, seed: 0);
        session.Load(projects.Select((project, n) => (project, first + (n % _scopes.Count))));
    }

    public override Session OpenSession() => new CounterSession(this, _seed++);

    public override void Dispose() => _source.Dispose();

    private void Execute(string statement)
    {
#pragma warning disable CA2100 // The schema's name and numbers of this program are the only parts that vary.
        using NpgsqlCommand command = _source.CreateCommand(statement);
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    private static CreateAnswer Answer(object? count) => count switch
    {
        2L => CreateAnswer.Created,
        1L => CreateAnswer.QuotaIsUsedUp,
        _ => CreateAnswer.NameIsTaken,
    };

    /// <summary>The fields as a shared store of Imm.Core keeps them; those that have their default are left out.</summary>
    private sealed class Document
    {
        public required string ProjectName { get; init; }

        public required DateTimeOffset CreateTime { get; init; }

        public required DateTimeOffset UpdateTime { get; init; }

        public string? Description { get; init; }

        public string? TemplateId { get; init; }

        public IEnumerable<DocumentTag>? Tags { get; init; }
    }

    private sealed record DocumentTag(string TagKey, string TagValue);

    private sealed class CounterSession : Session
    {
        private readonly GuardedCounterAdapter _adapter;
        private readonly Random _random;
        private readonly NpgsqlConnection _connection;
        private readonly NpgsqlCommand _insert;
        private readonly NpgsqlCommand _find;
        private readonly NpgsqlParameter<int>[] _scope = [new(), new()];
        private readonly NpgsqlParameter<string>[] _name = [new(), new()];
        private readonly NpgsqlParameter<string> _value = new() { NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Jsonb };

        public CounterSession(GuardedCounterAdapter adapter, int seed)
        {
            _adapter = adapter;
            _random = new Random(seed);
            _connection = adapter._source.OpenConnection();
            _insert = new NpgsqlCommand(Insert, _connection) { Parameters = { _scope[0], _name[0], _value } };
            _find = new NpgsqlCommand(Find, _connection) { Parameters = { _scope[1], _name[1] } };
            _insert.Prepare();
            _find.Prepare();
        }

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
        public override async ValueTask<CreateAnswer> CreateAsync(NewProject project)
        {
            Bind(project, Next());
            return Answer(await _insert.ExecuteScalarAsync());
        }

        public override CreateAnswer Create(NewProject project)
        {
            Bind(project, Next());
            return Answer(_insert.ExecuteScalar());
        }

        /// <summary>Creates projects in one transaction.</summary>
        public void Load(IEnumerable<(NewProject Project, int Scope)> projects)
        {
            using NpgsqlTransaction transaction = _connection.BeginTransaction();
            foreach ((NewProject project, int scope) in projects)
            {
                Bind(project, scope);
                _insert.ExecuteScalar();
            }

            transaction.Commit();
        }

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
        public override async ValueTask<object> GetAsync(string name)
        {
            _scope[1].TypedValue = Next();
            _name[1].TypedValue = name;
            return await _find.ExecuteScalarAsync() ?? throw new KeyNotFoundException(name);
        }

        public override void Dispose()
        {
            _insert.Dispose();
            _find.Dispose();
            _connection.Dispose();
            base.Dispose();
        }

        private int Next() => _adapter._scopes.First + _random.Next(_adapter._scopes.Count);

        private void Bind(NewProject project, int scope)
        {
            DateTimeOffset now = TimeProvider.System.GetUtcNow();
            _scope[0].TypedValue = scope;
            _name[0].TypedValue = project.Name;
            _value.TypedValue = JsonSerializer.Serialize(
                new Document
                {
                    ProjectName = project.Name,
                    CreateTime = now,
                    UpdateTime = now,
                    Description = project.Description.Length > 0 ? project.Description : null,
                    TemplateId = project.TemplateId.Length > 0 ? project.TemplateId : null,
                    Tags = project.Tags.Length > 0 ? project.Tags.Select(tag => new DocumentTag(tag.Key, tag.Value)) : null,
                },
                Format);
        }
    }
}
