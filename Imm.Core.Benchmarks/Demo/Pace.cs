using System.Diagnostics;

namespace Imm.Core.Benchmarks.Demo;

/// <summary>How long a phase goes on: for a time, or until so many things are done, whichever comes first. Safe to use from many threads.</summary>
internal sealed class Pace(TimeSpan time, long count, CancellationToken cancellationToken)
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private long _taken;

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_started);

    /// <summary>How much of the phase is over, from 0 to 1.</summary>
    public double Fraction => Math.Clamp(Math.Max(Elapsed / time, (double)Interlocked.Read(ref _taken) / count), 0, 1);

    /// <summary>Whether so many more are to be done.</summary>
    /// <exception cref="OperationCanceledException">Somebody pressed Ctrl+C.</exception>
    public bool TryTake(int more = 1)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Elapsed < time && Interlocked.Add(ref _taken, more) <= count;
    }
}
