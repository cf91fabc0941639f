using BenchmarkDotNet.Attributes;

namespace Imm.Core.Benchmarks.Micro;

/// <summary>Gets a project by its name; the baseline is a dictionary without concurrent updates.</summary>
public class GetBenchmarks : RegistryBenchmarks
{
    private readonly Dictionary<string, Project> _dictionary = [];
    private Probes _probes = null!;

    protected override void OnSetup()
    {
        _probes = Probes.Present(Size);
        foreach (Project project in Filled.Projects(Registry))
        {
            _dictionary.Add(project.ProjectName.Value, project);
        }
    }

    [Benchmark(Baseline = true)]
    public Project FromDictionary() => _dictionary[_probes.Next()];

    [Benchmark]
    public Project Get() => Registry.Get(_probes.Next());

    [Benchmark]
    public bool TryGet() => Registry.TryGet(_probes.Next(), out _);
}
