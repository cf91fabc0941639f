using Imm.Core.Model;

namespace Imm.Core.Telemetry;

/// <summary>One call of a registry, for those who watch. Made only where somebody does.</summary>
internal sealed class Operation(string action, Scope scope, string? projectName, string? datasetName, object? request)
{
    /// <summary>The RAM action, one of <see cref="ImmAction"/>.</summary>
    public string Action { get; } = action;

    public Scope Scope { get; } = scope;

    /// <summary>The project as the caller named it, well-formed or not; null where the call names none.</summary>
    public string? ProjectName { get; } = projectName;

    /// <summary>The dataset as the caller named it, well-formed or not; null where the call names none.</summary>
    public string? DatasetName { get; } = datasetName;

    /// <summary>The parameters of the caller: a copy of the request, or the names alone where the call takes no request.</summary>
    public object? Request { get; } = request;

    /// <summary>The duration on the clock of the store, once it has ended; null where the clock cannot say.</summary>
    public TimeSpan? Duration { get; set; }

    /// <summary>The answer that the caller got; null while it is under way, and where it failed.</summary>
    public object? Answer { get; set; }

    /// <summary>The exception that the caller got instead of an answer.</summary>
    public Exception? Exception { get; set; }

    /// <summary>The service's code of a refusal; null where there was none.</summary>
    public string? Code => (Exception as ImmException)?.Code;

    /// <summary>The state that telemetry keeps between the beginning and the end.</summary>
    public object? Activity { get; set; }

    /// <summary>The entry of the operation in a test's record.</summary>
    public object? Recorded { get; set; }
}
