using Imm.Core.Benchmarks.Throughput.Measuring;

namespace Imm.Core.Benchmarks.Throughput;

/// <summary>Has the contenders take turns, round after round, and collects what they did.</summary>
/// <param name="stores">Where their stores are.</param>
/// <param name="rounds">How many rounds.</param>
/// <param name="only">A part of the names of the rows to measure; null for all.</param>
/// <param name="progress">Hears what is being done.</param>
/// <param name="cancellationToken">Ends it between two measurements.</param>
internal sealed class Bench(Stores stores, int rounds, string? only, IProgress<Step> progress, CancellationToken cancellationToken)
{
    public IReadOnlyList<RowResult> Run(IReadOnlyList<Subject> subjects)
    {
        subjects = [.. subjects.Where(subject => subject.Rows.Any(IsWanted))];
        int total = subjects.Sum(subject => subject.Contenders.Count * rounds);
        int done = 0;
        var results = new List<RowResult>();
        foreach (Subject subject in subjects)
        {
            Row[] wanted = [.. subject.Rows.Where(IsWanted)];
            var samples = wanted.ToDictionary(row => row, _ => subject.Contenders.ToDictionary(contender => contender, _ => new List<Sample>()));
            for (int round = 0; round < rounds; round++)
            {
                for (int turn = 0; turn < subject.Contenders.Count; turn++)
                {
                    // Another one begins each round, so that none is always behind the same.
                    Contender contender = subject.Contenders[(turn + round) % subject.Contenders.Count];
                    cancellationToken.ThrowIfCancellationRequested();
                    progress.Report(new Step(subject.Title, round + 1, rounds, contender.Name, (double)done / total));
                    GC.Collect();
                    foreach ((Row row, Sample sample) in subject.Measure(stores, contender, round, wanted))
                    {
                        if (samples.TryGetValue(row, out Dictionary<Contender, List<Sample>>? ofRow))
                        {
                            ofRow[contender].Add(sample);
                        }
                    }

                    done++;
                }
            }

            subject.Finish(stores);
            results.AddRange(wanted.Select(row => new RowResult(
                row.Id,
                subject.Title,
                row.Title,
                row.Unit,
                [.. subject.Contenders.Where(contender => samples[row][contender].Count > 0).Select(contender => Result(contender, samples[row][contender]))])));
        }

        return results;
    }

    private bool IsWanted(Row row) => only is null || row.Id.Contains(only, StringComparison.OrdinalIgnoreCase);

    private static ContenderResult Result(Contender contender, List<Sample> samples)
    {
        var latency = new Dictionary<string, Latency>();
        foreach ((string kind, Latency one) in samples.SelectMany(sample => sample.Latency))
        {
            if (!latency.TryGetValue(kind, out Latency? all))
            {
                latency[kind] = all = new Latency();
            }

            all.Add(one);
        }

        return new ContenderResult
        {
            Contender = contender.Name,
            Guarantee = contender.Guarantee,
            Value = new Spread([.. samples.Select(sample => sample.Value)]),
            Latency = latency.ToDictionary(pair => pair.Key, pair => pair.Value.ToPercentiles()),
            Extra = samples[0].Extra.Keys.ToDictionary(key => key, key => new Spread([.. samples.Select(sample => sample.Extra[key])])),
            Note = samples.Select(sample => sample.Note).FirstOrDefault(note => note is not null),
        };
    }
}

/// <summary>What is being measured, and how much of all is over, from 0 to 1.</summary>
internal sealed record Step(string Subject, int Round, int Rounds, string Contender, double Fraction);
