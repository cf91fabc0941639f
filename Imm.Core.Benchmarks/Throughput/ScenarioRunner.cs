using Imm.Core.Benchmarks.Throughput.Measuring;

namespace Imm.Core.Benchmarks.Throughput;

/// <summary>Measures scenarios in rounds, in each of which all engines take turns, and collects the results.</summary>
/// <param name="stores">The filled stores.</param>
/// <param name="rounds">The number of rounds.</param>
/// <param name="only">Parts of row ids; a row is measured if its id and a slash contain one of them. Empty for all rows.</param>
/// <param name="progress">Receives the progress.</param>
/// <param name="cancellationToken">Cancels between two measurements.</param>
internal sealed class ScenarioRunner(
    Stores stores, int rounds, IReadOnlyList<string> only, IProgress<Progress> progress, CancellationToken cancellationToken)
{
    public IReadOnlyList<RowResult> Run(IReadOnlyList<Scenario> scenarios)
    {
        scenarios = [.. scenarios.Where(scenario => scenario.Rows.Any(IsWanted))];
        int total = scenarios.Sum(scenario => scenario.Engines.Count * RoundsOf(scenario));
        int done = 0;
        var results = new List<RowResult>();
        foreach (Scenario scenario in scenarios)
        {
            Row[] wanted = [.. scenario.Rows.Where(IsWanted)];
            var samples = new List<(Row Row, Engine Engine, Sample Sample)>();
            int count = RoundsOf(scenario);
            for (int round = 0; round < count; round++)
            {
                for (int turn = 0; turn < scenario.Engines.Count; turn++)
                {
                    // Another engine begins each round, so that none always runs after the same one.
                    Engine engine = scenario.Engines[(turn + round) % scenario.Engines.Count];
                    cancellationToken.ThrowIfCancellationRequested();
                    progress.Report(new Progress($"{scenario.Title}, round {round + 1} of {count}", engine.Name, (double)done / total));
                    GC.Collect();
                    foreach ((Row row, Sample sample) in scenario.Measure(stores, engine, round, wanted))
                    {
                        samples.Add((row, engine, sample));
                    }

                    done++;
                }
            }

            results.AddRange(wanted.Select(row => new RowResult(
                row.Id,
                scenario.Title,
                row.Title,
                row.Unit,
                [
                    .. samples.Where(measured => measured.Row == row).GroupBy(measured => measured.Engine, measured => measured.Sample)
                        .Select(group => Result(group.Key, [.. group])),
                ])));
        }

        return results;
    }

    /// <summary>True if a row is measured where only rows with one of some parts in their ids are.</summary>
    public static bool IsWanted(string row, IReadOnlyList<string> only) =>
        only.Count == 0 || only.Any(part => $"{row}/".Contains(part, StringComparison.OrdinalIgnoreCase));

    private int RoundsOf(Scenario scenario) => Math.Min(rounds, scenario.MaxRounds);

    private bool IsWanted(Row row) => IsWanted(row.Id, only);

    private static EngineResult Result(Engine engine, IReadOnlyList<Sample> samples)
    {
        var latency = new Latencies();
        latency.Add(samples.SelectMany(sample => sample.Latency));

        return new EngineResult
        {
            Engine = engine.Name,
            Guarantee = engine.Guarantee,
            Value = new Spread([.. samples.Select(sample => sample.Value)]),
            Latency = latency.ByKind.OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .ToDictionary(pair => pair.Key, pair => pair.Value.ToPercentiles()),
            Extra = samples[0].Extra.Keys.ToDictionary(key => key, key => new Spread([.. samples.Select(sample => sample.Extra[key])])),
            Note = samples.Select(sample => sample.Note).FirstOrDefault(note => note is not null),
        };
    }
}
