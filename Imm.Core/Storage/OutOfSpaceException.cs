namespace Imm.Core.Storage;

/// <summary>
/// A file could not grow: the disk is full, or a quota or limit is reached. Room is made before anything is written into it, so the store
/// is unchanged and continues.
/// </summary>
internal sealed class OutOfSpaceException(string file, Exception cause)
    : StoreFileException(
        ImmUnavailableReason.NoSpace,
        $"The file '{file}' cannot grow: there is no room on the disk, or a limit is reached. {cause.Message}",
        cause)
{
    /// <summary>Extends a file; if there is no room, restores its length and throws.</summary>
    /// <param name="file">The file.</param>
    /// <param name="grow">Writes behind the end of the file.</param>
    /// <exception cref="OutOfSpaceException">There is no room; the file has its former length.</exception>
    public static void Grow(DiskFile file, Action<DiskFile> grow)
    {
        long before = file.Length;
        try
        {
            grow(file);
        }
        catch (IOException e) when (Disk.IsFull(e))
        {
            file.SetLength(before);
            throw new OutOfSpaceException(file.Name, e);
        }
    }
}
