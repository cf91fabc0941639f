namespace Imm.Core.Storage;

/// <summary>
/// Brings a store of format 1 to the present format: all records go into a new file beside it, which then replaces the data file in one
/// step. A power cut at any moment leaves one or the other.
/// </summary>
/// <remarks>
/// The new file has the id of the store and says that it holds all batches of the logs. So these are recognised as not needed, and used
/// again.
/// </remarks>
internal static class StoreUpgrade
{
    /// <summary>Upgrades a store.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="path">The path of the data file.</param>
    /// <param name="old">The data file, which is disposed. It keeps its lock until it is replaced.</param>
    /// <param name="settings">The settings.</param>
    /// <returns>The new data file, closed and with everything that the logs held.</returns>
    /// <exception cref="IOException">The store cannot be read, or the new file not be written. The store is unchanged.</exception>
    public static DataFile Run(Disk disk, string path, DataFile old, FileStoreSettings settings)
    {
        using var opening = new StoreOpening(disk, path, old, settings);
        using var contents = (Format1Contents)opening.Read();
        DataFile upgraded = Write(disk, path, old, contents);
        try
        {
            // Before the logs are used again: until the new name is on the disk, a power cut may bring the old file back, which needs them.
            disk.FlushDirectory(path);
            return upgraded;
        }
        catch
        {
            upgraded.Dispose();
            throw;
        }
    }

    private static DataFile Write(Disk disk, string path, DataFile old, Format1Contents contents)
    {
        try
        {
            var header = new DataFileHeader(
                old.Header.StoreId,
                IsOpen: false,
                IsBeingOverwritten: false,
                contents.LastSequence,
                old.Header.Checkpoint + 1);
            DataFile upgraded = StoreBackup.Write(disk, contents, path, header, CancellationToken.None);
            try
            {
                upgraded.TakeOwnerOf(old);
                Replace(disk, upgraded.Name, path, old);
            }
            catch
            {
                upgraded.Delete(disk, upgraded.Name);
                throw;
            }

            upgraded.TakeName(path);
            return upgraded;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreFileException(
                StoreFileException.ReasonOf(e),
                $"The store '{path}' has format {DataFileHeader.OldestFormat} and could not be brought to format "
                + $"{DataFileHeader.SupportedFormat}, for which a new file is written beside it: {e.Message} The store was left unchanged.",
                e);
        }
    }

    private static void Replace(Disk disk, string from, string to, DataFile old)
    {
        // Windows does not replace a file that is open.
        if (OperatingSystem.IsWindows())
        {
            old.Dispose();
        }

        disk.Replace(from, to);
    }
}
