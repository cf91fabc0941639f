using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Imm.Core.Tests.Wire;

/// <summary>
/// Tests of projects, datasets and pages as JSON, by <see cref="JsonSerializer"/> and by <see cref="ImmJson"/>: the JSON of the service,
/// read back from text, UTF-8 and streams.
/// </summary>
public sealed partial class SerializerTests : IDisposable
{
    private const string Description = "\"\u5a92\u4f53\" <b> + \U0001F4F7 \u0001";

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonSerializerOptions CamelCase = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private readonly ImmStore _store = ImmStore.InMemory(new ImmStoreOptions
    {
        TimeProvider = new FakeTimeProvider(new DateTimeOffset(2026, 11, 26, 21, 54, 3, TimeSpan.Zero).AddTicks(1)),
    });

    private readonly ProjectRegistry _registry;
    private readonly Project _project;
    private readonly Dataset _dataset;

    public SerializerTests()
    {
        _registry = _store.Registry();
        _registry.Create(new() { ProjectName = "music" });
        _registry.Create(new()
        {
            ProjectName = "photos",
            Description = Description,
            DatasetMaxFileCount = 5_000,
            Tag = [new("team", "media")],
        });
        _registry.CreateDataset(new() { ProjectName = "photos", DatasetName = "raw", Description = Description, DatasetMaxBindCount = 2 });
        _registry.CreateDataset(new() { ProjectName = "photos", DatasetName = "small" });
        _registry.CreateBinding("photos", "raw", "oss://camera");
        _dataset = _registry.AddFiles("photos", "raw", 10, 480);
        _project = _registry.Get("photos");
    }

    public void Dispose() => _store.Dispose();

    [Fact]
    public async Task The_serializer_writes_the_JSON_of_the_service()
    {
        var api = new ImmApi(_store);

        Assert.Equal(await AnswerAsync("GetProject", "Project"), Serialized(_project));
        Assert.Equal(await AnswerAsync("GetDataset", "Dataset"), Serialized(_dataset));
        ProjectPage projects = _registry.List(new() { MaxResults = 1 });
        DatasetPage datasets = _registry.ListDatasets(new() { ProjectName = "photos", MaxResults = 1 });
        Assert.Equal(await AnswerAsync("ListProjects", null), Serialized(projects));
        Assert.Equal(await AnswerAsync("ListDatasets", null), Serialized(datasets));
        Assert.Contains("\"2026-11-27T05:54:03.000000100+08:00\"", JsonSerializer.Serialize(_project), StringComparison.Ordinal);
        Assert.Equal("""{"TagKey":"team","TagValue":"media"}""", JsonSerializer.Serialize(_project.Tags[0]));

        static string Serialized<T>(T value)
        {
            using JsonDocument json = JsonDocument.Parse(JsonSerializer.Serialize(value, CamelCase));
            return JsonSerializer.Serialize(json.RootElement);
        }

        async Task<string> AnswerAsync(string action, string? member)
        {
            ImmApiResponse answer = await api.InvokeAsync(
                "default",
                "local",
                action,
                [new("ProjectName", "photos"), new("DatasetName", "raw"), new("MaxResults", "1")]);
            using JsonDocument json = JsonDocument.Parse(answer.Json);
            return member is not null
                ? JsonSerializer.Serialize(json.RootElement.GetProperty(member))
                : $"{{{JsonSerializer.Serialize(json.RootElement)[(1 + answer.Json.IndexOf(',', StringComparison.Ordinal))..]}"
                    .Replace("{,", "{", StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_the_serializer_writes_equals_what_ImmJson_writes()
    {
        Project plain = _registry.Get("music");
        Dataset small = _registry.GetDataset("photos", "small");

        Assert.Equal(ImmJson.WriteProject(plain), JsonSerializer.Serialize(plain));
        Assert.Equal(ImmJson.WriteDataset(small), JsonSerializer.Serialize(small));
        Assert.Equal(
            ImmJson.WriteProject(_project).Replace("\U0001F4F7", "\\uD83D\\uDCF7", StringComparison.Ordinal),
            JsonSerializer.Serialize(_project, Relaxed));
    }

    [Fact]
    public void What_is_written_is_read_back_by_reflection_and_by_generated_code()
    {
        Everything all = new(
            _project,
            _dataset,
            _registry.List(new() { MaxResults = 1 }),
            _registry.ListDatasets(new() { ProjectName = "photos" }),
            new() { [_project.ProjectName] = _project.Tags[0] },
            _project.ProjectName,
            null);
        string json = JsonSerializer.Serialize(all);

        Assert.Equal(json, JsonSerializer.Serialize(all, GeneratedContext.Default.Everything));
        foreach (Everything read in (Everything[])
            [JsonSerializer.Deserialize<Everything>(json)!, JsonSerializer.Deserialize(json, GeneratedContext.Default.Everything)!])
        {
            Assert.Equal((_project, _dataset, _project.ProjectName, null), (read.Project, read.Dataset, read.Name, read.None));
            Assert.Equal(all.Projects.Projects, read.Projects.Projects);
            Assert.Equal(all.Datasets.Datasets, read.Datasets.Datasets);
            Assert.Equal((all.Projects.NextToken, all.Datasets.NextToken), (read.Projects.NextToken, read.Datasets.NextToken));
            Assert.Equal(all.ByName, read.ByName);
        }
    }

    [Theory]
    [InlineData("Project", """{"ProjectName":"1st"}""", "$.ProjectName")]
    [InlineData("Project", """{"ProjectName":"p","CreateTime":"2026-11-26T21:54:03Z"}""", "$.UpdateTime")]
    [InlineData("Project", """{"Project":{"ProjectName":"p"}}""", "$.Project.CreateTime")]
    [InlineData("Dataset", """{"ProjectName":"p","CreateTime":"2026-11-26T21:54:03Z"}""", "$.DatasetName")]
    [InlineData("ProjectPage", """{"NextToken":"t"}""", "$.Projects")]
    [InlineData("ProjectPage", """{"Projects":[null]}""", "$.Projects[0]")]
    [InlineData("DatasetPage", """{"Datasets":[{"ProjectName":"p"}]}""", "$.Datasets[0].DatasetName")]
    [InlineData("Tag", """{"TagValue":"v"}""", "$.TagKey")]
    [InlineData("ProjectName", "\"a b\"", "U+0020")]
    [InlineData("ProjectName", "7", "text")]
    [InlineData("Project", "[]", "JSON")]
    public void A_value_that_breaks_a_rule_is_an_error_that_names_its_place(string type, string json, string place)
    {
        Type target = typeof(Project).Assembly.GetType($"Imm.Core.{type}")!;

        JsonException wrong = Assert.Throws<JsonException>(() => JsonSerializer.Deserialize(json, target));

        Assert.Contains(place, wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ImmJson_reads_text_UTF_8_and_streams_and_writes_into_the_document_of_a_caller()
    {
        ProjectPage projects = _registry.List();
        DatasetPage datasets = _registry.ListDatasets(new() { ProjectName = "photos" });
        byte[] bytes = Encoding.UTF8.GetBytes(ImmJson.WriteProject(_project));

        Assert.Equal(_project, ImmJson.ReadProject(bytes));
        Assert.Equal(_project, await ImmJson.ReadProjectAsync(new MemoryStream(bytes)));
        Assert.Equal(_dataset, ImmJson.ReadDataset(ImmJson.WriteDataset(_dataset, TimeSpan.FromHours(-3))));
        Assert.Equal(_dataset, await ImmJson.ReadDatasetAsync(new MemoryStream(Encoding.UTF8.GetBytes(ImmJson.WriteDataset(_dataset)))));
        Assert.Equal(projects.Projects, ImmJson.ReadProjectPage(ImmJson.WriteProjectPage(projects)).Projects);
        Assert.Equal(datasets.Datasets, ImmJson.ReadDatasetPage(ImmJson.WriteDatasetPage(datasets)).Datasets);
        using var stream = new MemoryStream();
        await using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WritePropertyName("Project");
            ImmJson.WriteProject(writer, _project, TimeSpan.Zero);
            writer.WritePropertyName("FirstPage");
            ImmJson.WriteProjectPage(writer, projects);
            writer.WritePropertyName("SecondPage");
            ImmJson.WriteDatasetPage(writer, datasets);
            writer.WritePropertyName("Dataset");
            ImmJson.WriteDataset(writer, _dataset);
            writer.WriteEndObject();
        }

        string document = Encoding.UTF8.GetString(stream.ToArray());
        Assert.Equal(_project, ImmJson.ReadProject(document));
        Assert.Contains("\"2026-11-26T21:54:03.000000100+00:00\"", document, StringComparison.Ordinal);
        Assert.Equal(_dataset, ImmJson.ReadDataset(document));
    }

    [Fact]
    public async Task What_is_not_JSON_is_a_format_error_in_every_form()
    {
        byte[] noUtf8 = [.. "{\"ProjectName\":\""u8, 0xff, .. "\"}"u8];

        Assert.Throws<FormatException>(() => ImmJson.ReadDataset("null"));
        Assert.Throws<FormatException>(() => ImmJson.ReadProject("{\"Description\":\"\ud83d\"}"));
        Assert.Throws<FormatException>(() => ImmJson.ReadProject(noUtf8));
        Assert.Throws<FormatException>(() => ImmJson.ReadProject(ReadOnlySpan<byte>.Empty));
        await Assert.ThrowsAsync<FormatException>(() => ImmJson.ReadProjectAsync(new MemoryStream(noUtf8)).AsTask());
        await Assert.ThrowsAsync<FormatException>(() => ImmJson.ReadProjectPageAsync(new MemoryStream()).AsTask());
        await Assert.ThrowsAsync<ArgumentNullException>("utf8Json", () => ImmJson.ReadDatasetPageAsync(null!).AsTask());
        Assert.Throws<ArgumentNullException>("page", () => ImmJson.WriteProjectPage(null!));
        Assert.Throws<ArgumentNullException>("writer", () => ImmJson.WriteDataset(null!, _dataset));
        Assert.Throws<ArgumentOutOfRangeException>("timeOffset", () => ImmJson.WriteDataset(_dataset, TimeSpan.FromHours(15)));
    }

    internal sealed record Everything(
        Project Project,
        Dataset Dataset,
        ProjectPage Projects,
        DatasetPage Datasets,
        Dictionary<ProjectName, Tag> ByName,
        ProjectName Name,
        Project? None);

    [JsonSerializable(typeof(Everything))]
    internal sealed partial class GeneratedContext : JsonSerializerContext;
}
