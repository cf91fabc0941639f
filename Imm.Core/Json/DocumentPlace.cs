using System.Globalization;

namespace Imm.Core.Json;

/// <summary>A place in a document, which the messages about its fields name.</summary>
/// <param name="Subject">The noun for the document in messages.</param>
/// <param name="Path">The JSON path of the place.</param>
internal readonly record struct DocumentPlace(string Subject, string Path)
{
    public DocumentPlace Entry(string array, int index) =>
        this with { Path = string.Create(CultureInfo.InvariantCulture, $"{Path}.{array}[{index}]") };

    /// <summary>Gets the object at this place.</summary>
    /// <exception cref="FormatException">The object is null.</exception>
    public T Required<T>(T? document)
        where T : class => document ?? throw Wrong("It is null.");

    /// <summary>Reads a time, in ticks of UTC.</summary>
    /// <param name="field">The name of the field.</param>
    /// <param name="text">The text; null where the field is absent.</param>
    /// <param name="absent">The time of an absent field; null where the field is required.</param>
    /// <exception cref="FormatException">The field is missing or not a time.</exception>
    public long Time(string field, string? text, long? absent = null) =>
        text is null ? absent ?? throw Wrong(field, "It is missing.")
        : WireTime.TryRead(text, out long ticks) ? ticks
        : throw Wrong(field, WireTime.Rule);

    /// <summary>Reads a number from 0 on.</summary>
    /// <param name="field">The name of the field.</param>
    /// <param name="number">The number; null where the field is absent.</param>
    /// <param name="absent">The number of an absent field.</param>
    /// <param name="maximum">The greatest number allowed.</param>
    /// <exception cref="FormatException">The number is out of its range.</exception>
    public long Number(string field, long? number, long absent, long maximum = long.MaxValue) =>
        number is < 0 ? throw Wrong(field, "It is below 0.")
        : number > maximum ? throw Wrong(field, string.Create(CultureInfo.InvariantCulture, $"It is above its maximum, {maximum}."))
        : number ?? absent;

    public FormatException Wrong(string field, string problem) => (this with { Path = $"{Path}.{field}" }).Wrong(problem);

    public FormatException Wrong(string problem) => new($"The {Subject} is wrong at {Path}. {problem}");
}
