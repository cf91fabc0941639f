namespace Imm.Core.Model;

/// <summary>One limit's range, 1 to a maximum (both inclusive), and its default.</summary>
internal sealed record LimitRange(string Parameter, long Maximum, long Default)
{
    public const long Minimum = 1;

    public Refusal? Check(RequestedLimit requested) =>
        requested.Unreadable is { } refusal ? refusal
        : requested.Value is not { } value ? null
        : value < Minimum ? Refusal.BelowMinimum(Parameter, value, Minimum, Maximum)
        : value > Maximum ? Refusal.AboveMaximum(Parameter, value, Maximum)
        : null;

    public bool Contains(long value) => value >= Minimum && value <= Maximum;
}

/// <summary>A limit as a request names it: absent, a number, or a text on the wire that is no number, whose refusal waits for its turn.</summary>
internal readonly record struct RequestedLimit(long? Value, Refusal? Unreadable = null);

/// <summary>The limits that a request names for a dataset.</summary>
internal readonly record struct RequestedDatasetQuota(
    RequestedLimit DatasetMaxBindCount,
    RequestedLimit DatasetMaxFileCount,
    RequestedLimit DatasetMaxEntityCount,
    RequestedLimit DatasetMaxRelationCount,
    RequestedLimit DatasetMaxTotalFileSize)
{
    public static RequestedDatasetQuota Of(IRequestedLimits request) => new(
        new(request.DatasetMaxBindCount, request.Unreadable?[nameof(DatasetMaxBindCount)]),
        new(request.DatasetMaxFileCount, request.Unreadable?[nameof(DatasetMaxFileCount)]),
        new(request.DatasetMaxEntityCount, request.Unreadable?[nameof(DatasetMaxEntityCount)]),
        new(request.DatasetMaxRelationCount, request.Unreadable?[nameof(DatasetMaxRelationCount)]),
        new(request.DatasetMaxTotalFileSize, request.Unreadable?[nameof(DatasetMaxTotalFileSize)]));

    public bool Any => (DatasetMaxBindCount.Value ?? DatasetMaxFileCount.Value ?? DatasetMaxEntityCount.Value
        ?? DatasetMaxRelationCount.Value ?? DatasetMaxTotalFileSize.Value) is not null;
}

/// <summary>The limits that a request names for a project.</summary>
internal readonly record struct RequestedQuota(RequestedLimit ProjectMaxDatasetCount, RequestedDatasetQuota Dataset)
{
    public static RequestedQuota Of(IRequestedProject request) => new(
        new(request.ProjectMaxDatasetCount, request.Unreadable?[nameof(ProjectMaxDatasetCount)]),
        RequestedDatasetQuota.Of(request));

    public bool Any => ProjectMaxDatasetCount.Value is not null || Dataset.Any;
}
