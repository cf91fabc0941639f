using BenchmarkDotNet.Attributes;

namespace Imm.Core.Benchmarks.Micro;

/// <summary>To get a project by its name; beside a dictionary that nobody may change.</summary>
[MemoryDiagnoser]
public class GetBenchmarks
{
    private readonly Dictionary<string, Project> _dictionary = [];
    private ProjectRegistry _registry = null!;
    private Probes _probes = null!;

    [Params(1_000, 100_000)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _registry = Filled.Registry(Size);
        _probes = Probes.Present(Size);
        foreach (Project project in Filled.Projects(_registry))
        {
            _dictionary.Add(project.ProjectName.Value, project);
        }
    }

    [Benchmark(Baseline = true)]
    public Project FromDictionary() => _dictionary[_probes.Next()];

    [Benchmark]
    public Project Get() => _registry.Get(_probes.Next());

    [Benchmark]
    public bool TryGet() => _registry.TryGet(_probes.Next(), out _);
}
