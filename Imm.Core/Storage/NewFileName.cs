namespace Imm.Core.Storage;

/// <summary>The conditions on the name of a file that is to be made: nothing has it, and no store needs it for a log.</summary>
internal static class NewFileName
{
    /// <summary>True if anything has a name, a regular file or not.</summary>
    public static bool IsTaken(Disk disk, string path) => Find(disk, path) is not null;

    /// <summary>Verifies that the name of a new data file is not that of a log of another one, which could not be opened then.</summary>
    /// <exception cref="StoreFileException">It is.</exception>
    public static void VerifyIsOfNoLog(Disk disk, string dataPath)
    {
        string other = dataPath.Length > "-log1".Length ? dataPath[..^"-log1".Length] : "";
        (string first, string second) = WriteAheadLog.Paths(other);
        if ((dataPath == first || dataPath == second) && Find(disk, other) is true)
        {
            throw new StoreFileException(
                ImmUnavailableReason.NameTaken, $"The name '{dataPath}' is that of a log of the file '{other}': use another path.");
        }
    }

    /// <summary>Finds what has a name: true for a regular file, false for something else, null for nothing.</summary>
    private static bool? Find(Disk disk, string path)
    {
        try
        {
            return disk.Length(path) is null ? null : true;
        }
        catch (NotRegularFileException)
        {
            return false;
        }
    }
}
