namespace Imm.Core;

/// <summary>The failures that an acknowledged change survives.</summary>
/// <remarks>
/// Both values assume that the disk writes a sector of 512 bytes entirely or not at all, and that a flush returns when the data is on the
/// disk. Damage that the disk does to an acknowledged change later is detected when the store is opened again. One case cannot be detected:
/// if the last change was acknowledged less than about a second before the process was killed, and the disk damages it afterwards, the next
/// open takes it for a change that was never acknowledged.
/// </remarks>
public enum Durability
{
    /// <summary>
    /// An acknowledged change is on the disk. It survives a kill of the process, a power cut, and a power cut after a kill and a restart.
    /// </summary>
    Durable,

    /// <summary>
    /// An acknowledged change survives a kill of the process. A power cut, a crash of the machine or a disk that fails can undo the latest
    /// changes: each of them entirely, and none without all that came after it.
    /// </summary>
    Relaxed,
}
