using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// Writes the content of a store into a new data file, densely and in order, under a temporary name until it has been read back. Until then
/// its header says that it is unfinished, which is how a left-over of an earlier attempt is known.
/// </summary>
internal static class StoreBackup
{
    private const int RecordsAtOnce = 256;
    private const int MaxPagesAtOnce = 1024;
    private const int MaxNames = 100;

    private static readonly ChangeKind[] Kinds = [ChangeKind.Scope, ChangeKind.Project, ChangeKind.Dataset, ChangeKind.DatasetUse];

    /// <exception cref="IOException">Something has the name, or the file cannot be written; nothing stays under the name.</exception>
    /// <exception cref="OperationCanceledException">It was given up; nothing stays under the name.</exception>
    public static void Run(
        Disk disk, StoreSnapshot source, string path, UnixFileMode? mode, FileStoreSettings settings, CancellationToken cancellationToken)
    {
        if (disk.Length(path) is not null)
        {
            throw new IOException($"The file '{path}' exists already, and a backup replaces none.");
        }

        // Under a name too long for its logs the backup could never be opened.
        _ = disk.Length(FileStore.LogPaths(path).First);

        string temporary = TakeTemporaryName(disk, path, mode, out DataFile target);
        bool isRenamed = false;
        try
        {
            // An identity of its own: logs of the store that it was taken from are none of its.
            DataFile.Header header = DataFile.Header.New(settings.NewStoreId());
            (uint Checksum, long Count) written = Copy(source, target, header with { IsUnfinished = true }, cancellationToken);
            target.Flush();
            if (Summarize(target, cancellationToken) != written)
            {
                throw new DamagedFileException(temporary, "what was read back is not what was written.");
            }

            target.WriteHeader(header);
            if (!target.IsAt(temporary))
            {
                throw new IOException($"The file '{temporary}' was moved, deleted or replaced while the backup was written.");
            }

            disk.Rename(temporary, path);
            isRenamed = true;
            disk.FlushDirectory(path);
            target.Dispose();
        }
        catch (Exception e)
        {
            target.Delete(disk, isRenamed ? path : temporary);
            if (e is LiteDB.LiteException)
            {
                throw new DamagedFileException(source.Pages.Name, e.Message);
            }

            throw;
        }
    }

    /// <summary>Creates a file under a name that nothing has, but for what an earlier attempt certainly left there.</summary>
    private static string TakeTemporaryName(Disk disk, string path, UnixFileMode? mode, out DataFile target)
    {
        for (int i = 1; ; i++)
        {
            string temporary = path + (i == 1 ? "-new" : $"-new{i}");
            if (IsTaken(disk, temporary))
            {
                DeleteLeftOver(disk, temporary);
            }

            if (!IsTaken(disk, temporary))
            {
                target = DataFile.Create(disk, temporary, mode);
                return temporary;
            }

            if (i == MaxNames)
            {
                throw new IOException($"The names '{path}-new' to '{temporary}' are all taken by other files. Move them away.");
            }
        }
    }

    private static bool IsTaken(Disk disk, string path)
    {
        try
        {
            return disk.Length(path) is not null;
        }
        catch (NotRegularFileException)
        {
            return true;
        }
    }

    private static void DeleteLeftOver(Disk disk, string path)
    {
        try
        {
            DataFile.OpenUnfinished(disk, path).Delete(disk, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // In use, or not certainly ours: it stays.
        }
    }

    private static (uint Checksum, long Count) Copy(
        StoreSnapshot source, DataFile target, in DataFile.Header header, CancellationToken cancellationToken)
    {
        uint checksum = 0;
        long count = 0;
        var documents = new DocumentFile(target);
        try
        {
            // Before anything else, so that whatever is left of the file says what it is.
            target.WritePages(documents.TakePages(header));
            target.Flush();
            foreach (ChangeKind kind in Kinds)
            {
                foreach (Record[] records in source.Read(kind).Chunk(RecordsAtOnce))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    Record[] added = [.. records.Select(record => record with { IsNew = true })];
                    for (int next = 0; next < added.Length;)
                    {
                        next = documents.Apply(added, next, MaxPagesAtOnce);
                        target.WritePages(documents.TakePages(header));
                    }

                    if (documents.PagesRead + documents.PagesTaken >= MaxPagesAtOnce)
                    {
                        // LiteDB holds the pages that it has seen.
                        documents.Dispose();
                        documents = new DocumentFile(target);
                    }

                    checksum = records.Aggregate(checksum, (sum, record) => Checksum.Of(record.Value.Span, sum));
                    count += records.Length;
                }
            }
        }
        finally
        {
            documents.Dispose();
        }

        return (checksum, count);
    }

    private static (uint Checksum, long Count) Summarize(DataFile file, CancellationToken cancellationToken)
    {
        uint checksum = 0;
        long count = 0;
        using var copy = new StoreSnapshot(file.TakeSnapshot(), []);
        foreach (ChangeKind kind in Kinds)
        {
            foreach (Record record in copy.Read(kind))
            {
                cancellationToken.ThrowIfCancellationRequested();
                checksum = Checksum.Of(record.Value.Span, checksum);
                count++;
            }
        }

        return (checksum, count);
    }
}
