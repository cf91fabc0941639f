using System.Text;
using BenchmarkDotNet.Attributes;

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
        var probes = new Probes(Size);
        for (int i = 0; i < Tokens; i++)
        {
            _after[i] = probes.Next();
            _tokens[i] = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Filled.Account}:{_after[i]}"));
        }

        var all = new List<Project>();
        for (string? token = ""; token is not null;)
        {
            ProjectPage page = _registry.List(new() { MaxResults = 200, NextToken = token });
            all.AddRange(page.Projects);
            token = page.NextToken;
        }

        _projects = [.. all];
        _names = [.. all.Select(project => project.ProjectName.Value)];
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
