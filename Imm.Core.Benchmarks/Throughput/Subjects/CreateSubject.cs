using Imm.Core.Benchmarks.Throughput.Measuring;
using Imm.Core.Benchmarks.Throughput.Peers;

namespace Imm.Core.Benchmarks.Throughput.Subjects;

/// <summary>Callers who create projects, in a store that holds some already.</summary>
internal sealed class CreateSubject(Plan plan, int size, IReadOnlyList<int> callers, IReadOnlyList<Contender> contenders)
    : Subject(
        $"create, from {Words.Number(size)} projects",
        [.. callers.Select(count => new Row($"create/{size}/{count}", $"create, {Callers(count)}, from {Words.Number(size)} projects"))],
        contenders)
{
    private const int SmallEnoughToCopy = 10_000;

    public static string Callers(int count) => count == 1 ? "1 caller" : $"{count} callers";

    public override IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Contender contender, int round, IReadOnlyList<Row> wanted)
    {
        // Long enough that whoever puts work off has to come back to it.
        Plan longer = plan with { Slice = 2 * plan.Slice };
        for (int i = 0; i < callers.Count; i++)
        {
            if (!wanted.Contains(Rows[i]) || (contender == Contender.Disk && i > 0))
            {
                continue;
            }

            // A big store goes on growing from round to round, by little.
            using Peer peer = size <= SmallEnoughToCopy ? stores.OpenCopy(contender, size) : stores.Open(contender, size);
            int count = contender.IsForOneWriter ? 1 : callers[i];
            List<Mix.Worker> workers = ClosedLoop.Enter(peer, Mix.Create, count, size, series: (round * 16) + i);
            Sample sample = ClosedLoop.Run(workers, contender.IsAsynchronous, Mix.Create, longer);
            workers.ForEach(worker => worker.Dispose());
            yield return (Rows[i], count == callers[i] ? sample : sample with { Note = "1 caller" });
        }
    }
}
