using BenchmarkDotNet.Attributes;
using Imm.Core.Benchmarks.Throughput.Adapters;

namespace Imm.Core.Benchmarks.Micro;

/// <summary>Creates a project in memory and deletes it again, in a scope of many projects; the baseline is an empty scope.</summary>
public class CreateBenchmarks : RegistryBenchmarks
{
    private const int Requests = 1 << 12;

    private readonly CreateProjectRequest[] _requests =
        [.. Enumerable.Range(0, Requests).Select(n => ImmAdapter.Request(NewProject.Of(Filled.FirstAbsent + n)))];

    private readonly ProjectRegistry _empty = Filled.Registry(0);
    private int _next;

    [Benchmark(Baseline = true)]
    public Project InEmptyScope() => CreateAndDelete(_empty);

    [Benchmark]
    public Project InFilledScope() => CreateAndDelete(Registry);

    private Project CreateAndDelete(ProjectRegistry registry)
    {
        Project project = registry.Create(_requests[_next = (_next + 1) & (Requests - 1)]);
        registry.Delete(project.ProjectName.Value);
        return project;
    }
}
