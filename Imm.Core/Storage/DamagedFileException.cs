namespace Imm.Core.Storage;

/// <summary>A file of the store is damaged, missing, of another store or of another version.</summary>
/// <param name="message">The file, the problem, and what to do.</param>
/// <param name="reason">The reason.</param>
internal sealed class DamagedFileException(string message, ImmUnavailableReason reason = ImmUnavailableReason.Damaged)
    : StoreFileException(reason, message)
{
    /// <param name="file">The damaged file.</param>
    /// <param name="problem">The problem, as the end of a sentence.</param>
    public DamagedFileException(string file, string problem)
        : this($"The file '{file}' is damaged: {problem}")
    {
    }
}
