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

    private static readonly ChangeKind[] Kinds = [ChangeKind.Scope, ChangeKind.Project, ChangeKind.Dataset, ChangeKind.Attachment];

    /// <summary>Writes a backup.</summary>
    /// <exception cref="IOException">The name is taken, or the file cannot be written. There is no new file.</exception>
    /// <exception cref="OperationCanceledException">The backup was cancelled. There is no new file.</exception>
    public static void Run(
        Disk disk, IStoreContents source, string path, FileStoreSettings settings, CancellationToken cancellationToken)
    {
        if (disk.Length(path) is not null)
        {
            throw new StoreFileException(
                ImmUnavailableReason.NameTaken, $"The file '{path}' exists already. A backup does not replace a file: use another path.");
        }

        // Such a backup could not be opened: also not where its path is too long for the names of the logs.
        (string first, string second) = WriteAheadLog.Paths(path);
        if (Array.Find([first, second], name => NewFileName.IsTaken(disk, name)) is { } log)
        {
            throw new StoreFileException(
                ImmUnavailableReason.NameTaken, $"The file '{log}' has the name of a log of the backup '{path}': use another path.");
        }

        NewFileName.VerifyIsOfNoLog(disk, path);

        // A store id of its own, so that the logs of the original are not taken for those of the backup.
        DataFile backup = Write(disk, source, path, DataFileHeader.New(settings.NewStoreId()), cancellationToken);
        bool isRenamed = false;
        try
        {
            disk.Rename(backup.Name, path);
            isRenamed = true;
            disk.FlushDirectory(path);
            backup.Dispose();
        }
        catch
        {
            backup.Delete(disk, isRenamed ? path : backup.Name);
            throw;
        }
    }

    /// <summary>
    /// Writes all records into a new file with a temporary name and the permissions of the source. On return it is whole and on the disk.
    /// </summary>
    /// <param name="disk">The disk.</param>
    /// <param name="source">The records.</param>
    /// <param name="path">The name that the file is to get.</param>
    /// <param name="header">The header of the new file.</param>
    /// <param name="cancellationToken">Cancels the copying.</param>
    /// <returns>The open file.</returns>
    /// <exception cref="IOException">The file cannot be written. There is no new file.</exception>
    /// <exception cref="OperationCanceledException">The copying was cancelled. There is no new file.</exception>
    public static DataFile Write(
        Disk disk, IStoreContents source, string path, in DataFileHeader header, CancellationToken cancellationToken)
    {
        string temporary = CreateTemporary(disk, path, source.Pages.Mode, header.StoreId, out DataFile target);
        try
        {
            (uint Checksum, long Count) written = Copy(source, target, header with { IsUnfinished = true }, cancellationToken);
            target.Flush();
            if (Summarize(target, cancellationToken) != written)
            {
                throw new DamagedFileException(temporary, "the records that were read back are not those that were written.");
            }

            target.WriteHeader(header);
            target.ThrowIfMoved();
            return target;
        }
        catch (Exception e)
        {
            target.Delete(disk, temporary);
            if (e is LiteDB.LiteException)
            {
                throw new DamagedFileException(source.Pages.Name, e.Message);
            }

            throw;
        }
    }

    /// <summary>Creates a file under the first name that is free, or that only the left-over of an earlier backup has.</summary>
    private static string CreateTemporary(Disk disk, string path, UnixFileMode? mode, Guid storeId, out DataFile target)
    {
        for (int i = 1; ; i++)
        {
            string temporary = path + (i == 1 ? "-new" : $"-new{i}");
            if (NewFileName.IsTaken(disk, temporary))
            {
                DeleteLeftOver(disk, temporary, storeId);
            }

            if (!NewFileName.IsTaken(disk, temporary))
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

    private static void DeleteLeftOver(Disk disk, string path, Guid storeId)
    {
        try
        {
            DataFile.OpenLeftOver(disk, path, storeId).Delete(disk, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // In use, or not certainly a left-over: it stays.
        }
    }

    private static (uint Checksum, long Count) Copy(
        IStoreContents source, DataFile target, in DataFileHeader header, CancellationToken cancellationToken)
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
                    checksum = records.Aggregate(checksum, static (sum, record) => ChecksumOf(record, sum));
                    count += records.Length;
                    Record[] added = [.. records.Select(record => record with { State = ChangeState.Created })];
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
                }
            }

            documents.CopyChanges([.. source.ReadChanges().Select(change => change with { State = ChangeState.Created })]);
            documents.AppendChanges(source.LoggedChanges);
            target.WritePages(documents.TakePages(header));
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
        using var copy = new StoreContents(file.TakeSnapshot(), LoggedBatches.None);
        foreach (ChangeKind kind in Kinds)
        {
            foreach (Record record in copy.Read(kind))
            {
                cancellationToken.ThrowIfCancellationRequested();
                checksum = ChecksumOf(record, checksum);
                count++;
            }
        }

        return (checksum, count);
    }

    private static uint ChecksumOf(in Record record, uint seed) => Checksum.Of(record.Bytes.Span, seed);
}
