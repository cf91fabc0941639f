using BenchmarkDotNet.Attributes;
using Imm.Core.Benchmarks.Throughput.Adapters;

namespace Imm.Core.Benchmarks.Micro;

/// <summary>Lists a page of 100 from a random position; the baseline is a sorted array without updates.</summary>
public class ListBenchmarks : RegistryBenchmarks
{
    private const int PageLength = 100;
    private const int Tokens = 1 << 12;

    private readonly ListProjectsRequest _request = new() { MaxResults = PageLength };
    private readonly string[] _tokens = new string[Tokens];
    private readonly string[] _after = new string[Tokens];
    private string[] _names = [];
    private Project[] _projects = [];
    private int _next;

    protected override void OnSetup()
    {
        var probes = Probes.Present(Size);
        for (int i = 0; i < Tokens; i++)
        {
            _after[i] = probes.Next();
            _tokens[i] = ImmAdapter.TokenAfter(_after[i]);
        }

        _projects = [.. Filled.Projects(Registry)];
        _names = [.. _projects.Select(project => project.ProjectName.Value)];
    }

    [Benchmark(Baseline = true)]
    public Project[] FromSortedArray()
    {
        int first = Array.BinarySearch(_names, _after[Next()], StringComparer.Ordinal) + 1;
        return _projects.AsSpan(first, Math.Min(PageLength, _projects.Length - first)).ToArray();
    }

    [Benchmark]
    public ProjectPage List()
    {
        _request.NextToken = _tokens[Next()];
        return Registry.List(_request);
    }

    private int Next() => _next = (_next + 1) & (Tokens - 1);
}
