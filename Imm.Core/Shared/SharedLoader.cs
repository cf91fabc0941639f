using System.Data.Common;
using Imm.Core.Commit;
using Imm.Core.Model;
using Imm.Core.Storage;

namespace Imm.Core.Shared;

/// <summary>Loads the state of a scope from its rows.</summary>
internal static class SharedLoader
{
    /// <summary>Reads the rows of one scope, and sets the version and batch of its entry.</summary>
    /// <param name="rows">The rows of <see cref="SharedSql.Load"/>; none for a scope that was never stored.</param>
    /// <param name="entry">The entry.</param>
    /// <param name="empty">The empty state of the scope.</param>
    /// <param name="problem">Takes each problem.</param>
    /// <exception cref="DatabaseException">A newer version of the library has upgraded the tables.</exception>
    public static ScopeState Load(DbDataReader rows, ScopeEntry entry, ScopeState empty, Action<string> problem)
    {
        var records = new SharedRecordReader(empty.Defaults);
        ScopeState state = empty;
        (long version, Guid batch) = (0, Guid.Empty);
        var projects = new List<Project>();
        var datasets = new List<DatasetEntry>();
        var attachments = new List<OssBucketAttachment>();
        while (rows.Read())
        {
            if (version == 0)
            {
                SharedSql.ThrowIfNewer(rows.IsDBNull(7) ? null : rows.GetInt32(7));
                (version, batch) = (rows.GetInt64(0), rows.GetGuid(1));
                state = empty.WithRevision(rows.GetInt64(2)).WithProjectQuota(rows.IsDBNull(3) ? null : rows.GetInt32(3));
            }

            if (rows.IsDBNull(4))
            {
                continue;
            }

            (string kind, long number) = (rows.GetString(4), rows.GetInt64(5));
            try
            {
                switch (records.Read(entry.Scope, SharedRecordReader.KindOf(kind), number, records.Encode(rows.GetString(6))))
                {
                    case Project project:
                        projects.Add(project);
                        break;
                    case DatasetEntry dataset:
                        datasets.Add(dataset);
                        break;
                    case OssBucketAttachment attachment:
                        attachments.Add(attachment);
                        break;
                    default:
                        problem($"The {kind} record {number} of the scope {entry.Scope} has an unknown kind.");
                        break;
                }
            }
            catch (Exception e) when (e is FormatException or InvalidOperationException or OverflowException)
            {
                problem($"The {kind} record {number} of the scope {entry.Scope} is damaged: {e.Message}");
            }
        }

        state = ScopeLoader.Build(state, projects, datasets, attachments, problem);
        (entry.LastSequence, entry.BatchId) = (version, batch);
        return state;
    }
}
