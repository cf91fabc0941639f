using System.Data.Common;
using Imm.Core.Commit;
using Imm.Core.Model;

namespace Imm.Core.Shared;

/// <summary>Verifies a shared store as of one moment.</summary>
/// <param name="sql">The statements.</param>
/// <param name="defaults">The defaults of the store.</param>
internal sealed class SharedCheck(SharedSql sql, ServiceDefaults defaults)
{
    /// <summary>Verifies that every record can be read, that names are unique, that sums are right and that the log agrees.</summary>
    public List<string> Run(SharedDatabase.Lane lane)
    {
        var problems = new List<string>();
        lane.Keep().Execute(sql.BeginSnapshot);
        foreach ((Guid key, string account, string region, long revision, int projects, long version, Guid batch) in ReadScopes(lane))
        {
            if (!Scope.TryCreate(account, region, out Scope? scope, out string? rule))
            {
                problems.Add($"The scope '{account}/{region}' is malformed. {rule}");
                continue;
            }

            if (SharedKey.Of(scope) != key)
            {
                problems.Add($"The scope {scope} has the key of another one.");
                continue;
            }

            ScopeState state;
            using (DbDataReader rows = lane.Command(sql.Load, key).ExecuteReader())
            {
                state = SharedLoader.Load(rows, new ScopeEntry(scope), ScopeState.Empty(scope, defaults), problems.Add);
            }

            if (state.ProjectCount != projects)
            {
                problems.Add($"The scope {scope} counts {projects} projects, and has {state.ProjectCount}.");
            }

            if (state.Revision != revision)
            {
                problems.Add($"The scope {scope} has the revision {revision}, and a project of it the revision {state.Revision}.");
            }

            CheckLog(lane, scope, version, batch, state, problems);
        }

        foreach (string orphan in ReadOrphans(lane))
        {
            problems.Add($"The table {orphan} has rows of a scope that does not exist.");
        }

        lane.Execute(sql.Cancel);
        return problems;
    }

    /// <summary>Verifies that the last values in the log are those of the records, and that the log ends at the version.</summary>
    private void CheckLog(
        SharedDatabase.Lane lane, Scope scope, long version, Guid batch, ScopeState state, List<string> problems)
    {
        if (version == 0)
        {
            return;
        }

        var batches = new SharedBatch(defaults);
        var last = new Dictionary<(ChangeKind Kind, long Number), Change>();
        (long lastVersion, Guid lastBatch) = (0, Guid.Empty);
        using (DbDataReader rows = lane.Command(sql.ReadLog, SharedKey.Of(scope)).ExecuteReader())
        {
            while (rows.Read())
            {
                long next = rows.GetInt64(0);
                if (lastVersion > 0 && next != lastVersion + 1)
                {
                    problems.Add($"The log of the scope {scope} has no batch of the version {lastVersion + 1}.");
                }

                (lastVersion, lastBatch) = (next, rows.GetGuid(1));
                try
                {
                    foreach ((Change change, bool isLast) in batches.Read(scope, rows.GetString(2)))
                    {
                        if (isLast)
                        {
                            last[(change.Kind, change.Number)] = change;
                        }
                    }
                }
                catch (FormatException e)
                {
                    problems.Add($"The batch {next} of the scope {scope} is damaged: {e.Message}");
                }
            }
        }

        if (lastVersion != 0 && (lastVersion, lastBatch) != (version, batch))
        {
            problems.Add($"The log of the scope {scope} ends at the version {lastVersion}, and the scope is at {version}.");
        }

        foreach (Change change in last.Values)
        {
            if (change.Value is not Project logged)
            {
                continue;
            }

            bool isThere = state.TryFind(logged.ProjectName.Value, out Project? project) && project.Number == change.Number;
            if (isThere == (change.State == ChangeState.Deleted)
                || (isThere && (!project!.Equals(logged) || project.Revision != logged.Revision)))
            {
                problems.Add($"The project '{logged.ProjectName}' of the scope {scope} is not as the log says.");
            }
        }
    }

    private List<(Guid Key, string Account, string Region, long Revision, int Projects, long Version, Guid Batch)> ReadScopes(
        SharedDatabase.Lane lane)
    {
        var scopes = new List<(Guid, string, string, long, int, long, Guid)>();
        using DbDataReader rows = lane.Command(sql.ReadAllScopes).ExecuteReader();
        while (rows.Read())
        {
            scopes.Add((
                rows.GetGuid(0),
                rows.GetString(1),
                rows.GetString(2),
                rows.GetInt64(3),
                rows.GetInt32(4),
                rows.GetInt64(5),
                rows.GetGuid(6)));
        }

        return scopes;
    }

    private List<string> ReadOrphans(SharedDatabase.Lane lane)
    {
        var tables = new List<string>();
        using DbDataReader rows = lane.Command(sql.FindOrphans).ExecuteReader();
        while (rows.Read())
        {
            tables.Add(rows.GetString(0));
        }

        return tables;
    }
}
