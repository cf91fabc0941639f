using System.Globalization;

namespace Imm.Core.Model;

/// <summary>The reason why a request is refused: the data of an <see cref="ImmException"/>, as a value.</summary>
internal sealed record Refusal(
    string Code, string Message, string? Parameter = null, long? Requested = null, long? Used = null, long? Limit = null)
{
    /// <summary>The exception behind the refusal, if any: the inner exception of the <see cref="ImmException"/> that it becomes.</summary>
    public Exception? Cause { get; init; }

    /// <summary>The reason for <see cref="ImmErrorCode.ServiceUnavailable"/>; null for other codes.</summary>
    public ImmUnavailableReason? Reason { get; init; }

    /// <summary>The particulars of a refusal by policies; null for other refusals.</summary>
    public AccessDenial? Denial { get; init; }

    /// <summary>The refusal of a change while as many others wait as the store allows.</summary>
    public static Refusal TooManyWaiting { get; } = new(
        ImmErrorCode.ThrottlingUser, "Request was denied due to user flow control: too many changes wait for the disk. Try again later.");

    /// <summary>Makes the exception of the refusal.</summary>
    public ImmException ToException() => new(this);

    public static Refusal Missing(string parameter) =>
        new(ImmErrorCode.InvalidArgument, $"The parameter {parameter} is required but not provided.", parameter);

    /// <summary>The refusal of a malformed parameter.</summary>
    /// <param name="parameter">The name on the wire.</param>
    /// <param name="problem">The problem and the rule, as the rest of a sentence.</param>
    public static Refusal Invalid(string parameter, string problem) =>
        new(ImmErrorCode.InvalidArgument, $"The parameter {parameter} is invalid: {problem}", parameter);

    public static Refusal BelowMinimum(string parameter, long requested, long minimum, long maximum) =>
        Invalid(
            parameter,
            string.Create(CultureInfo.InvariantCulture, $"{requested} is below its minimum; it must be from {minimum} to {maximum}."));

    /// <summary>The refusal of a number above its maximum.</summary>
    /// <param name="parameter">The name on the wire.</param>
    /// <param name="requested">The number; null where it does not fit 64 bits.</param>
    /// <param name="maximum">The greatest number allowed.</param>
    public static Refusal AboveMaximum(string parameter, long? requested, long maximum) =>
        new(
            ImmErrorCode.LimitExceededError,
            string.Create(
                CultureInfo.InvariantCulture, $"The parameter {parameter} is invalid: input quota exceed the max value, {maximum}."),
            parameter,
            Requested: requested,
            Limit: maximum);

    public static Refusal TooMany(string parameter, long requested, long maximum) =>
        new(
            ImmErrorCode.LimitExceededError,
            string.Create(
                CultureInfo.InvariantCulture, $"The parameter {parameter} is invalid: it has {requested} entries, and may have {maximum}."),
            parameter,
            requested,
            Limit: maximum);

    public static Refusal ChangesNothing(string required) =>
        new(ImmErrorCode.InvalidArgument, $"The request changes nothing: at least one parameter besides {required} is required.");

    /// <summary>The refusal of growth past a limit.</summary>
    /// <param name="parameter">The name of the limit, or of the parameter that asks for more.</param>
    /// <param name="counted">The noun of the things that are counted.</param>
    /// <param name="requested">The growth.</param>
    /// <param name="used">The count before it.</param>
    /// <param name="limit">The greatest count allowed.</param>
    public static Refusal CountExceeded(string parameter, string counted, UInt128 requested, long used, long limit)
    {
        long? number = requested <= long.MaxValue ? (long)requested : null;
        return new(
            ImmErrorCode.LimitExceededError,
            string.Create(
                CultureInfo.InvariantCulture,
                $"The resource count exceeds the limit: {counted}, "
                + $"requested {number?.ToString(CultureInfo.InvariantCulture) ?? "more than 2^63-1"}, used {used}, limit {limit}."),
            parameter,
            number,
            used,
            limit);
    }

    public static Refusal AlreadyExists(string kind, string parameter) =>
        new(ImmErrorCode.ResourceAlreadyExists, $"The specified resource {kind} already exists.", parameter);

    public static Refusal NotFound(string kind, string parameter) =>
        new(ImmErrorCode.ResourceNotFound, $"The specified resource {kind} is not found.", parameter);

    public static Refusal Conflict(string message, string parameter) => new(ImmErrorCode.StatusConflict, message, parameter);

    public static Refusal NoPermission(string? reason) =>
        new(
            ImmErrorCode.NoPermission,
            string.IsNullOrEmpty(reason)
                ? "User not authorized to operate on the specified APIs."
                : $"User not authorized to operate on the specified APIs. {reason}");

    public static Refusal Unavailable(ImmUnavailableReason reason, string message, Exception? cause = null) =>
        new(ImmErrorCode.ServiceUnavailable, message) { Reason = reason, Cause = cause };
}
