using Imm.Core.Model;

namespace Imm.Core.Telemetry;

/// <summary>One call of a registry, as observers see it. Made only while something observes.</summary>
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

    /// <summary>The principal of the caller; null where the account itself calls.</summary>
    public RamPrincipal? Principal { get; init; }

    /// <summary>The decision of policies on it; null where no policies were asked.</summary>
    public RamDecision? Decision { get; set; }

    /// <summary>The duration on the clock of the store, once it has ended; null where the clock failed.</summary>
    public TimeSpan? Duration { get; set; }

    /// <summary>The answer of the caller; null while the operation runs, and where it did not succeed.</summary>
    public object? Answer { get; set; }

    /// <summary>The refusal that the caller got instead of an answer.</summary>
    public ImmRefusal? Refusal { get; set; }

    /// <summary>The exception that the caller got instead of an answer or a refusal: cancelled, closed, or a defect.</summary>
    public Exception? Exception { get; set; }

    /// <summary>The span of the operation; telemetry's own.</summary>
    public object? Activity { get; set; }

    /// <summary>The entry in the call record of a test; the fixture's own.</summary>
    public object? Call { get; set; }
}
