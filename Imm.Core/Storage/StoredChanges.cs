using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// The last changes of projects, which the data file keeps so that whoever watches can go on after a restart. Each has a weight, and the
/// last ones of a total weight are kept: a bound for their number and for their bytes.
/// </summary>
internal static class StoredChanges
{
    /// <summary>The weight that is kept: at most 4,096 changes and 1 MiB.</summary>
    public const long MaxWeight = 1 << 20;

    private const int MinWeight = 256;
    private const string Kind = "Kind";
    private const string Project = "Project";

    /// <summary>Returns the weight of a change: its length in bytes, and not less than 256.</summary>
    public static int WeightOf(in Record change) => Math.Max(MinWeight, change.Bytes.Length);

    /// <summary>Finds the last changes among records.</summary>
    /// <param name="records">The records in the order in which they were logged.</param>
    /// <param name="changes">Takes the changes in that order, in place of what it holds.</param>
    public static void LastOf(IReadOnlyList<Record> records, List<Record> changes)
    {
        changes.Clear();
        long weight = 0;
        for (int i = records.Count - 1; i >= 0; i--)
        {
            if (records[i].Kind == ChangeKind.Project)
            {
                weight += WeightOf(records[i]);
                if (weight > MaxWeight)
                {
                    break;
                }

                changes.Add(records[i]);
            }
        }

        changes.Reverse();
    }

    /// <summary>Writes the document of a change.</summary>
    /// <param name="buffer">Takes the bytes behind what it holds.</param>
    /// <param name="key">The key under which it is stored.</param>
    /// <param name="scope">The scope of the project.</param>
    /// <param name="change">The record of the project.</param>
    public static void Write(PackedWriter buffer, long key, Scope scope, in Record change)
    {
        var writer = new BsonWriter(buffer);
        int start = writer.Begin();
        writer.Int64(RecordFields.Number, key);
        writer.Text(Kind, change.State.ToString());
        writer.Text(RecordFields.AccountId, scope.AccountId);
        writer.Text(RecordFields.RegionId, scope.RegionId);
        writer.Document(Project, change.Bytes.Span);
        writer.End(start);
    }

    /// <summary>Reads the document of a change.</summary>
    /// <exception cref="InvalidDataException">The document is damaged.</exception>
    public static PublishedChange Read(in Record record, RecordCodec codec)
    {
        ReadOnlyMemory<byte> bytes = record.Bytes;
        var fields = new RecordFields(record.Kind, record.Key, bytes.Span);
        string accountId = fields.Text(RecordFields.AccountId);
        string regionId = fields.Text(RecordFields.RegionId);
        bool isState = Enum.TryParse(fields.Text(Kind), out ChangeState state);
        fields.Expect(Scope.IsAccountId(accountId) && Scope.IsRegionId(regionId) && isState);
        ReadOnlyMemory<byte> project = bytes[fields.Document(Project)];
        long number = new RecordFields(ChangeKind.Project, record.Key, project.Span).Int64(RecordFields.Number);

        // Any scope: only the number of the project is read from the key.
        long key = RecordKey.Of(scope: 1, number & RecordKey.MaxNumber);
        return new PublishedChange(
            new Scope(accountId, regionId), codec.ReadProject(new Record(ChangeKind.Project, key, project)), state);
    }
}
