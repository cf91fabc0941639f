using System.Text;
using Imm.Core.Model;
using Imm.Core.Telemetry;

namespace Imm.Core.Testing;

/// <summary>One call that a fixture's store received: who asked for what, when, and what came of it.</summary>
/// <remarks>
/// Safe to read from many threads at once. What stands in it does not change, but for what says how the call ended, which comes when it
/// does.
/// </remarks>
public sealed class ImmCall
{
    private readonly string? _datasetName;
    private ImmFault[] _faults = [];
    private End? _end;

    internal ImmCall(int number, Operation operation, TimeProvider timeProvider)
    {
        Number = number;
        Operation = ImmOperations.Of(operation.Action);
        AccountId = operation.Scope.AccountId;
        RegionId = operation.Scope.RegionId;
        ProjectName = operation.Action == ImmAction.ListProjects ? null : operation.ProjectName;
        _datasetName = operation.DatasetName;
        Request = operation.Request switch
        {
            string when Operation is ImmOperation.GetProject or ImmOperation.DeleteProject => null,
            FileChange[] changes => Array.AsReadOnly(changes),
            var request => request,
        };
        StartTime = timeProvider.GetUtcNow();
    }

    /// <summary>Its place among the calls of the fixture, from 1.</summary>
    public int Number { get; }

    /// <summary>The operation that was asked for.</summary>
    public ImmOperation Operation { get; }

    /// <summary>The account.</summary>
    public string AccountId { get; }

    /// <summary>The region.</summary>
    public string RegionId { get; }

    /// <summary>The project as the caller named it, well-formed or not. Null where the call names none, or several.</summary>
    public string? ProjectName { get; }

    /// <summary>The dataset as the caller named it, well-formed or not. Null where the call names none, or several.</summary>
    public string? DatasetName => Operation == ImmOperation.ListDatasets ? null : _datasetName;

    /// <summary>
    /// The parameters of the caller, as they were then: a copy of the request; the <see cref="FileChange"/>s of
    /// <see cref="ImmOperation.AddFiles"/> and <see cref="ImmOperation.RemoveFiles"/>; the URI of a binding. Null where the names are all
    /// there is.
    /// </summary>
    public object? Request { get; }

    /// <summary>When it began, on the fixture's clock.</summary>
    public DateTimeOffset StartTime { get; }

    /// <summary>The duration on the fixture's clock; zero while it is under way.</summary>
    public TimeSpan Duration => Volatile.Read(ref _end)?.Duration ?? TimeSpan.Zero;

    /// <summary>True if it has ended.</summary>
    public bool IsCompleted => Volatile.Read(ref _end) is not null;

    /// <summary>True if it has ended without an exception.</summary>
    public bool Succeeded => Volatile.Read(ref _end) is { Exception: null };

    /// <summary>
    /// The answer that the caller got: a <see cref="Project"/>, <see cref="ProjectPage"/>, <see cref="Dataset"/>, <see cref="DatasetPage"/>
    /// or <see cref="Binding"/>, a list of bindings, or the datasets that files were counted into or out of. Null where it got nothing.
    /// </summary>
    public object? Answer => Volatile.Read(ref _end)?.Answer;

    /// <summary>The exception that the caller got instead of an answer; null where it got one.</summary>
    public Exception? Exception => Volatile.Read(ref _end)?.Exception;

    /// <summary>The code of the refusal, one of <see cref="ImmErrorCode"/>; null where the call was not refused.</summary>
    public string? Code => (Exception as ImmException)?.Code;

    /// <summary>The faults that had a part in it, in the order in which they did.</summary>
    public IReadOnlyList<ImmFault> Faults => Array.AsReadOnly(Volatile.Read(ref _faults));

    /// <summary>True if the call is about a project, alone or among others.</summary>
    /// <param name="projectName">The project's name.</param>
    public bool IsAbout(string projectName) => ProjectName == projectName
        || (Request is IReadOnlyList<FileChange> changes && changes.Any(change => change?.ProjectName == projectName));

    /// <summary>True if the call is about a dataset, alone or among others.</summary>
    /// <param name="projectName">The project's name.</param>
    /// <param name="datasetName">The dataset's name.</param>
    public bool IsAbout(string projectName, string datasetName) => (ProjectName == projectName && DatasetName == datasetName)
        || (Request is IReadOnlyList<FileChange> changes
            && changes.Any(change => change?.ProjectName == projectName && change.DatasetName == datasetName));

    /// <summary>The call in one line: what, about what, with what, and what came of it.</summary>
    public override string ToString()
    {
        var text = new StringBuilder().Append(Number).Append(". ").Append(Operation);
        if (ProjectName is not null)
        {
            text.Append(' ').Append(ProjectName);
        }

        if (DatasetName is not null)
        {
            text.Append('/').Append(DatasetName);
        }

        text.Append(" (").Append(AccountId).Append('/').Append(RegionId).Append(')');
        string request = RequestText.Describe(Request);
        if (request.Length > 0)
        {
            text.Append(" {").Append(request).Append('}');
        }

        End? end = Volatile.Read(ref _end);
        text.Append(" -> ").Append(
            end is null ? "under way"
            : end.Exception is ImmException refused ? refused.Code
            : end.Exception is not null ? end.Exception.GetType().Name
            : "done");
        if (Faults.Count > 0)
        {
            text.Append(" [").AppendJoin(", ", Faults).Append(']');
        }

        return text.ToString();
    }

    // The hooks of one call run one after the other, so only readers are beside them.
    internal void Add(ImmFault fault) => Volatile.Write(ref _faults, [.. _faults, fault]);

    internal void Complete(Operation operation) => Volatile.Write(
        ref _end,
        new End(operation.Duration ?? TimeSpan.Zero, AnswerOf(operation), operation.Refusal?.ToException() ?? operation.Exception));

    /// <summary>The part of an answer that the caller sees.</summary>
    private object? AnswerOf(Operation operation) => Operation switch
    {
        ImmOperation.DeleteProject or ImmOperation.DeleteDataset or ImmOperation.DeleteBinding => null,
        _ => operation.Answer,
    };

    private sealed record End(TimeSpan Duration, object? Answer, Exception? Exception);
}
