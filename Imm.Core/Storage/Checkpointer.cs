using System.Diagnostics;

namespace Imm.Core.Storage;

/// <summary>Applies logs to the data file. All members but the properties are called on the storage thread.</summary>
internal sealed class Checkpointer(
    DataFile data, LogPair logs, StoreReader reader, StoreFiles files, FileStoreSettings settings, FailureLatch failure)
    : IDisposable
{
    private CheckpointRecords _records = new();
    private readonly CheckpointDocuments _documents = new(data, settings.MaxPagesOfLiteDb);
    private StoreCheckpoint? _last;
    private long _dataLength = data.Length;

    /// <summary>The last checkpoint since the store was opened; null before the first.</summary>
    public StoreCheckpoint? Last => Volatile.Read(ref _last);

    /// <summary>The length of the data file in bytes, as of the last checkpoint.</summary>
    public long DataLength => Volatile.Read(ref _dataLength);

    /// <summary>Applies the spare log, and begins a new generation of it. Does not throw.</summary>
    public void Run()
    {
        try
        {
            failure.ThrowIfSet();
            long generation = logs.Active.Log.Generation;
            LogRange spare = logs.Spare;
            Apply(spare, data.Header with { LogGeneration = generation }, logs.IsRetry);
            reader.BeginLogs(() =>
            {
                spare.Log.BeginGeneration(data.Header.StoreId, generation + 1, data.Header.AppliedSequence);
                logs.EndCheckpoint(blocked: null);
            });
        }
        catch (OutOfSpaceException e)
        {
            // The log still has all batches, so the checkpoint can be repeated.
            logs.EndCheckpoint(e);
        }
        catch (Exception e)
        {
            failure.Set(e);
        }
    }

    /// <summary>Releases the memory of checkpoints if there was none since the last call.</summary>
    public void ReleaseIfUnused()
    {
        if (_documents.CloseIfUnused())
        {
            _records = new CheckpointRecords();
        }
    }

    /// <summary>
    /// Applies everything that was appended, and marks the data file as closed if it is open. Does not throw: if it fails the logs have
    /// what the data file lacks, and the next open applies it.
    /// </summary>
    public void Close()
    {
        if (failure.IsSet || !data.Header.IsOpen)
        {
            return;
        }

        try
        {
            LogRange active = logs.Active;
            if (logs.IsBlocked)
            {
                Apply(logs.Spare, data.Header with { LogGeneration = active.Log.Generation }, isRetry: true);
            }

            Apply(active, data.Header with { IsOpen = false, LogGeneration = active.Log.Generation }, isRetry: false);
        }
#pragma warning disable CA1031 // Reported as the failure of the store: no batch is lost.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure.TrySet(e);
        }
    }

    public void Dispose() => _documents.Dispose();

    private void Apply(LogRange log, DataFileHeader done, bool isRetry)
    {
        long start = Stopwatch.GetTimestamp();
        files.Verify();
        (int count, int pages) = (0, 0);
        var batches = new LoggedBatches(data.Header.AppliedSequence, log);
        foreach ((List<Record> records, long last) in batches.Read(_records.Buffer, _records.Read))
        {
            DataFileHeader header = done with
            {
                AppliedSequence = last,
                IsOpen = done.IsOpen || last < batches.Last,
                LoggedSequence = logs.FlushedSequence,
            };
            count += records.Count;
            pages += Apply(new Checkpoint(data, _documents, _records, header, isRetry), log.Log);
        }

        if (count == 0)
        {
            reader.ChangeData(() => data.WriteHeader(done with { Checkpoint = data.Header.Checkpoint + 1 }));
        }

        Volatile.Write(ref _dataLength, data.Length);
        var checkpoint = new StoreCheckpoint(count, pages, Stopwatch.GetElapsedTime(start));
        Volatile.Write(ref _last, checkpoint);
        settings.Observer?.Checkpointed(checkpoint);
    }

    private int Apply(Checkpoint checkpoint, WriteAheadLog log)
    {
        try
        {
            while (checkpoint.Stage())
            {
                checkpoint.WriteRedo(log);
                data.WaitForRoomInSnapshots();
                reader.ChangeData(checkpoint.Overwrite);
            }

            return checkpoint.PagesWritten;
        }
        catch
        {
            _documents.Dispose();
            throw;
        }
    }
}
