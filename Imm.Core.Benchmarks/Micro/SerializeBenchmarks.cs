using System.Text.Json;
using BenchmarkDotNet.Attributes;

namespace Imm.Core.Benchmarks.Micro;

/// <summary>Writes and reads the JSON of a project; the baseline is the serializer with an object of strings and numbers.</summary>
[MemoryDiagnoser]
public class SerializeBenchmarks
{
    private Project _project = null!;
    private PlainProject _plain = null!;
    private string _json = "";

    [GlobalSetup]
    public void Setup()
    {
        _project = Filled.Registry(0).Create(new()
        {
            ProjectName = "p89abcdef-holiday-photos-2026",
            Description = "Photos of the summer, 夏の写真",
            Tag = [new Tag("team", "media"), new Tag("cost-centre", "12")],
        });
        _plain = new PlainProject(
            _project.ProjectName.Value,
            _project.Description,
            _project.ServiceRole,
            _project.CreateTime,
            _project.UpdateTime,
            _project.ProjectMaxDatasetCount,
            _project.DatasetMaxFileCount,
            _project.DatasetMaxTotalFileSize,
            [.. _project.Tags.Select(tag => new KeyValuePair<string, string>(tag.Key, tag.Value))]);
        _json = ImmJson.WriteProject(_project);
    }

    [Benchmark(Baseline = true)]
    public string SerializerAlone() => JsonSerializer.Serialize(_plain);

    [Benchmark]
    public string Write() => ImmJson.WriteProject(_project);

    [Benchmark]
    public Project Read() => ImmJson.ReadProject(_json);

    private sealed record PlainProject(
        string Name,
        string Description,
        string ServiceRole,
        DateTimeOffset CreateTime,
        DateTimeOffset UpdateTime,
        long MaxDatasetCount,
        long MaxFileCount,
        long MaxTotalFileSize,
        KeyValuePair<string, string>[] Tags);
}
