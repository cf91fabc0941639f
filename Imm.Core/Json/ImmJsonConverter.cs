using System.Text.Json;
using System.Text.Json.Serialization;
using Imm.Core.Json;

namespace Imm.Core;

/// <summary>
/// Makes <see cref="JsonSerializer"/> write <see cref="Project"/>, <see cref="Dataset"/>, their pages, <see cref="Tag"/> and
/// <see cref="ProjectName"/> as the service does, and read them back. The types name it themselves: no options are needed.
/// </summary>
/// <remarks>
/// The JSON is that of <see cref="ImmJson"/>, whatever naming policy the options have; texts are escaped as the options say. It needs no
/// reflection, so it works with source generation and native AOT. A value that breaks a rule throws <see cref="JsonException"/>. Stateless
/// and thread-safe.
/// </remarks>
public sealed class ImmJsonConverter : JsonConverterFactory
{
    /// <summary>True for the types that the converter reads and writes.</summary>
    /// <param name="typeToConvert">The type.</param>
    public override bool CanConvert(Type typeToConvert) => ConverterOf(typeToConvert) is not null;

    /// <summary>Gets the converter of a type; null for any other type.</summary>
    /// <param name="typeToConvert">The type.</param>
    /// <param name="options">Not used.</param>
    public override JsonConverter? CreateConverter(Type typeToConvert, JsonSerializerOptions options) => ConverterOf(typeToConvert);

    private static JsonConverter? ConverterOf(Type type) =>
        type == typeof(Project) ? Structure.Project
        : type == typeof(Dataset) ? Structure.Dataset
        : type == typeof(ProjectPage) ? Structure.ProjectPage
        : type == typeof(DatasetPage) ? Structure.DatasetPage
        : type == typeof(Tag) ? Structure.Tag
        : type == typeof(ProjectName) ? NameConverter.Instance
        : null;

    /// <summary>A name is a JSON string, also as the name of a property: the key of a dictionary.</summary>
    private sealed class NameConverter : JsonConverter<ProjectName>
    {
        public static NameConverter Instance { get; } = new();

        public override ProjectName Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String
                ? ReadAsPropertyName(ref reader, typeToConvert, options)
                : throw new JsonException("A project name is a text.");

        public override ProjectName ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            try
            {
                return ProjectName.Parse(reader.GetString()!);
            }
            catch (FormatException e)
            {
                throw new JsonException(e.Message, e);
            }
        }

        public override void Write(Utf8JsonWriter writer, ProjectName value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.Value);

        public override void WriteAsPropertyName(Utf8JsonWriter writer, ProjectName value, JsonSerializerOptions options) =>
            writer.WritePropertyName(value.Value);
    }
}
