using Imm.Core.Model;

namespace Imm.Core.Operations;

/// <summary>One call of a registry, for those who watch. Made only where somebody does.</summary>
internal sealed class Operation(string action, Scope scope, string? projectName, string? datasetName, object? request, long startTimestamp)
{
    /// <summary>The RAM action, one of <see cref="ImmAction"/>.</summary>
    public string Action { get; } = action;

    public Scope Scope { get; } = scope;

    /// <summary>The project as the caller named it, well-formed or not; null where the call names none.</summary>
    public string? ProjectName { get; } = projectName;

    /// <summary>The dataset as the caller named it, well-formed or not; null where the call names none.</summary>
    public string? DatasetName { get; } = datasetName;

    /// <summary>What the caller gave: a request, or the names alone where the call takes no request.</summary>
    public object? Request { get; } = request;

    /// <summary>When it began, on the clock of the store.</summary>
    public long StartTimestamp { get; } = startTimestamp;

    /// <summary>What the caller got; null while it is under way, and where it failed.</summary>
    public object? Answer { get; set; }

    /// <summary>What the caller got instead of an answer.</summary>
    public Exception? Exception { get; set; }

    /// <summary>The service's code of a refusal; null where there was none.</summary>
    public string? Code => (Exception as ImmException)?.Code;

    /// <summary>What telemetry keeps between the beginning and the end.</summary>
    public object? Activity { get; set; }

    /// <summary>What a test's record keeps of it.</summary>
    public object? Recorded { get; set; }
}
