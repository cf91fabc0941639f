namespace Imm.Core.Storage;

/// <summary>
/// A file could not grow: the disk is full, or a quota or limit is reached. What it was to grow for has not begun, so the store is as it
/// was and can go on.
/// </summary>
internal sealed class OutOfSpaceException(string file, Exception cause)
    : IOException($"There is no room for the file '{file}' to grow. {cause.Message}", cause)
{
    /// <summary>Runs what makes a file longer, and tells a lack of room from other errors.</summary>
    public static void ThrowInstead(Action grow, string file)
    {
        try
        {
            grow();
        }
        catch (IOException e) when (Disk.IsFull(e))
        {
            throw new OutOfSpaceException(file, e);
        }
    }
}
