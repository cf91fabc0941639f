using System.Text.RegularExpressions;
using BenchmarkDotNet.Attributes;

namespace Imm.Core.Benchmarks.Micro;

/// <summary>Parses a project name; the baseline is a generated regular expression for the same rule.</summary>
[MemoryDiagnoser]
public partial class ParseNameBenchmarks
{
    private readonly string _name = "p89abcdef-holiday-photos-2026";
    private readonly string _invalid = "p89abcdef-holiday-photos 2026";

    [Benchmark(Baseline = true)]
    public bool RegularExpression() => Rule().IsMatch(_name);

    [Benchmark]
    public ProjectName? TryParse() => ProjectName.TryParse(_name, out ProjectName? name) ? name : null;

    [Benchmark]
    public bool TryParseInvalid() => ProjectName.TryParse(_invalid, out _);

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_-]{0,127}\\z")]
    private static partial Regex Rule();
}
