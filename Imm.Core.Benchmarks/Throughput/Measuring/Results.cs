using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Imm.Core.Benchmarks.Throughput.Measuring;

/// <summary>The unit of a row's values.</summary>
internal enum Unit
{
    OperationsPerSecond,
    Nanoseconds,
    Bytes,
}

/// <summary>The event that an acknowledged change survives, as the engine promises it.</summary>
internal enum Guarantee
{
    /// <summary>A power cut.</summary>
    Durable,

    /// <summary>The end of the process.</summary>
    Relaxed,

    /// <summary>Nothing at first; the change is written to disk later.</summary>
    Later,

    /// <summary>Nothing.</summary>
    Memory,
}

/// <summary>The results of one run of the program, from which its report is made.</summary>
internal sealed record RunResults
{
    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    public required string Date { get; init; }

    /// <summary>The mode of the run, its rounds and times.</summary>
    public required IReadOnlyDictionary<string, string> Program { get; init; }

    public required IReadOnlyDictionary<string, string> Machine { get; init; }

    public required IReadOnlyDictionary<string, string> Versions { get; init; }

    /// <summary>The description of each engine, by its name.</summary>
    public required IReadOnlyDictionary<string, string> Engines { get; init; }

    public required IReadOnlyList<RowResult> Rows { get; init; }

    /// <summary>The target figures. They are evaluated from the rows, also when an earlier run is read from a file.</summary>
    public IReadOnlyList<TargetResult> Targets => [.. Measuring.Targets.All.Select(target => target.Evaluate(Rows))];

    public RowResult? Row(string id) => Rows.FirstOrDefault(row => row.Id == id);

    public string ToJson() => JsonSerializer.Serialize(this, Format) + "\n";

    /// <exception cref="JsonException">The text is not what <see cref="ToJson"/> writes.</exception>
    public static RunResults FromJson(string json) =>
        JsonSerializer.Deserialize<RunResults>(json, Format) ?? throw new JsonException("The results are null.");
}

/// <summary>A row of a scenario, measured for several engines.</summary>
/// <param name="Id">The identifier, such as <c>create/1000/64</c>.</param>
/// <param name="Group">The title of the scenario.</param>
/// <param name="Title">The title in tables.</param>
/// <param name="Unit">The unit of the values. More operations per second are better; of the other units less is better.</param>
/// <param name="Engines">The results of the engines, Imm.Core first.</param>
internal sealed record RowResult(string Id, string Group, string Title, Unit Unit, IReadOnlyList<EngineResult> Engines)
{
    public EngineResult? Of(string engine) => Engines.FirstOrDefault(result => result.Engine == engine);

    /// <summary>Computes how many times better the first value is than the second.</summary>
    public double Ratio(double first, double second) => Unit == Unit.OperationsPerSecond ? first / second : second / first;
}

/// <summary>The result of one engine in a row.</summary>
internal sealed record EngineResult
{
    public required string Engine { get; init; }

    public required Guarantee Guarantee { get; init; }

    public required Spread Value { get; init; }

    /// <summary>Latencies by kind of operation, of all rounds together.</summary>
    public required IReadOnlyDictionary<string, Percentiles> Latency { get; init; }

    /// <summary>Extra values by name.</summary>
    public required IReadOnlyDictionary<string, Spread> Extra { get; init; }

    public string? Note { get; init; }
}
