using System.Globalization;

namespace Imm.Core.Storage;

/// <summary>The batches of the logs that are not in the data file, in order and without a gap.</summary>
internal sealed class LoggedBatches
{
    /// <summary>The number of bytes of records that are read at once. A single batch may have more.</summary>
    private const long MaxBytesAtOnce = 16 << 20;

    private readonly List<(WriteAheadLog Log, LogFrame Frame)> _frames = [];

    /// <param name="applied">The number of the last batch that is in the data file.</param>
    /// <param name="logs">The logs, with the frames that were read from them.</param>
    public LoggedBatches(long applied, params IEnumerable<(WriteAheadLog Log, LogContent Content)> logs)
    {
        foreach ((WriteAheadLog log, LogContent content) in logs)
        {
            _frames.AddRange(content.Batches.Where(frame => frame.Sequence > applied).Select(frame => (log, frame)));
        }

        _frames.Sort(static (a, b) => a.Frame.Sequence.CompareTo(b.Frame.Sequence));
        int count = 0;
        while (count < _frames.Count && _frames[count].Frame.Sequence == applied + count + 1)
        {
            count++;
        }

        _frames.RemoveRange(count, _frames.Count - count);
        Last = applied + count;
    }

    /// <summary>Finds the batches in logs that this process has written.</summary>
    /// <param name="applied">The number of the last batch that is in the data file.</param>
    /// <param name="logs">The logs, the one with the last batch last.</param>
    /// <exception cref="DamagedFileException">A batch is missing: another program has written to a log or cut it.</exception>
    public LoggedBatches(long applied, params LogRange[] logs)
        : this(applied, logs.Select(static range => (range.Log, range.Log.ReadFrames(range.End))))
    {
        long sequence = logs[^1].Sequence;
        if (Last != sequence)
        {
            throw new DamagedFileException(
                logs[0].Log.Name,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"batches {Last + 1} to {sequence} were acknowledged and cannot be read; another program has changed the file."));
        }
    }

    private LoggedBatches()
    {
    }

    /// <summary>No batches, of a store of which everything is in the data file.</summary>
    public static LoggedBatches None { get; } = new();

    /// <summary>The number of the last batch; if there is none, of the last one in the data file.</summary>
    public long Last { get; }

    /// <summary>Reads all batches, some at a time.</summary>
    /// <param name="buffer">Takes the bytes. The records are valid until the next ones are read.</param>
    /// <exception cref="DamagedFileException">A batch does not consist of records.</exception>
    public IEnumerable<(List<Record> Records, long Last)> Read(PackedWriter buffer) => Read(buffer, new List<Record>());

    /// <inheritdoc cref="Read(PackedWriter)"/>
    /// <param name="buffer">Takes the bytes.</param>
    /// <param name="records">Takes the records, which are valid until the next ones are read.</param>
    public IEnumerable<(List<Record> Records, long Last)> Read(PackedWriter buffer, List<Record> records)
    {
        return Read(buffer, payload =>
        {
            records.Clear();
            LogBatch.Read(payload, records);
            return records;
        });
    }

    /// <inheritdoc cref="Read(PackedWriter)"/>
    /// <param name="buffer">Takes the bytes. What is decoded is valid until the next batches are read.</param>
    /// <param name="decode">Decodes the payloads of several batches, one after the other.</param>
    public IEnumerable<(T Records, long Last)> Read<T>(PackedWriter buffer, Func<ReadOnlyMemory<byte>, T> decode)
    {
        for (int i = 0; i < _frames.Count;)
        {
            buffer.Clear();
            int first = i;
            do
            {
                _frames[i].Log.ReadPayload(_frames[i].Frame, buffer);
                i++;
            }
            while (i < _frames.Count && buffer.Length + _frames[i].Frame.Length <= MaxBytesAtOnce);

            T records;
            try
            {
                records = decode(buffer.Memory);
            }
            catch (InvalidDataException e)
            {
                throw new DamagedFileException(
                    _frames[first].Log.Name,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"batches {_frames[first].Frame.Sequence} to {_frames[i - 1].Frame.Sequence}: {e.Message}"));
            }

            yield return (records, _frames[i - 1].Frame.Sequence);
        }
    }
}
