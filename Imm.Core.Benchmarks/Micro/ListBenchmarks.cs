using BenchmarkDotNet.Attributes;
using Imm.Core.Benchmarks.Throughput.Peers;

namespace Imm.Core.Benchmarks.Micro;

/// <summary>To list a page of 100 from anywhere; beside a sorted array that nobody may change.</summary>
[MemoryDiagnoser]
public class ListBenchmarks
{
    private const int PageLength = 100;
    private const int Tokens = 1 << 12;

    private readonly ListProjectsRequest _request = new() { MaxResults = PageLength };
    private readonly string[] _tokens = new string[Tokens];
    private readonly string[] _after = new string[Tokens];
    private string[] _names = [];
    private Project[] _projects = [];
    private ProjectRegistry _registry = null!;
    private int _at;

    [Params(1_000, 100_000)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _registry = Filled.Registry(Size);
        var probes = Probes.Present(Size);
        for (int i = 0; i < Tokens; i++)
        {
            _after[i] = probes.Next();
            _tokens[i] = ImmPeer.TokenAfter(_after[i]);
        }

        _projects = [.. Filled.Projects(_registry)];
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
        return _registry.List(_request);
    }

    private int Next() => _at = (_at + 1) & (Tokens - 1);
}
