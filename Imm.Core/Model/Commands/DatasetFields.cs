namespace Imm.Core.Model;

/// <summary>The fields of a dataset that a request sets, checked; null where it does not set them.</summary>
internal readonly record struct DatasetFields(string? Description, string? TemplateId, LimitSet<long?> Limits)
{
    /// <summary>True if the request sets at least one field.</summary>
    public bool Any => Description is not null || TemplateId is not null || Limits.AnySet();

    /// <summary>Parses the names and fields in the order of the service's page, first failure first.</summary>
    public static ImmRefusal? Parse(DatasetRequest request, out DatasetFields fields)
    {
        fields = new DatasetFields(request.Description, request.TemplateId, request.Limits);
        return NameRule.CheckNames(request.ProjectName, request.DatasetName)
            ?? ProjectFields.CheckDescription(fields.Description)
            ?? ProjectFields.CheckTemplateId(fields.TemplateId)
            ?? LimitSet.Check(Limit.OfDataset, fields.Limits, request.Unreadable);
    }
}
