using BenchmarkDotNet.Attributes;
using Imm.Core.Benchmarks.Throughput.Peers;

namespace Imm.Core.Benchmarks.Micro;

/// <summary>Not to find a project; beside a set of the names that nobody may change.</summary>
[MemoryDiagnoser]
public class TryGetMissBenchmarks
{
    private readonly Probes _absent = Probes.Absent();
    private HashSet<string> _set = [];
    private ProjectRegistry _registry = null!;

    [Params(1_000, 100_000)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _registry = Filled.Registry(Size);
        _set = [.. Enumerable.Range(0, Size).Select(n => NewProject.NameOf(n))];
    }

    [Benchmark(Baseline = true)]
    public bool InSet() => _set.Contains(_absent.Next());

    [Benchmark]
    public bool TryGet() => _registry.TryGet(_absent.Next(), out _);
}
