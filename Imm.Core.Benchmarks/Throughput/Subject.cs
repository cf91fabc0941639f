using System.Diagnostics;
using Imm.Core.Benchmarks.Throughput.Measuring;
using Imm.Core.Benchmarks.Throughput.Peers;

namespace Imm.Core.Benchmarks.Throughput;

/// <summary>A row to measure.</summary>
internal sealed record Row(string Id, string Title, Unit Unit = Unit.OperationsPerSecond);

/// <summary>Rows that are measured together, for each contender in its turn.</summary>
/// <param name="title">What they are about.</param>
/// <param name="rows">The rows.</param>
/// <param name="contenders">Who takes part.</param>
internal abstract class Subject(string title, IReadOnlyList<Row> rows, IReadOnlyList<Contender> contenders)
{
    /// <summary>The names behind which pages begin, by the number of projects.</summary>
    private static readonly Dictionary<int, string[]> Pages = [];

    public string Title { get; } = title;

    public IReadOnlyList<Row> Rows { get; } = rows;

    public IReadOnlyList<Contender> Contenders { get; } = [.. contenders.Where(contender => contender.IsHere)];

    /// <summary>Measures rows once. No other contender has a store open meanwhile.</summary>
    /// <param name="stores">The filled stores.</param>
    /// <param name="contender">Who.</param>
    /// <param name="round">The number of the round; names are the same for all contenders of a round.</param>
    /// <param name="wanted">The rows to measure.</param>
    public abstract IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Contender contender, int round, IReadOnlyList<Row> wanted);

    /// <summary>What is to be done when all rounds are over.</summary>
    public virtual void Finish(Stores stores)
    {
    }

    /// <summary>Reads everything once, so that whatever a store keeps in memory is there, for every contender alike.</summary>
    protected static void ReadAll(Peer peer, int size)
    {
        using Peer.Caller caller = peer.Enter();
        if (!Pages.TryGetValue(size, out string[]? names))
        {
            Pages[size] = names =
                [.. Enumerable.Range(0, size).Select(n => NewProject.NameOf(n)).Order(StringComparer.Ordinal).Where((_, n) => n % Mix.PageLength == 0)];
        }

        foreach (string name in names)
        {
            caller.List(caller.PositionOf(name), Mix.PageLength);
        }
    }

    /// <summary>
    /// Times one caller on a thread of its own, in groups of operations: the value is that of the middle group, so that neither the clock nor a pause
    /// of the machine is in it.
    /// </summary>
    /// <param name="plan">How long.</param>
    /// <param name="kind">What the operations are.</param>
    /// <param name="group">How many operations are one group.</param>
    /// <param name="operation">One operation.</param>
    protected static Sample Time(Plan plan, string kind, int group, Action operation)
    {
        Sample? sample = null;
        Threads.Run([0], _ =>
        {
            Work(new Latency(), new Latency(), plan.WarmUp);
            var groups = new Latency();
            var single = new Latency();
            long allocated = GC.GetAllocatedBytesForCurrentThread();
            long count = Work(groups, single, plan.Slice);
            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            sample = new Sample((double)groups.Percentile(50) / group)
            {
                Latency = new Dictionary<string, Latency> { [kind] = single },
                Extra = new Dictionary<string, double> { [Figures.Allocated] = Math.Round((double)allocated / count, 1) },
            };
        });
        return sample!;

        long Work(Latency groups, Latency single, TimeSpan time)
        {
            long count = 0;
            long end = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
            do
            {
                long started = Stopwatch.GetTimestamp();
                for (int i = 0; i < group; i++)
                {
                    operation();
                }

                groups.Record(MachineClock.Since(started));
                started = Stopwatch.GetTimestamp();
                operation();
                single.Record(MachineClock.Since(started));
                count += group + 1;
            }
            while (Stopwatch.GetTimestamp() < end);
            return count;
        }
    }
}
