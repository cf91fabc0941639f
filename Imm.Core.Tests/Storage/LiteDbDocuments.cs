using Imm.Core.Model;
using LiteDB;
using Record = Imm.Core.Storage.Record;

namespace Imm.Core.Tests.Storage;

/// <summary>Records whose documents LiteDB writes and reads.</summary>
internal static class LiteDbDocuments
{
    public static Record NewRecord(ChangeKind kind, long key, BsonDocument document, ChangeState state = ChangeState.Updated) =>
        new(kind, key, BsonSerializer.Serialize(document), state);

    public static BsonDocument Document(this in Record record) => BsonSerializer.Deserialize(record.Bytes.ToArray(), utcDate: true);
}
