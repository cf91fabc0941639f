namespace Imm.Core.Storage;

/// <summary>One checkpoint: what it brought into the data file, and how long it took.</summary>
internal sealed record StoreCheckpoint(int Records, int Pages, TimeSpan Duration);
