namespace Imm.Core;

/// <summary>The failures that an acknowledged change outlives.</summary>
/// <remarks>
/// Both rest on a disk that does not tear a sector of 512 bytes, and on a flush that returns when the data is on the disk. Damage that
/// befalls an acknowledged change on the disk later is found when the store is opened again; but a change that was acknowledged less than
/// about a second before a kill, with no other after it, is then taken for one that was never finished.
/// </remarks>
public enum Durability
{
    /// <summary>
    /// An acknowledged change is on the disk: it outlives a kill of the process, a power cut, and a power cut after a kill and a restart.
    /// </summary>
    Durable,

    /// <summary>
    /// An acknowledged change outlives the process; a power cut or a crash of the machine may undo the latest ones, always whole and from
    /// the end, and never tears one.
    /// </summary>
    Relaxed,
}
