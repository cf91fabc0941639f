namespace Imm.Core.Storage;

/// <summary>
/// The log that LiteDB itself keeps beside a file that it opens. The engine gives LiteDB none, so it is that of another program, which is
/// changing the data file or was ended before it had.
/// </summary>
internal static class ForeignLog
{
    private const int TypeOffset = 4;
    private const int MaxType = 4;
    private const int IsConfirmedOffset = 18;

    /// <summary>Verifies that there is no log of LiteDB with content beside a data file.</summary>
    /// <exception cref="DamagedFileException">There is one.</exception>
    public static void VerifyNone(Disk disk, string path)
    {
        string log = PathOf(path);
        if (HasChanges(disk, log))
        {
            throw DataPage.WrittenByAnotherProgram(
                path, $"the file '{log}' is LiteDB's log of changes. If they are not wanted, move that file away");
        }
    }

    /// <summary>Returns the name that LiteDB gives the log of a file: <c>store-log.db</c> for <c>store.db</c>.</summary>
    public static string PathOf(string path) => Path.Combine(
        Path.GetDirectoryName(path) ?? "", $"{Path.GetFileNameWithoutExtension(path)}-log{Path.GetExtension(path)}");

    private static bool HasChanges(Disk disk, string log)
    {
        try
        {
            if (disk.Length(log) is null or < DataPage.Size)
            {
                return false;
            }

            var page = new byte[DataPage.Size];
            using DiskFile file = disk.OpenToRead(log);
            file.Read(0, page);

            // Another store may have the name, or another file that has nothing to do with LiteDB.
            return page[TypeOffset] <= MaxType && page[IsConfirmedOffset] <= 1 && page.AsSpan().ContainsAnyExcept((byte)0)
                && !DataPage.IsWhole(0, page);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A directory, or a store that is open: no log of LiteDB has the name.
            return false;
        }
    }
}
