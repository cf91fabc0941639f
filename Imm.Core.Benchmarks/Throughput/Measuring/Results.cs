using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Imm.Core.Benchmarks.Throughput.Measuring;

/// <summary>What the values of a row are.</summary>
internal enum Unit
{
    OperationsPerSecond,
    Nanoseconds,
    Bytes,
}

/// <summary>What an acknowledged change is safe from, as a contender promises it.</summary>
internal enum Guarantee
{
    /// <summary>A power cut.</summary>
    Durable,

    /// <summary>The end of the process.</summary>
    Relaxed,

    /// <summary>Nothing, until some moment later.</summary>
    Later,

    /// <summary>Nothing, ever.</summary>
    Memory,
}

/// <summary>Everything that one run of the program found: its report is made of this alone.</summary>
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

    /// <summary>The mode, and what it means for sizes and times.</summary>
    public required IReadOnlyDictionary<string, string> Program { get; init; }

    public required IReadOnlyDictionary<string, string> Machine { get; init; }

    public required IReadOnlyDictionary<string, string> Versions { get; init; }

    /// <summary>What each contender is and does, and where it does less work than Imm.Core.</summary>
    public required IReadOnlyDictionary<string, string> Contenders { get; init; }

    public required IReadOnlyList<RowResult> Rows { get; init; }

    /// <summary>The figures to reach, as far as they were measured.</summary>
    public required IReadOnlyList<FigureResult> Figures { get; init; }

    public RowResult? Row(string id) => Rows.FirstOrDefault(row => row.Id == id);

    public string ToJson() => JsonSerializer.Serialize(this, Format) + "\n";

    /// <exception cref="JsonException">The text is not what <see cref="ToJson"/> writes.</exception>
    public static RunResults FromJson(string json) => JsonSerializer.Deserialize<RunResults>(json, Format) ?? throw new JsonException("It is null.");
}

/// <summary>One subject, measured for several contenders.</summary>
/// <param name="Id">Its name for programs, such as <c>create/1000/64</c>.</param>
/// <param name="Group">What it is part of.</param>
/// <param name="Title">Its name for people.</param>
/// <param name="Unit">What the values are; of operations per second more is better, of the others less.</param>
/// <param name="Contenders">The contenders, Imm.Core first.</param>
internal sealed record RowResult(string Id, string Group, string Title, Unit Unit, IReadOnlyList<ContenderResult> Contenders)
{
    public ContenderResult? Of(string contender) => Contenders.FirstOrDefault(result => result.Contender == contender);

    /// <summary>How many times better the first is than the second.</summary>
    public double Ratio(double first, double second) => Unit == Unit.OperationsPerSecond ? first / second : second / first;
}

/// <summary>What one contender did in a row.</summary>
internal sealed record ContenderResult
{
    public required string Contender { get; init; }

    public required Guarantee Guarantee { get; init; }

    public required Spread Value { get; init; }

    /// <summary>Latencies by kind of operation, of all rounds together.</summary>
    public required IReadOnlyDictionary<string, Percentiles> Latency { get; init; }

    /// <summary>Other figures, by name.</summary>
    public required IReadOnlyDictionary<string, Spread> Extra { get; init; }

    public string? Note { get; init; }
}
