using System.Runtime.InteropServices;
using System.Text.Json;
using Imm.Core.Collections;
using Imm.Core.Model;

namespace Imm.Core.Shared;

/// <summary>The entries of the log: what a batch changed in one scope, as JSON. Others bring their states up to date from it.</summary>
/// <remarks>Thread-safe.</remarks>
/// <param name="defaults">The defaults of the store.</param>
internal sealed class SharedBatch(ServiceDefaults defaults)
{
    private SharedRecordReader? _records;

    /// <summary>
    /// Writes the changes of one scope. Of a record that changed several times only the last value is stored, but every change of a project
    /// is in the log, for watches.
    /// </summary>
    /// <param name="json">The writer.</param>
    /// <param name="changes">The changes, in order.</param>
    /// <returns>The effects on the records.</returns>
    public static SharedEffects Write(Utf8JsonWriter json, List<Change> changes)
    {
        Span<bool> isLast = changes.Count <= 256 ? stackalloc bool[changes.Count] : new bool[changes.Count];
        var seen = new HashSet<(ChangeKind, long)>(changes.Count);
        for (int i = changes.Count - 1; i >= 0; i--)
        {
            isLast[i] = seen.Add((changes[i].Kind, changes[i].Number));
        }

        var effects = SharedEffects.None;
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
                effects |= change.State switch
                {
                    ChangeState.Created => SharedEffects.None,
                    ChangeState.Deleted => SharedEffects.Deletes,
                    _ => SharedEffects.Updates,
                };
            }

            json.WritePropertyName("Value"u8);
            SharedRecords.Write(json, change.Kind, change.Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        return effects;
    }

    /// <summary>Reads the changes of one scope.</summary>
    /// <exception cref="FormatException">They are not what was written here.</exception>
    public List<Entry> Read(Scope scope, string json)
    {
        // Several threads may read at once. Each takes a reader, of which one is kept.
        SharedRecordReader records = Interlocked.Exchange(ref _records, null) ?? new SharedRecordReader(defaults);
        try
        {
            return Read(scope, records.Encode(json), records);
        }
        catch (JsonException e)
        {
            throw SharedRecordReader.NotJson("batch", e);
        }
        finally
        {
            _records = records;
        }
    }

    private static List<Entry> Read(Scope scope, ReadOnlySpan<byte> utf8, SharedRecordReader records)
    {
        var entries = new List<Entry>();
        var json = new SharedJson(utf8);
        if (!json.Enter(JsonTokenType.StartArray))
        {
            throw new FormatException("The JSON of the batch is null.");
        }

        while (json.NextEntry(out bool isNull))
        {
            string? kind = null, state = null;
            long? number = null;
            bool? isLast = null;
            ReadOnlySpan<byte> value = default;
            while (!isNull && json.NextField())
            {
                if (json.Is("Kind"u8))
                {
                    kind = json.Text(records.Texts);
                }
                else if (json.Is("Number"u8))
                {
                    number = json.Number();
                }
                else if (json.Is("State"u8))
                {
                    state = json.Text(records.Texts);
                }
                else if (json.Is("IsLast"u8))
                {
                    isLast = json.Flag();
                }
                else if (json.Is("Value"u8))
                {
                    value = json.Raw();
                }
                else
                {
                    json.Skip();
                }
            }

            var change = new Change(
                SharedRecordReader.KindOf(kind),
                number ?? 0,
                records.Read(scope, SharedRecordReader.KindOf(kind), number ?? 0, value),
                state switch
                {
                    nameof(ChangeState.Created) => ChangeState.Created,
                    nameof(ChangeState.Deleted) => ChangeState.Deleted,
                    nameof(ChangeState.Updated) => ChangeState.Updated,
                    _ => throw new FormatException($"The state '{state}' of a change is not known."),
                });
            entries.Add(new Entry(change, isLast ?? false));
        }

        json.End();
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
        Dictionary<string, List<Change>>? datasets = null;
        foreach ((Change change, bool isLast) in entries)
        {
            lastNumber = Math.Max(lastNumber, change.Number);
            if (isLast && change.Value is DatasetEntry dataset)
            {
                string name = dataset.Dataset.ProjectName.Value;
                datasets ??= new Dictionary<string, List<Change>>(StringComparer.Ordinal);
                (datasets.TryGetValue(name, out List<Change>? ofProject) ? ofProject : datasets[name] = []).Add(change);
            }
            else if (isLast && change is { State: ChangeState.Deleted, Value: OssBucketAttachment detached }
                && state.FindAttachment(detached.OssBucket) is { } attachment && attachment.Number == change.Number)
            {
                state = state.Detach(attachment, state.Revision, owner, out _);
            }
        }

        foreach ((Change change, bool isLast) in entries)
        {
            if (isLast && change is { State: ChangeState.Deleted, Value: Project removed }
                && state.TryFind(removed.Name, out Project? project) && project.Number == change.Number)
            {
                state = state.Without(project, state.Revision, owner);
            }
        }

        // All of them at once: their names differ now.
        var stored = new List<(Project? Before, Project After)>(entries.Count);
        foreach ((Change change, bool isLast) in entries)
        {
            if (isLast && change.State != ChangeState.Deleted && change.Value is Project after)
            {
                state.TryFind(after.Name, out Project? before);
                NameTree<DatasetEntry> tree = before?.Datasets ?? NameTree<DatasetEntry>.Empty;
                if (datasets is not null && datasets.TryGetValue(after.Name, out List<Change>? ofProject))
                {
                    tree = Apply(tree, ofProject, owner);
                }

                stored.Add((
                    before,
                    before is null && tree.Count == 0 ? after : after with
                    {
                        Datasets = tree,
                        Attachments = before?.Attachments ?? NameTree<OssBucketAttachment>.Empty,
                    }));
            }
        }

        state = state.With(CollectionsMarshal.AsSpan(stored), owner, lastNumber);
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

    /// <summary>Makes the changes of the datasets of one project: first the deletions, as a name may have been used again.</summary>
    private static NameTree<DatasetEntry> Apply(NameTree<DatasetEntry> tree, List<Change> changes, OwnerToken owner)
    {
        foreach (Change change in changes)
        {
            if (change is { State: ChangeState.Deleted, Value: DatasetEntry deleted } && tree.Find(deleted.Name)?.Number == change.Number)
            {
                tree = tree.Remove(deleted.Name, owner);
            }
        }

        foreach (Change change in changes)
        {
            if (change.State != ChangeState.Deleted)
            {
                tree = tree.Set((DatasetEntry)change.Value, owner);
            }
        }

        return tree;
    }

    /// <summary>A change in the log.</summary>
    /// <param name="Change">The change.</param>
    /// <param name="IsLast">True if it is the last one of its record in the batch.</param>
    internal readonly record struct Entry(Change Change, bool IsLast);
}

/// <summary>The effects of a batch on the records, apart from those that it creates.</summary>
[Flags]
internal enum SharedEffects
{
    None = 0,

    /// <summary>A record may have been there before.</summary>
    Updates = 1,

    /// <summary>A record is deleted.</summary>
    Deletes = 2,
}
