using System.Runtime.InteropServices;
using System.Text.Json;
using Imm.Core.Collections;
using Imm.Core.Json;
using Imm.Core.Model;

namespace Imm.Core.Shared;

/// <summary>The entries of the log: what a batch changed in one scope, as JSON. Others bring their states up to date from it.</summary>
/// <param name="records">The codec of the values.</param>
internal sealed class SharedBatch(SharedRecords records)
{
    /// <summary>
    /// Writes the changes of one scope. Of a record that changed several times only the last value is stored, but every change of a project
    /// is in the log, for watches.
    /// </summary>
    /// <param name="json">The writer.</param>
    /// <param name="changes">The changes, in order.</param>
    /// <returns>True if a record is deleted.</returns>
    public static bool Write(Utf8JsonWriter json, List<Change> changes)
    {
        Span<bool> isLast = changes.Count <= 256 ? stackalloc bool[changes.Count] : new bool[changes.Count];
        var seen = new HashSet<(ChangeKind, long)>(changes.Count);
        for (int i = changes.Count - 1; i >= 0; i--)
        {
            isLast[i] = seen.Add((changes[i].Kind, changes[i].Number));
        }

        bool deletes = false;
        json.WriteStartArray();
        for (int i = 0; i < changes.Count; i++)
        {
            Change change = changes[i];
            if (!isLast[i] && change.Kind != ChangeKind.Project)
            {
                continue;
            }

            json.WriteStartObject();
            json.WriteString("Kind"u8, SharedRecords.NameOf(change.Kind));
            json.WriteNumber("Number"u8, change.Number);
            json.WriteString("State"u8, change.State switch
            {
                ChangeState.Created => nameof(ChangeState.Created),
                ChangeState.Deleted => nameof(ChangeState.Deleted),
                _ => nameof(ChangeState.Updated),
            });

            // A scope is a row of its own.
            if (isLast[i] && change.Kind != ChangeKind.Scope)
            {
                json.WriteBoolean("IsLast"u8, true);
                deletes |= change.State == ChangeState.Deleted;
            }

            json.WritePropertyName("Value"u8);
            SharedRecords.Write(json, change.Kind, change.Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        return deletes;
    }

    /// <summary>Reads the changes of one scope.</summary>
    /// <exception cref="FormatException">They are not what was written here.</exception>
    public List<Entry> Read(Scope scope, string json)
    {
        ChangeRecord[] documents = DocumentJsonContext.Read(json, "batch", SharedJsonContext.Default.ChangeRecordArray);
        var entries = new List<Entry>(documents.Length);
        foreach (ChangeRecord document in documents)
        {
            long number = document.Number ?? 0;
            (ChangeKind kind, object value) = records.Read(scope, document.Kind ?? "", number, JsonMarshal.GetRawUtf8Value(document.Value));
            ChangeState state = document.State switch
            {
                nameof(ChangeState.Created) => ChangeState.Created,
                nameof(ChangeState.Deleted) => ChangeState.Deleted,
                nameof(ChangeState.Updated) => ChangeState.Updated,
                _ => throw new FormatException($"The state '{document.State}' of a change is not known."),
            };
            entries.Add(new Entry(new Change(kind, number, value, state), document.IsLast ?? false));
        }

        return entries;
    }

    /// <summary>Brings a state up to date by one batch. Equal to the state that the batch was decided to.</summary>
    /// <param name="state">The state before the batch.</param>
    /// <param name="entries">The changes of the batch.</param>
    /// <param name="revision">The revision of the scope after the batch.</param>
    /// <param name="changes">Takes the changes of projects, for watches.</param>
    public static ScopeState Apply(ScopeState state, List<Entry> entries, long revision, List<PublishedChange> changes)
    {
        var owner = new OwnerToken();
        long lastNumber = 0;
        foreach ((Change change, bool isLast) in entries)
        {
            lastNumber = Math.Max(lastNumber, change.Number);
            if (isLast && change is { State: ChangeState.Deleted, Value: OssBucketAttachment detached }
                && state.FindAttachment(detached.OssBucket) is { } attachment && attachment.Number == change.Number)
            {
                state = state.Detach(attachment, state.Revision, owner, out _);
            }
        }

        // The datasets of a project that is changed: its counts are those of its last value.
        ILookup<string, (long Number, DatasetEntry? Dataset, string Name)> datasets = entries
            .Where(static entry => entry.IsLast && entry.Change.Kind == ChangeKind.Dataset)
            .Select(static entry => (entry.Change, Dataset: (DatasetEntry)entry.Change.Value))
            .OrderBy(static it => it.Change.State != ChangeState.Deleted)
            .ToLookup(
                static it => it.Dataset.Dataset.ProjectName.Value,
                static it => (it.Change.Number, it.Change.State == ChangeState.Deleted ? null : it.Dataset, it.Dataset.Name));
        foreach ((Change change, bool isLast) in entries)
        {
            if (isLast && change is { State: ChangeState.Deleted, Value: Project removed }
                && state.TryFind(removed.ProjectName.Value, out Project? project) && project.Number == change.Number)
            {
                state = state.Without(project, state.Revision, owner);
            }
        }

        foreach ((Change change, bool isLast) in entries)
        {
            if (isLast && change.State != ChangeState.Deleted && change.Value is Project stored)
            {
                state.TryFind(stored.ProjectName.Value, out Project? before);
                NameTree<DatasetEntry> tree = before?.Datasets ?? NameTree<DatasetEntry>.Empty;
                foreach ((long number, DatasetEntry? dataset, string name) in datasets[stored.ProjectName.Value])
                {
                    if (dataset is not null)
                    {
                        tree = tree.Set(dataset, owner);
                    }
                    else if (tree.Find(name)?.Number == number)
                    {
                        tree = tree.Remove(name, owner);
                    }
                }

                Project after = stored with
                {
                    Datasets = tree,
                    Attachments = before?.Attachments ?? NameTree<OssBucketAttachment>.Empty,
                };
                state = state.With(before, after, owner, lastNumber);
            }
        }

        foreach ((Change change, bool isLast) in entries)
        {
            if (isLast && change.State != ChangeState.Deleted && change.Value is OssBucketAttachment attached
                && state.TryFind(attached.ProjectName.Value, out Project? project))
            {
                state = state.Attach(project, attached, project.Revision, owner, out _);
            }
        }

        foreach ((Change change, _) in entries)
        {
            if (change.Value is ScopeRecord scope)
            {
                state = state.WithProjectQuota(scope.ProjectQuota);
            }
            else if (change.Value is Project project)
            {
                changes.Add(new PublishedChange(state.Scope, project, change.State));
            }
        }

        owner.Close();
        return state.WithRevision(revision);
    }

    /// <summary>A change in the log.</summary>
    /// <param name="Change">The change.</param>
    /// <param name="IsLast">True if it is the last one of its record in the batch.</param>
    internal readonly record struct Entry(Change Change, bool IsLast);
}
