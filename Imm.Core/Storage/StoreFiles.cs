using System.Diagnostics;

namespace Imm.Core.Storage;

/// <summary>
/// Verifies that the names of a store's files still refer to the open files, that no file was cut, and that no other store was copied over
/// the data file: otherwise changes would go where nobody finds them. The store fails if not.
/// </summary>
/// <param name="path">The path of the data file.</param>
/// <param name="data">The data file.</param>
/// <param name="logs">The logs.</param>
/// <param name="interval">The minimum time between two verifications before batches.</param>
/// <param name="failure">The failure of the store.</param>
internal sealed class StoreFiles(string path, DataFile data, WriteAheadLog[] logs, TimeSpan interval, FailureLatch failure)
{
    private long _verifiedAt;

    /// <summary>Verifies the files unless that was done a moment ago. Caller must be the one that appends.</summary>
    /// <exception cref="IOException">A file was moved, deleted, replaced, overwritten or cut.</exception>
    public void VerifyBeforeBatch()
    {
        if (Stopwatch.GetElapsedTime(_verifiedAt) >= interval)
        {
            Verify();
            _verifiedAt = Stopwatch.GetTimestamp();
        }
    }

    /// <summary>Verifies the files. Thread-safe.</summary>
    /// <exception cref="IOException">A file was moved, deleted, replaced, overwritten or cut.</exception>
    public void Verify()
    {
        try
        {
            string? moved = data.IsAt(path) ? Array.Find(logs, static log => !log.IsAt(log.Name))?.Name : path;
            if (moved is not null)
            {
                throw new StoreFileException(
                    ImmUnavailableReason.FilesChanged,
                    $"The file '{moved}' was moved, deleted or replaced while the store was open. "
                    + "Restore the files as they were and open the store again.");
            }

            data.VerifyLength();
            data.VerifyStoreId();
            Array.ForEach(logs, static log => log.VerifyLength());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            failure.Set(e);
            throw;
        }
    }
}
