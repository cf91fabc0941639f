using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>The records of a store at one moment. Not thread-safe.</summary>
internal interface IStoreContents : IDisposable
{
    /// <summary>The pages of the data file.</summary>
    IPages Pages { get; }

    /// <summary>The records of projects that are only in the logs, in order; the changes that <see cref="ReadChanges"/> lacks.</summary>
    IReadOnlyList<Record> LoggedChanges { get; }

    /// <summary>Reads the records of a kind with keys in a range, both ends inclusive, in order, as they are enumerated.</summary>
    /// <exception cref="IOException">A page is damaged or cannot be read.</exception>
    /// <exception cref="InvalidDataException">A document is damaged.</exception>
    IEnumerable<Record> Read(ChangeKind kind, long first = 0, long last = long.MaxValue);

    /// <summary>Makes reading possible again after a read that failed, which LiteDB does not survive.</summary>
    void Reset();

    /// <summary>Reads the changes of projects that the data file keeps, in order.</summary>
    IEnumerable<Record> ReadChanges();
}
