using System.Data.Common;
using System.Globalization;

namespace Imm.Core.Shared;

/// <summary>The statements of a shared store. Their parameters are positional.</summary>
/// <param name="schema">The name of the schema, which was validated: it needs no escape within quotes.</param>
internal sealed class SharedSql(string schema)
{
    /// <summary>The version of the tables that this version of the library makes and uses.</summary>
    public const int Version = 1;

    /// <summary>Stands for no quota of the scope's own in <see cref="CommitOne"/>.</summary>
    public const int NoQuota = -1;

    private const int MaxBatches = 1_000;

    /// <summary>
    /// Finds the columns of the tables of the schema that may be ours, also of those that the user has no rights on, which
    /// information_schema hides.
    /// </summary>
    public string FindColumns { get; } =
        $"""
        SELECT c.relname::text, a.attname::text FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
        WHERE n.nspname = '{schema}' AND c.relname IN ('imm_store', 'imm_scope', 'imm_record', 'imm_batch')
            AND c.relkind IN ('r', 'p', 'v', 'f') AND a.attnum > 0 AND NOT a.attisdropped
        """;

    /// <summary>Reads the name of the encoding of the database.</summary>
    public string ReadEncoding { get; } = "SELECT current_setting('server_encoding')";

    /// <summary>Reads the version of the tables.</summary>
    public string ReadVersion { get; } = TablesVersion(schema);

    /// <summary>The statements that make what is missing, in order. Several processes may run them at once.</summary>
    public string[] Create { get; } =
    [
        $"CREATE SCHEMA IF NOT EXISTS \"{schema}\"",
        $"CREATE TABLE IF NOT EXISTS \"{schema}\".imm_store (name text PRIMARY KEY, version integer NOT NULL)",
        $"""
        CREATE TABLE IF NOT EXISTS "{schema}".imm_scope (
            scope uuid PRIMARY KEY, account_id text NOT NULL, region_id text NOT NULL, version bigint NOT NULL, batch uuid NOT NULL,
            revision bigint NOT NULL, project_quota integer, project_count integer NOT NULL)
        """,
        $"""
        CREATE TABLE IF NOT EXISTS "{schema}".imm_record (
            scope uuid NOT NULL, kind text NOT NULL, number bigint NOT NULL, value jsonb NOT NULL, PRIMARY KEY (scope, kind, number))
        """,
        $"""
        CREATE TABLE IF NOT EXISTS "{schema}".imm_batch (
            scope uuid NOT NULL, version bigint NOT NULL, batch uuid NOT NULL, revision bigint NOT NULL, at timestamptz NOT NULL,
            changes jsonb NOT NULL, PRIMARY KEY (scope, version))
        """,
        string.Create(
            CultureInfo.InvariantCulture,
            $"INSERT INTO \"{schema}\".imm_store (name, version) VALUES ('imm', {Version}) ON CONFLICT (name) DO NOTHING"),
    ];

    /// <summary>
    /// Lets the server compress the batches in less time than by default. An engine that cannot do so refuses it, and is none the worse.
    /// </summary>
    public string CompressFaster { get; } = $"ALTER TABLE \"{schema}\".imm_batch ALTER COLUMN changes SET COMPRESSION lz4";

    /// <summary>Makes the rows of scopes that have none: a JSON array of scopes.</summary>
    public string AddScopes { get; } =
        $"""
        INSERT INTO "{schema}".imm_scope (scope, account_id, region_id, version, batch, revision, project_quota, project_count)
        SELECT g.scope, g.account, g.region, 0, '00000000-0000-0000-0000-000000000000', 0, NULL, 0
        FROM jsonb_to_recordset($1::jsonb) AS g(scope uuid, account text, region text)
        ORDER BY g.scope
        ON CONFLICT (scope) DO NOTHING
        """;

    /// <summary>
    /// Commits the parts of a batch: a JSON array with one entry a scope, and the id of the batch. One statement is one transaction on any
    /// isolation level. A scope that is no longer at the version and batch that its part was decided on is left out, with all of its part;
    /// the result has those that were not, and those without changes that are still at their version.
    /// </summary>
    /// <param name="effects">The effects on the records: a statement that can do more takes the server longer.</param>
    /// <param name="locks">True if several scopes are changed: their rows are locked in one order, so that nothing deadlocks.</param>
    public string Commit(SharedEffects effects, bool locks) =>
        $"""
        WITH given AS MATERIALIZED (
            SELECT * FROM jsonb_to_recordset($1::jsonb) AS g(
                scope uuid, version bigint, batch uuid, revision bigint, quota integer, projects integer, changes jsonb)
        ){(locks
            ? $"""
              , locked AS MATERIALIZED (
                  SELECT s.scope FROM "{schema}".imm_scope s
                  WHERE s.scope IN (SELECT g.scope FROM given g WHERE g.changes IS NOT NULL) ORDER BY s.scope FOR UPDATE
              )
              """
            : "")}, moved AS (
            UPDATE "{schema}".imm_scope s
            SET version = s.version + 1, batch = $2, revision = g.revision, project_quota = g.quota, project_count = g.projects
            FROM given g{(locks ? " JOIN locked l ON l.scope = g.scope" : "")}
            WHERE s.scope = g.scope AND s.version = g.version AND s.batch = g.batch AND g.changes IS NOT NULL
            RETURNING s.scope, s.version, s.batch, s.revision, g.changes
        ), {Write(effects)}
        SELECT m.scope FROM moved m
        UNION ALL
        SELECT g.scope FROM given g LEFT JOIN "{schema}".imm_scope s ON s.scope = g.scope
        WHERE g.changes IS NULL AND coalesce(s.version, 0) = g.version
            AND coalesce(s.batch, '00000000-0000-0000-0000-000000000000') = g.batch
        """;

    /// <summary>
    /// Commits a batch that changes one scope, in less of the server's time: the scope, the version and batch that were decided on, the id
    /// of the batch, the revision, the quota or <see cref="NoQuota"/>, the number of projects, and the changes. The result is the scope, or
    /// nothing where it is at another version.
    /// </summary>
    /// <param name="effects">The effects on the records.</param>
    public string CommitOne(SharedEffects effects) =>
        $"""
        WITH moved AS (
            UPDATE "{schema}".imm_scope s
            SET version = s.version + 1, batch = $4, revision = $5, project_quota = nullif($6, {NoQuota}), project_count = $7
            WHERE s.scope = $1 AND s.version = $2 AND s.batch = $3
            RETURNING s.scope, s.version, s.batch, s.revision, $8::jsonb AS changes
        ), {Write(effects)}
        SELECT m.scope FROM moved m
        """;

    /// <summary>Reads the versions of scopes: an array of their keys.</summary>
    public string ReadVersions { get; } = VersionsOf(schema);

    /// <summary>Locks scopes in the one order in which every process locks them, and reads their versions.</summary>
    public string LockVersions { get; } = VersionsOf(schema) + " ORDER BY scope FOR UPDATE";

    /// <summary>Locks scopes, those excepted that another transaction has locked, and reads their versions.</summary>
    public string LockFreeVersions { get; } = VersionsOf(schema) + " ORDER BY scope FOR UPDATE SKIP LOCKED";

    /// <summary>
    /// Reads the batches of scopes from a version on, that version included but for its changes: a JSON array of scopes with versions.
    /// Those of a scope come in order, and no more than <see cref="MaxBatches"/>: whoever is further behind loads the scope anew. The limit
    /// also keeps an engine from reading the whole table for a join.
    /// </summary>
    public string ReadBatches { get; } =
        $"""
        SELECT b.scope, b.version, b.batch, b.revision, CASE WHEN b.version > k.version THEN b.changes::text END
        FROM jsonb_to_recordset($1::jsonb) AS k(scope uuid, version bigint) CROSS JOIN LATERAL (
            SELECT * FROM "{schema}".imm_batch l WHERE l.scope = k.scope AND l.version >= k.version ORDER BY l.version LIMIT {MaxBatches}
        ) b
        """;

    /// <summary>Reads the batches of one scope with revisions above one, up to a number of batches.</summary>
    public string ReadChanges { get; } =
        $"""
        SELECT b.changes::text FROM "{schema}".imm_batch b WHERE b.scope = $1 AND b.revision > $2 ORDER BY b.version LIMIT 64
        """;

    /// <summary>Finds the ids of the batches that made the given versions of scopes: a JSON array of scopes with versions.</summary>
    public string FindBatches { get; } =
        $"""
        SELECT b.scope, b.batch FROM jsonb_to_recordset($1::jsonb) AS k(scope uuid, version bigint)
        JOIN "{schema}".imm_batch b ON b.scope = k.scope AND b.version = k.version
        """;

    /// <summary>Reads a scope with all its records, as of one moment.</summary>
    public string Load { get; } =
        $"""
        SELECT s.version, s.batch, s.revision, s.project_quota, r.kind, r.number, r.value::text, ({TablesVersion(schema)})
        FROM "{schema}".imm_scope s LEFT JOIN "{schema}".imm_record r ON r.scope = s.scope WHERE s.scope = $1
        """;

    /// <summary>Lists the scopes that have content.</summary>
    public string ListScopes { get; } =
        $"""
        SELECT account_id, region_id, project_count, project_quota, revision FROM "{schema}".imm_scope
        WHERE version > 0 ORDER BY account_id COLLATE "C", region_id COLLATE "C"
        """;

    /// <summary>Counts the projects of all scopes.</summary>
    public string CountProjects { get; } = $"SELECT coalesce(sum(project_count), 0)::bigint FROM \"{schema}\".imm_scope";

    /// <summary>Reads all scopes, also those without content.</summary>
    public string ReadAllScopes { get; } =
        $"SELECT scope, account_id, region_id, revision, project_count, version, batch FROM \"{schema}\".imm_scope";

    /// <summary>Reads the log of a scope.</summary>
    public string ReadLog { get; } =
        $"SELECT version, batch, revision, changes::text FROM \"{schema}\".imm_batch WHERE scope = $1 ORDER BY version";

    /// <summary>Finds the tables that have rows of a scope without a row of its own.</summary>
    public string FindOrphans { get; } =
        $"""
        SELECT 'imm_record' WHERE EXISTS (SELECT 1 FROM "{schema}".imm_record r
            WHERE NOT EXISTS (SELECT 1 FROM "{schema}".imm_scope s WHERE s.scope = r.scope))
        UNION ALL
        SELECT 'imm_batch' WHERE EXISTS (SELECT 1 FROM "{schema}".imm_batch b
            WHERE NOT EXISTS (SELECT 1 FROM "{schema}".imm_scope s WHERE s.scope = b.scope))
        """;

    /// <summary>Deletes the batches of a scope up to a version, where they are older than ten minutes.</summary>
    public string Prune { get; } =
        $"DELETE FROM \"{schema}\".imm_batch WHERE scope = $1 AND version <= $2 AND at < now() - interval '10 minutes'";

    /// <summary>Begins a transaction in which each statement sees what was committed before it.</summary>
    public string Begin { get; } = "BEGIN ISOLATION LEVEL READ COMMITTED";

    /// <summary>Begins a transaction that reads as of one moment.</summary>
    public string BeginSnapshot { get; } = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

    /// <summary>Commits a transaction.</summary>
    public string End { get; } = "COMMIT";

    /// <summary>Ends a transaction that has changed nothing.</summary>
    public string Cancel { get; } = "ROLLBACK";

    /// <summary>Writes what a commit has moved on into the log and the records.</summary>
    private string Write(SharedEffects effects) =>
        $"""
        logged AS (
            INSERT INTO "{schema}".imm_batch (scope, version, batch, revision, at, changes)
            SELECT m.scope, m.version, m.batch, m.revision, now(), m.changes FROM moved m
        ), written AS (
            INSERT INTO "{schema}".imm_record (scope, kind, number, value)
            SELECT m.scope, c."Kind", c."Number", c."Value"
            FROM moved m CROSS JOIN LATERAL jsonb_to_recordset(m.changes) AS c(
                "Kind" text, "Number" bigint, "State" text, "IsLast" boolean, "Value" jsonb)
            WHERE c."IsLast" AND c."State" <> 'Deleted'
            {(effects.HasFlag(SharedEffects.Updates) ? "ON CONFLICT (scope, kind, number) DO UPDATE SET value = excluded.value" : "")}
        ){(effects.HasFlag(SharedEffects.Deletes)
            ? $"""
              , removed AS (
                  DELETE FROM "{schema}".imm_record r
                  USING moved m CROSS JOIN LATERAL jsonb_to_recordset(m.changes) AS c(
                      "Kind" text, "Number" bigint, "State" text, "IsLast" boolean)
                  WHERE c."IsLast" AND c."State" = 'Deleted' AND r.scope = m.scope AND r.kind = c."Kind" AND r.number = c."Number"
              )
              """
            : "")}
        """;

    /// <summary>Writes scopes with versions as <see cref="ReadBatches"/> and <see cref="FindBatches"/> take them.</summary>
    public static string WriteVersions(IEnumerable<(Guid Scope, long Version)> scopes) =>
        '[' + string.Join(',', scopes.Select(static it => string.Create(
            CultureInfo.InvariantCulture, $"{{\"scope\":\"{it.Scope}\",\"version\":{it.Version}}}"))) + ']';

    /// <summary>Reads the result of <see cref="ReadVersions"/>, <see cref="LockVersions"/> or <see cref="LockFreeVersions"/>.</summary>
    /// <exception cref="DatabaseException">A newer version of the library has upgraded the tables.</exception>
    public static void ReadVersionRows(DbDataReader rows, Dictionary<Guid, (long Version, Guid Batch)> versions)
    {
        while (rows.Read())
        {
            ThrowIfNewer(rows.IsDBNull(3) ? null : rows.GetInt32(3));
            versions[rows.GetGuid(0)] = (rows.GetInt64(1), rows.GetGuid(2));
        }
    }

    /// <summary>Refuses tables that a newer version of the library has made or upgraded.</summary>
    /// <param name="version">Their version; null where it is not noted.</param>
    /// <exception cref="DatabaseException">They are newer than this version of the library.</exception>
    public static void ThrowIfNewer(int? version)
    {
        if (version > Version)
        {
            throw new DatabaseException(
                ImmUnavailableReason.NewerFormat,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The tables have version {version}, and this version of the library knows version {Version}. "
                    + $"They were left unchanged: use the newer version of the library."));
        }
    }

    private static string TablesVersion(string schema) => $"SELECT version FROM \"{schema}\".imm_store WHERE name = 'imm'";

    private static string VersionsOf(string schema) =>
        $"SELECT scope, version, batch, ({TablesVersion(schema)}) FROM \"{schema}\".imm_scope WHERE scope = ANY($1)";
}
