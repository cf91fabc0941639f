namespace Imm.Core.Storage;

/// <summary>
/// The records of a checkpoint. Their lists are used again by the next one: they take megabytes, which only a full collection frees.
/// </summary>
internal sealed class CheckpointRecords
{
    /// <summary>The bytes of the records.</summary>
    public PackedWriter Buffer { get; } = new();

    /// <summary>The records in the order in which they were logged.</summary>
    public List<Record> Read { get; } = [];

    /// <summary>The last record of each kind and key, in order.</summary>
    public List<Record> LastOfEach { get; } = [];

    /// <summary>The records of the changes that are kept.</summary>
    public List<Record> Changes { get; } = [];
}
