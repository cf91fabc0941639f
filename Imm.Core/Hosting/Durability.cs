namespace Imm.Core;

/// <summary>What an acknowledged change is safe from.</summary>
public enum Durability
{
    /// <summary>An acknowledged change is on the disk: it outlives the process and a power cut.</summary>
    Durable,

    /// <summary>
    /// An acknowledged change outlives the process; a power cut or a crash of the machine may undo the latest ones, always whole and from the end, and
    /// never tears one.
    /// </summary>
    Relaxed,
}
