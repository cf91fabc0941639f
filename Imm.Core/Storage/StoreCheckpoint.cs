namespace Imm.Core.Storage;

/// <summary>The result of a checkpoint: the numbers of records applied and pages written, and the duration.</summary>
internal sealed record StoreCheckpoint(int Records, int Pages, TimeSpan Duration);
