using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// Writes all records of a snapshot into a new data file, densely and in order. The file has a temporary name until it was read back, and a
/// header that says "unfinished", by which the next backup recognises a left-over.
/// </summary>
internal static class StoreBackup
{
    private const int RecordsAtOnce = 256;
    private const int MaxPagesAtOnce = 1024;
    private const int MaxNames = 100;

    private static readonly ChangeKind[] Kinds = [ChangeKind.Scope, ChangeKind.Project, ChangeKind.Dataset];

    /// <summary>Writes a backup.</summary>
    /// <exception cref="IOException">The name is taken, or the file cannot be written. There is no new file.</exception>
    /// <exception cref="OperationCanceledException">The backup was cancelled. There is no new file.</exception>
    public static void Run(
        Disk disk, StoreSnapshot source, string path, UnixFileMode? mode, FileStoreSettings settings, CancellationToken cancellationToken)
    {
        if (disk.Length(path) is not null)
        {
            throw new StoreFileException(
                ImmUnavailableReason.NameTaken, $"The file '{path}' exists already. A backup does not replace a file: use another path.");
        }

        // Fails for a path that is too long for the names of the logs: such a backup could not be opened.
        _ = disk.Length(WriteAheadLog.Paths(path).First);

        string temporary = CreateTemporary(disk, path, mode, out DataFile target);
        bool isRenamed = false;
        try
        {
            // A store id of its own, so that the logs of the original are not taken for those of the backup.
            DataFileHeader header = DataFileHeader.New(settings.NewStoreId());
            (uint Checksum, long Count) written = Copy(source, target, header with { IsUnfinished = true }, cancellationToken);
            target.Flush();
            if (Summarize(target, cancellationToken) != written)
            {
                throw new DamagedFileException(temporary, "the records that were read back are not those that were written.");
            }

            target.WriteHeader(header);
            if (!target.IsAt(temporary))
            {
                throw new StoreFileException(
                    ImmUnavailableReason.FilesChanged,
                    $"The file '{temporary}' was moved, deleted or replaced while the backup was written.");
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

    /// <summary>Creates a file under the first name that is free, or that only the left-over of an earlier backup has.</summary>
    private static string CreateTemporary(Disk disk, string path, UnixFileMode? mode, out DataFile target)
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
                throw new StoreFileException(
                    ImmUnavailableReason.NameTaken,
                    $"The names '{path}-new' to '{temporary}' are all taken by other files. Move them away.");
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
            // In use, or not certainly a left-over: it stays.
        }
    }

    private static (uint Checksum, long Count) Copy(
        StoreSnapshot source, DataFile target, in DataFileHeader header, CancellationToken cancellationToken)
    {
        uint checksum = 0;
        long count = 0;
        var documents = new DocumentFile(target);
        try
        {
            // Flushed before anything else is written, so that every left-over is recognised.
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
                        // LiteDB holds the pages that it has read and written.
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
