using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>Writes the content of a data file into a new one, densely and in order, under a temporary name until it has been read back.</summary>
internal static class StoreBackup
{
    private const int Chunk = 8192;

    private static readonly ChangeKind[] Kinds = [ChangeKind.Scope, ChangeKind.Project, ChangeKind.Dataset, ChangeKind.DatasetUse];

    /// <exception cref="IOException">There is a file of that name, or it cannot be written; nothing stays under the name.</exception>
    public static void Run(Disk disk, DataFile source, string path, FileStoreSettings settings)
    {
        if (disk.Length(path) is not null)
        {
            throw new IOException($"The file '{path}' exists already, and a backup replaces none.");
        }

        string temporary = path + "-new";
        DataFile.RefuseForeign(disk, temporary);
        DataFile target = DataFile.Create(disk, temporary, path);
        try
        {
            // An identity of its own: logs of the store that it was taken from are none of its.
            DataFile.Stamp stamp = DataFile.Stamp.New(settings.NewStoreId());
            uint written = Copy(source, target, stamp, out long records);
            target.Flush();
            uint found = Summarize(target, out long foundRecords);
            if (found != written || foundRecords != records)
            {
                throw new DamagedFileException(temporary, "what was read back is not what was written.");
            }

            disk.Rename(temporary, path);
            disk.FlushDirectory(path);
            target.Dispose();
        }
        catch (Exception e)
        {
            target.Dispose();
            disk.Delete(temporary);
            if (e is LiteDB.LiteException)
            {
                throw new DamagedFileException(source.Name, e.Message);
            }

            throw;
        }
    }

    private static uint Copy(DataFile source, DataFile target, in DataFile.Stamp stamp, out long count)
    {
        uint checksum = 0;
        count = 0;
        using var from = new DocumentFile(source);
        using var to = new DocumentFile(target);
        foreach (ChangeKind kind in Kinds)
        {
            foreach (Record[] records in from.Read(kind).Chunk(Chunk))
            {
                to.Apply([.. records.Select(record => record with { IsNew = true })]);
                target.WritePages(to.TakePages(stamp));
                checksum = records.Aggregate(checksum, (sum, record) => Checksum.Of(record.Value.Span, sum));
                count += records.Length;
            }
        }

        target.WritePages(to.TakePages(stamp));
        return checksum;
    }

    private static uint Summarize(DataFile file, out long count)
    {
        uint checksum = 0;
        count = 0;
        using var documents = new DocumentFile(file);
        foreach (ChangeKind kind in Kinds)
        {
            foreach (Record record in documents.Read(kind))
            {
                checksum = Checksum.Of(record.Value.Span, checksum);
                count++;
            }
        }

        return checksum;
    }
}
