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
        (long lastVersion, Guid lastBatch, long lastRevision) = (0, Guid.Empty, 0);
        using (DbDataReader rows = lane.Command(sql.ReadLog, SharedKey.Of(scope)).ExecuteReader())
        {
            while (rows.Read())
            {
                long next = rows.GetInt64(0);
                if (lastVersion > 0 && next != lastVersion + 1)
                {
                    problems.Add($"The log of the scope {scope} has no batch of the version {lastVersion + 1}.");
                }

                (lastVersion, lastBatch, lastRevision) = (next, rows.GetGuid(1), rows.GetInt64(2));
                try
                {
                    foreach ((Change change, bool isLast) in batches.Read(scope, rows.GetString(3)))
                    {
                        if (isLast || change.Kind == ChangeKind.Scope)
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

        // The last batches are never deleted.
        if ((lastVersion, lastBatch) != (version, batch))
        {
            problems.Add($"The log of the scope {scope} ends at the version {lastVersion}, and the scope is at {version}.");
        }
        else if (lastRevision != state.Revision)
        {
            problems.Add(
                $"The log of the scope {scope} ends at the revision {lastRevision}, and the scope has the revision {state.Revision}.");
        }

        foreach (Change change in last.Values)
        {
            if (!IsAsLogged(state, change))
            {
                problems.Add($"{Describe(change)} of the scope {scope} is not as the log says.");
            }
        }
    }

    /// <summary>True if a record is as its last change in the log left it.</summary>
    private static bool IsAsLogged(ScopeState state, Change change)
    {
        bool isThere, isEqual;
        switch (change.Value)
        {
            case Project logged:
                isThere = state.TryFind(logged.ProjectName.Value, out Project? project) && project.Number == change.Number;
                isEqual = isThere && project!.Equals(logged) && project.Revision == logged.Revision;
                break;
            case DatasetEntry logged:
                state.Find(logged.Dataset.ProjectName.Value, logged.Name, out _, out DatasetEntry? dataset);
                isThere = dataset?.Number == change.Number;
                isEqual = isThere
                    && dataset!.Dataset.Equals(logged.Dataset)
                    && dataset.Dataset.Revision == logged.Dataset.Revision
                    && dataset.Bindings.SequenceEqual(logged.Bindings);
                break;
            case OssBucketAttachment logged:
                OssBucketAttachment? attachment = state.FindAttachment(logged.OssBucket);
                isThere = attachment?.Number == change.Number;
                isEqual = isThere && attachment!.Equals(logged);
                break;
            default:
                return state.OwnProjectQuota == ((ScopeRecord)change.Value).ProjectQuota;
        }

        return change.State == ChangeState.Deleted ? !isThere : isEqual;
    }

    private static string Describe(Change change) => change.Value switch
    {
        Project project => $"The project '{project.ProjectName}'",
        DatasetEntry dataset => $"The dataset '{dataset.Name}' of the project '{dataset.Dataset.ProjectName}'",
        OssBucketAttachment attachment => $"The attachment of the bucket '{attachment.OssBucket}'",
        _ => "The project quota",
    };

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
