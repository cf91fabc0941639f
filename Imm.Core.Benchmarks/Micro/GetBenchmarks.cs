using BenchmarkDotNet.Attributes;

namespace Imm.Core.Benchmarks.Micro;

/// <summary>To get a project by its name, and not to find one; beside a dictionary that nobody may change.</summary>
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
        _probes = new Probes(Size);
        for (string? token = ""; token is not null;)
        {
            ProjectPage page = _registry.List(new() { MaxResults = 200, NextToken = token });
            foreach (Project project in page.Projects)
            {
                _dictionary.Add(project.ProjectName.Value, project);
            }

            token = page.NextToken;
        }
    }

    [Benchmark(Baseline = true)]
    public Project FromDictionary() => _dictionary[_probes.Next()];

    [Benchmark]
    public Project Get() => _registry.Get(_probes.Next());

    [Benchmark]
    public bool TryGet() => _registry.TryGet(_probes.Next(), out _);
}
