using System.Text.Json.Serialization;

namespace Imm.Core.Wire;

/// <summary>The service's structure "Dataset"; its properties stand in the order in which they are written.</summary>
internal sealed record DatasetDocument(
    string ProjectName,
    string DatasetName,
    string TemplateId,
    string CreateTime,
    string UpdateTime,
    string Description,
    long DatasetMaxBindCount,
    long DatasetMaxFileCount,
    long DatasetMaxEntityCount,
    long DatasetMaxRelationCount,
    long DatasetMaxTotalFileSize,
    long BindCount,
    long FileCount,
    long TotalFileSize)
{
    public static DatasetDocument Of(Dataset dataset, TimeSpan timeOffset) => new(
        dataset.ProjectName.Value,
        dataset.DatasetName,
        dataset.TemplateId,
        WireTime.Write(dataset.CreateTicks, timeOffset),
        WireTime.Write(dataset.UpdateTicks, timeOffset),
        dataset.Description,
        dataset.DatasetMaxBindCount,
        dataset.DatasetMaxFileCount,
        dataset.DatasetMaxEntityCount,
        dataset.DatasetMaxRelationCount,
        dataset.DatasetMaxTotalFileSize,
        dataset.BindCount,
        dataset.FileCount,
        dataset.TotalFileSize);
}

/// <summary>The service's structure "Binding"; its properties stand in the order in which they are written.</summary>
internal sealed record BindingDocument(
    string ProjectName,
    string DatasetName,
    [property: JsonPropertyName("URI")] string Uri,
    string State,
    string Phase,
    string CreateTime,
    string UpdateTime)
{
    public static BindingDocument Of(Binding binding, TimeSpan timeOffset) => new(
        binding.ProjectName.Value,
        binding.DatasetName,
        binding.Uri,
        binding.State,
        binding.Phase,
        WireTime.Write(binding.CreateTicks, timeOffset),
        WireTime.Write(binding.CreateTicks, timeOffset));
}

internal sealed record DatasetAnswer(string RequestId, DatasetDocument Dataset);

internal sealed record DatasetsAnswer(
    string RequestId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? NextToken,
    DatasetDocument[] Datasets);

internal sealed record BindingAnswer(string RequestId, BindingDocument Binding);

internal sealed record BindingsAnswer(string RequestId, BindingDocument[] Bindings);
