namespace Imm.Core.Storage;

/// <summary>Reads the files of a store without owning them.</summary>
internal static class StoreSnapshot
{
    /// <summary>
    /// Opens the files of a store that nobody has open, closed or left open by a process that ended, and changes none of them. The logs are
    /// read into memory.
    /// </summary>
    /// <param name="disk">The disk.</param>
    /// <param name="path">The path of the data file.</param>
    /// <param name="settings">The settings.</param>
    /// <exception cref="DamagedFileException">A file is damaged, missing, of another store or of a newer format.</exception>
    /// <exception cref="IOException">There is no such file, it is open for writing, or it cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read.</exception>
    public static IStoreContents Open(Disk disk, string path, FileStoreSettings settings)
    {
        DataFile data = DataFile.OpenToRead(disk, path);
        try
        {
            using var opening = new StoreOpening(disk, path, data, settings);
            return opening.Read();
        }
        catch (Exception e)
        {
            data.Dispose();
            if (e is LiteDB.LiteException or InvalidDataException)
            {
                throw new DamagedFileException(path, e.Message);
            }

            throw;
        }
    }
}
