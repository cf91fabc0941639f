using System.Globalization;
using System.Text;
using Imm.Core.Model;

namespace Imm.Core;

/// <summary>
/// The refusal of a request as a value: what an <see cref="ImmException"/> says, without the cost of an exception. Exceptions are made of
/// it.
/// </summary>
/// <remarks>
/// Decide by <see cref="Code"/> and the data properties: they are API, and every number in the message is also a property. The message is
/// for people and may change. Equal where all fields are equal. Immutable and thread-safe.
/// </remarks>
/// <example>
/// <code>
/// int number = 1;
/// while (registry.TryCreate(new() { ProjectName = $"project-{number}" }, out Project? project, out ImmRefusal? refusal)
///     || refusal.Code == ImmErrorCode.ResourceAlreadyExists)
/// {
///     number++;
/// }
/// </code>
/// </example>
public sealed record ImmRefusal
{
    private readonly string _text;
    private readonly bool _isCount;

    /// <param name="code">One of <see cref="ImmErrorCode"/>.</param>
    /// <param name="message">The message.</param>
    /// <param name="parameter">The name on the wire of the parameter at fault.</param>
    /// <param name="requested">The number that was requested.</param>
    /// <param name="used">The number in use.</param>
    /// <param name="limit">The greatest number allowed.</param>
    internal ImmRefusal(
        string code, string message, string? parameter = null, long? requested = null, long? used = null, long? limit = null)
    {
        Code = code;
        _text = message;
        Parameter = parameter;
        Requested = requested;
        Used = used;
        Limit = limit;
    }

    // A quota that is used up refuses call after call: the message is put together where it is read.
    private ImmRefusal(string parameter, string counted, long? requested, long used, long limit)
        : this(ImmErrorCode.LimitExceededError, counted, parameter, requested, used, limit) => _isCount = true;

    /// <summary>One of the codes of <see cref="ImmErrorCode"/>.</summary>
    public string Code { get; }

    /// <summary>The HTTP status that the service answers with for this code: 400, 403, 404, 409, 410 or 503.</summary>
    public int HttpStatus => ImmErrorCode.HttpStatus(Code);

    /// <summary>The service's name of the request parameter that is at fault; null where it is not a single one.</summary>
    public string? Parameter { get; }

    /// <summary>
    /// For a limit: the number that was requested. For a revision: the one that the request names. Null where it does not fit 64 bits, and
    /// for other refusals.
    /// </summary>
    public long? Requested { get; }

    /// <summary>
    /// For the limit of a count: the number in use. May be above <see cref="Limit"/> after the limit was lowered. For a revision: the
    /// present one. Null for other refusals.
    /// </summary>
    public long? Used { get; }

    /// <summary>For a limit: the greatest number allowed. Null for other refusals.</summary>
    public long? Limit { get; }

    /// <summary>The message for people.</summary>
    public string Message => _isCount
        ? string.Create(
            CultureInfo.InvariantCulture,
            $"The resource count exceeds the limit: {_text}, requested {Number(Requested)}, used {Used}, limit {Limit}.")
        : _text;

    /// <summary>The exception behind the refusal, if any: the inner exception of the <see cref="ImmException"/> that it becomes.</summary>
    internal Exception? Cause { get; init; }

    /// <summary>The reason for <see cref="ImmErrorCode.ServiceUnavailable"/>; null for other codes.</summary>
    public ImmUnavailableReason? Reason { get; internal init; }

    /// <summary>The particulars of a refusal by policies; null for other refusals.</summary>
    internal AccessDenial? Denial { get; init; }

    /// <summary>The refusal of a change while as many others wait as the store allows.</summary>
    internal static ImmRefusal TooManyWaiting { get; } = new(
        ImmErrorCode.ThrottlingUser, "Request was denied due to user flow control: too many changes wait for the disk. Try again later.");

    /// <summary>The refusal of a change where there is no memory left for a description of what happened.</summary>
    internal static ImmRefusal OutOfMemory { get; } = Unavailable(
        ImmUnavailableReason.Other, "The change was not acknowledged: the process has run out of memory.");

    /// <summary>Makes the exception of the refusal.</summary>
    internal ImmException ToException() => new(this);

    /// <summary>The code, status, parameter, numbers and message, for people.</summary>
    public override string ToString() => $"{Describe()}: {Message}";

    /// <summary>Describes everything but the message.</summary>
    internal string Describe()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Code}, HTTP status {HttpStatus}");
        Append("parameter", Parameter);
        Append("requested", Requested);
        Append("used", Used);
        Append("limit", Limit);
        Append("reason", Reason);
        return text.ToString();

        void Append<T>(string name, T? value)
        {
            if (value is not null)
            {
                text.Append(CultureInfo.InvariantCulture, $", {name} {value}");
            }
        }
    }

    /// <summary>Copies the refusal with another message and cause.</summary>
    internal ImmRefusal WithMessage(string message, Exception? cause) =>
        new(Code, message, Parameter, Requested, Used, Limit) { Cause = cause, Denial = Denial, Reason = Reason };

    internal static ImmRefusal Missing(string parameter) =>
        new(ImmErrorCode.InvalidArgument, $"The parameter {parameter} is required but not provided.", parameter);

    /// <summary>The refusal of a malformed parameter.</summary>
    /// <param name="parameter">The name on the wire.</param>
    /// <param name="problem">The problem and the rule, as the rest of a sentence.</param>
    internal static ImmRefusal Invalid(string parameter, string problem) =>
        new(ImmErrorCode.InvalidArgument, $"The parameter {parameter} is invalid: {problem}", parameter);

    internal static ImmRefusal BelowMinimum(string parameter, long requested, long minimum, long maximum) =>
        Invalid(
            parameter,
            string.Create(CultureInfo.InvariantCulture, $"{requested} is below its minimum; it must be from {minimum} to {maximum}."));

    /// <summary>The refusal of a number above its maximum.</summary>
    /// <param name="parameter">The name on the wire.</param>
    /// <param name="requested">The number; null where it does not fit 64 bits.</param>
    /// <param name="maximum">The greatest number allowed.</param>
    internal static ImmRefusal AboveMaximum(string parameter, long? requested, long maximum) =>
        new(
            ImmErrorCode.LimitExceededError,
            string.Create(
                CultureInfo.InvariantCulture, $"The parameter {parameter} is invalid: input quota exceed the max value, {maximum}."),
            parameter,
            requested: requested,
            limit: maximum);

    internal static ImmRefusal TooMany(string parameter, long requested, long maximum) =>
        new(
            ImmErrorCode.LimitExceededError,
            string.Create(
                CultureInfo.InvariantCulture, $"The parameter {parameter} is invalid: it has {requested} entries, and may have {maximum}."),
            parameter,
            requested,
            limit: maximum);

    internal static ImmRefusal ChangesNothing(string required) =>
        new(ImmErrorCode.InvalidArgument, $"The request changes nothing: at least one parameter besides {required} is required.");

    /// <summary>The refusal of growth past a limit.</summary>
    /// <param name="parameter">The name of the limit, or of the parameter that asks for more.</param>
    /// <param name="counted">The noun of the things that are counted.</param>
    /// <param name="requested">The growth.</param>
    /// <param name="used">The count before it.</param>
    /// <param name="limit">The greatest count allowed.</param>
    internal static ImmRefusal CountExceeded(string parameter, string counted, UInt128 requested, long used, long limit) =>
        new(parameter, counted, requested <= long.MaxValue ? (long)requested : null, used, limit);

    internal static ImmRefusal AlreadyExists(string kind, string parameter) =>
        new(ImmErrorCode.ResourceAlreadyExists, $"The specified resource {kind} already exists.", parameter);

    internal static ImmRefusal NotFound(string kind, string parameter) =>
        new(ImmErrorCode.ResourceNotFound, $"The specified resource {kind} is not found.", parameter);

    /// <summary>The refusal of a conditional change.</summary>
    /// <param name="kind">The noun for the resource.</param>
    /// <param name="parameter">The name of the condition.</param>
    /// <param name="expected">The revision that the request expects.</param>
    /// <param name="actual">The revision that the resource has.</param>
    internal static ImmRefusal RevisionMismatch(string kind, string parameter, long expected, long actual) =>
        new(
            ImmErrorCode.RevisionMismatch,
            string.Create(
                CultureInfo.InvariantCulture,
                $"The {kind} has changed: its revision is {actual}, and the request expects {expected}. Read it again and decide anew."),
            parameter,
            requested: expected,
            used: actual);

    /// <summary>The refusal of a watch that cannot go on.</summary>
    /// <param name="revision">The revision after which it was to go on.</param>
    /// <param name="problem">The problem, as the middle of a sentence.</param>
    internal static ImmRefusal RevisionGone(long revision, string problem) =>
        new(
            ImmErrorCode.RevisionGone,
            string.Create(
                CultureInfo.InvariantCulture,
                $"The changes after revision {revision} cannot be given: {problem}. List again, and watch from the revision of that list."),
            "afterRevision",
            requested: revision);

    internal static ImmRefusal Conflict(string message, string parameter) => new(ImmErrorCode.StatusConflict, message, parameter);

    internal static ImmRefusal NoPermission(string? reason) =>
        new(
            ImmErrorCode.NoPermission,
            string.IsNullOrEmpty(reason)
                ? "User not authorized to operate on the specified APIs."
                : $"User not authorized to operate on the specified APIs. {reason}");

    internal static ImmRefusal Unavailable(ImmUnavailableReason reason, string message, Exception? cause = null) =>
        new(ImmErrorCode.ServiceUnavailable, message) { Reason = reason, Cause = cause };

    private static string Number(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "more than 2^63-1";
}
