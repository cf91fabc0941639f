using System.Text;
using Imm.Core.Model;
using Imm.Core.Telemetry;

namespace Imm.Core.Testing;

/// <summary>A call that a fixture's store received: its operation, parameters and time, and its outcome.</summary>
/// <remarks>Thread-safe. Only the outcome changes, when the call ends.</remarks>
public sealed class ImmCall
{
    private readonly string? _datasetName;
    private readonly RamPrincipal? _principal;
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
        Resource = operation.Request is FileChange[] { Length: > 1 } files
            ? operation.Scope.Arn(files[0]?.ProjectName, files[0]?.DatasetName)
            : operation.Scope.Arn(operation.ProjectName, operation.DatasetName);
        StartTime = timeProvider.GetUtcNow();
        _principal = operation.Principal;
    }

    /// <summary>The number of the call in the fixture, from 1.</summary>
    public int Number { get; }

    /// <summary>The operation.</summary>
    public ImmOperation Operation { get; }

    /// <summary>The account.</summary>
    public string AccountId { get; }

    /// <summary>The region.</summary>
    public string RegionId { get; }

    /// <summary>The project name that the caller gave, well-formed or not. Null if the call has none, or several.</summary>
    public string? ProjectName { get; }

    /// <summary>The dataset name that the caller gave, well-formed or not. Null if the call has none, or several.</summary>
    public string? DatasetName => Operation == ImmOperation.ListDatasets ? null : _datasetName;

    /// <summary>
    /// The parameters at the time of the call: a copy of the request; the <see cref="FileChange"/>s of
    /// <see cref="ImmOperation.AddFiles"/> and <see cref="ImmOperation.RemoveFiles"/>; the URI of a binding, the name of a bucket, or a
    /// language. Null if the call has no parameters but the names.
    /// </summary>
    public object? Request { get; }

    /// <summary>The start time on the fixture's clock.</summary>
    public DateTimeOffset StartTime { get; }

    /// <summary>The duration on the fixture's clock; zero while the call is under way.</summary>
    public TimeSpan Duration => Volatile.Read(ref _end)?.Duration ?? TimeSpan.Zero;

    /// <summary>True if the call has ended.</summary>
    public bool IsCompleted => Volatile.Read(ref _end) is not null;

    /// <summary>True if the call has ended without a refusal or exception.</summary>
    public bool Succeeded => Volatile.Read(ref _end) is { Succeeded: true };

    /// <summary>
    /// The answer: a <see cref="Project"/>, <see cref="ProjectPage"/>, <see cref="Dataset"/>, <see cref="DatasetPage"/>,
    /// <see cref="Binding"/>, <see cref="BindingPage"/>, <see cref="OssBucketAttachment"/> or <see cref="OssBucketAttachmentPage"/>, a list
    /// of regions, all projects or datasets of a list, a <see cref="GetOrCreateResult{T}"/>, or the datasets that files were added to or
    /// removed from. Null if there is none.
    /// </summary>
    public object? Answer => Volatile.Read(ref _end)?.Answer;

    /// <summary>
    /// The exception that the call ended with; null if it succeeded or is under way. For a refusal that the caller took as a value, such as
    /// the RPC endpoint, it is the exception that a registry throws.
    /// </summary>
    public Exception? Exception => Volatile.Read(ref _end)?.Exception;

    /// <summary>The code of the refusal, one of <see cref="ImmErrorCode"/>; null if the call was not refused.</summary>
    public string? Code => Volatile.Read(ref _end)?.Refusal?.Code;

    /// <summary>The principal of the registry or of the access key; the account itself if there was none.</summary>
    public RamPrincipal Principal => _principal ?? RamPrincipal.Root(AccountId);

    /// <summary>
    /// The decision of policies on the call, with the statement that made it; the last one if the call is about several datasets. Null if
    /// no policies decided: the parameters are malformed, another authorizer decided, or the call is under way.
    /// </summary>
    public RamDecision? Decision => Volatile.Read(ref _end)?.Decision;

    /// <summary>The faults that were injected into the call, in their order.</summary>
    public IReadOnlyList<ImmFault> Faults => Array.AsReadOnly(Volatile.Read(ref _faults));

    /// <summary>The operation, the names and the scope, for texts.</summary>
    internal string Subject
    {
        get
        {
            string project = ProjectName is null ? "" : $" {ProjectName}";
            string dataset = DatasetName is null ? "" : $"/{DatasetName}";
            return $"{Operation}{project}{dataset} ({AccountId}/{RegionId})";
        }
    }

    /// <summary>The ARN that the call is authorized for; the first of several.</summary>
    internal string Resource { get; }

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

    /// <summary>Describes the call in one line: its number, operation, names, parameters, outcome and faults.</summary>
    public override string ToString()
    {
        var text = new StringBuilder().Append(Number).Append(". ").Append(Subject);
        string request = RequestText.Describe(Operation, Request);
        if (request.Length > 0)
        {
            text.Append(" {").Append(request).Append('}');
        }

        End? end = Volatile.Read(ref _end);
        text.Append(" -> ").Append(
            end is null ? "under way"
            : end.Succeeded ? "done"
            : end.Refusal?.Code ?? end.Exception!.GetType().Name);
        if (Faults.Count > 0)
        {
            text.Append(" [").AppendJoin(", ", Faults).Append(']');
        }

        return text.ToString();
    }

    // The observers of one call run one after the other, so there are only readers beside this.
    internal void Add(ImmFault fault) => Volatile.Write(ref _faults, [.. _faults, fault]);

    internal void Complete(Operation operation) => Volatile.Write(
        ref _end,
        new End(operation.Duration ?? TimeSpan.Zero, AnswerOf(operation), operation.Refusal, operation.Exception, operation.Decision));

    /// <summary>Gets the part of an answer that the caller sees.</summary>
    private object? AnswerOf(Operation operation) => Operation switch
    {
        ImmOperation.DeleteProject or ImmOperation.DeleteDataset or ImmOperation.DeleteBinding or ImmOperation.DetachOssBucket => null,
        _ => operation.Answer,
    };

    private sealed class End(
        TimeSpan duration, object? answer, ImmRefusal? refusal, Exception? exception, RamDecision? decision)
    {
        private Exception? _exception = exception;

        public TimeSpan Duration => duration;

        public object? Answer => answer;

        public ImmRefusal? Refusal => refusal;

        public RamDecision? Decision => decision;

        public bool Succeeded => refusal is null && Volatile.Read(ref _exception) is null;

        /// <summary>The exception. That of a refusal is made when it is first read.</summary>
        public Exception? Exception
        {
            get
            {
                if (refusal is not null && Volatile.Read(ref _exception) is null)
                {
                    Interlocked.CompareExchange(ref _exception, refusal.ToException(), null);
                }

                return _exception;
            }
        }
    }
}
