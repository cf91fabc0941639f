using LiteDB;

namespace Imm.Core.Storage;

/// <summary>
/// Documents and arrays that are used again, with the memory of their fields and items, when a transaction that has written them is over.
/// Not thread-safe.
/// </summary>
internal sealed class BsonPool
{
    private readonly List<BsonDocument> _documents = [];
    private readonly List<BsonArray> _arrays = [];
    private int _documentsInUse;
    private int _arraysInUse;

    /// <summary>Takes a document without fields.</summary>
    public BsonDocument RentDocument()
    {
        if (_documentsInUse == _documents.Count)
        {
            _documents.Add([]);
        }

        return _documents[_documentsInUse++];
    }

    /// <summary>Takes an array without items.</summary>
    public BsonArray RentArray()
    {
        if (_arraysInUse == _arrays.Count)
        {
            _arrays.Add([]);
        }

        return _arrays[_arraysInUse++];
    }

    /// <summary>Takes everything back, which must not be used any more.</summary>
    public void ReturnAll()
    {
        for (; _documentsInUse > 0; _documentsInUse--)
        {
            _documents[_documentsInUse - 1].Clear();
        }

        for (; _arraysInUse > 0; _arraysInUse--)
        {
            _arrays[_arraysInUse - 1].Clear();
        }
    }
}
