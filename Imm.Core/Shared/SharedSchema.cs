using System.Data.Common;

namespace Imm.Core.Shared;

/// <summary>Makes and verifies the tables of a shared store.</summary>
internal static class SharedSchema
{
    private const int Attempts = 100;

    /// <summary>The columns that each of the tables has.</summary>
    private static readonly Dictionary<string, string[]> Columns = new(StringComparer.Ordinal)
    {
        ["imm_store"] = ["name", "version"],
        ["imm_scope"] =
            ["scope", "account_id", "region_id", "version", "batch", "revision", "project_quota", "project_count"],
        ["imm_record"] = ["scope", "kind", "number", "value"],
        ["imm_batch"] = ["scope", "version", "batch", "revision", "at", "changes"],
    };

    /// <summary>Makes the tables where there are none, and verifies that they are of this version.</summary>
    /// <exception cref="DatabaseException">The database cannot be used, or holds something else under the names.</exception>
    public static void Prepare(SharedDatabase database, SharedSql sql) => database.Run(lane =>
    {
        // In another one a text may hold characters that a statement cannot, and all of its batch would be refused.
        if (lane.Command(sql.ReadEncoding).ExecuteScalar() is string encoding and not "UTF8")
        {
            throw new DatabaseException(
                ImmUnavailableReason.Other,
                $"The database has the encoding {encoding}, which cannot hold every text. Use one with the encoding UTF8.");
        }

        if (FindTables(lane, sql).Count < Columns.Count)
        {
            Create(lane, sql);
            Tune(lane, sql);
        }

        Dictionary<string, HashSet<string>> tables = FindTables(lane, sql);
        foreach ((string table, string[] columns) in Columns)
        {
            if (!tables.TryGetValue(table, out HashSet<string>? found) || !found.IsSupersetOf(columns))
            {
                throw new DatabaseException(
                    ImmUnavailableReason.NotAStore,
                    $"The table '{table}' of the schema is not that of a store. It was left unchanged: use another schema.");
            }
        }

        int version = ReadVersion(lane, sql);
        if (version == 0)
        {
            // Whoever made the tables has ended before it noted their version, or is about to.
            lane.Execute(sql.Create[^1]);
        }

        SharedSql.ThrowIfNewer(version);

        // A newer version may upgrade them while this process runs, and end its sessions for that.
        database.Opened = lane => SharedSql.ThrowIfNewer(ReadVersion(lane, sql));
        return version;
    });

    private static Dictionary<string, HashSet<string>> FindTables(SharedDatabase.Lane lane, SharedSql sql)
    {
        var tables = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        using DbDataReader rows = lane.Command(sql.FindColumns).ExecuteReader();
        while (rows.Read())
        {
            string table = rows.GetString(0);
            if (Columns.ContainsKey(table))
            {
                (tables.TryGetValue(table, out HashSet<string>? found) ? found : tables[table] = []).Add(rows.GetString(1));
            }
        }

        return tables;
    }

    /// <summary>Makes what is missing. Where several processes do so at once, all but one of them collide, and try again.</summary>
    private static void Create(SharedDatabase.Lane lane, SharedSql sql)
    {
        foreach (string statement in sql.Create)
        {
            for (int attempt = 1; ; attempt++)
            {
                try
                {
                    lane.Execute(statement);
                    break;
                }
                catch (DbException e) when (attempt < Attempts && e.SqlState is "23505" or "42P07" or "42710" or "42P06" or "XX000")
                {
                    // The next attempt finds what another process has made.
                }
                catch (DbException e) when (e.SqlState is "42703")
                {
                    // A table of another shape, of which the caller tells more.
                    return;
                }
            }
        }
    }

    /// <summary>Makes the tables cheaper to use where the engine lets it.</summary>
    private static void Tune(SharedDatabase.Lane lane, SharedSql sql)
    {
        try
        {
            lane.Execute(sql.CompressFaster);
        }
        catch (DbException e) when (!DatabaseException.IsTransient(e))
        {
            // An engine without this compression, or another process that does the same.
        }
    }

    private static int ReadVersion(SharedDatabase.Lane lane, SharedSql sql) =>
        lane.Command(sql.ReadVersion).ExecuteScalar() is int version ? version : 0;
}
