using BenchmarkDotNet.Attributes;
using Imm.Core.Benchmarks.Throughput.Adapters;

namespace Imm.Core.Benchmarks.Micro;

/// <summary>Looks up a name that no project has; the baseline is a set of the names without concurrent updates.</summary>
public class TryGetMissBenchmarks : RegistryBenchmarks
{
    private readonly Probes _absent = Probes.Absent();
    private HashSet<string> _set = [];

    protected override void OnSetup()
    {
        _set = [.. Enumerable.Range(0, Size).Select(n => NewProject.NameOf(n))];
    }

    [Benchmark(Baseline = true)]
    public bool InSet() => _set.Contains(_absent.Next());

    [Benchmark]
    public bool TryGet() => Registry.TryGet(_absent.Next(), out _);
}
