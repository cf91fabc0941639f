namespace Imm.Core.Storage;

/// <summary>A log and the part of it that holds batches.</summary>
/// <param name="Log">The log.</param>
/// <param name="End">The offset behind the last batch.</param>
/// <param name="Sequence">The number of the last batch.</param>
internal readonly record struct LogRange(WriteAheadLog Log, long End, long Sequence);
