using System.Globalization;

namespace Imm.Core.Storage;

/// <summary>The batches of the logs that follow a state of the data file, in order and without a gap.</summary>
internal sealed class LoggedBatches
{
    /// <summary>The number of bytes of records that are read at once, but for a single batch that has more.</summary>
    private const long MaxBytesAtOnce = 8 << 20;

    private readonly List<(RedoLog Log, LogFrame Frame)> _frames = [];

    /// <param name="applied">The number of the last batch that is in the data file.</param>
    /// <param name="logs">The logs, with the frames that were found in them.</param>
    public LoggedBatches(long applied, params IEnumerable<(RedoLog Log, LogContent Content)> logs)
    {
        foreach ((RedoLog log, LogContent content) in logs)
        {
            _frames.AddRange(content.Frames.Where(frame => frame.Sequence > applied).Select(frame => (log, frame)));
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

    /// <summary>The number of the last batch; that of the data file where there is none.</summary>
    public long Last { get; }

    /// <summary>Reads all batches, some at a time.</summary>
    /// <param name="buffer">Takes the bytes; what was read is good until the next is read.</param>
    /// <exception cref="DamagedFileException">A batch does not hold records.</exception>
    public IEnumerable<(List<Record> Records, long Last)> Read(PackedWriter buffer)
    {
        var records = new List<Record>();
        for (int i = 0; i < _frames.Count;)
        {
            buffer.Clear();
            records.Clear();
            int first = i;
            do
            {
                _frames[i].Log.ReadPayload(_frames[i].Frame, buffer);
                i++;
            }
            while (i < _frames.Count && buffer.Length + _frames[i].Frame.Length <= MaxBytesAtOnce);

            try
            {
                LogBatch.Read(buffer.Memory, records);
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
