using BenchmarkDotNet.Attributes;
using Imm.Core.Benchmarks.Throughput.Peers;

namespace Imm.Core.Benchmarks.Micro;

/// <summary>Not to find a project; beside a set of the names that nobody may change.</summary>
[MemoryDiagnoser]
public class TryGetMissBenchmarks
{
    private const int Names = 1 << 14;

    private readonly string[] _absent = [.. Enumerable.Range(0, Names).Select(n => NewProject.NameOf(((long)1 << 40) + n))];
    private HashSet<string> _set = [];
    private ProjectRegistry _registry = null!;
    private int _at;

    [Params(1_000, 100_000)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _registry = Filled.Registry(Size);
        _set = [.. Enumerable.Range(0, Size).Select(n => NewProject.NameOf(n))];
    }

    [Benchmark(Baseline = true)]
    public bool InSet() => _set.Contains(Next());

    [Benchmark]
    public bool TryGet() => _registry.TryGet(Next(), out _);

    private string Next() => _absent[_at = (_at + 1) & (Names - 1)];
}
