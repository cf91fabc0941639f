namespace Imm.Core;

/// <summary>
/// A request that the registry refused, or that the store could not carry out. Nothing was changed, unless <see cref="Code"/> is
/// <see cref="ImmErrorCode.ServiceUnavailable"/>: a change that was being written to the disk may then be found when the store is next
/// opened.
/// </summary>
/// <remarks>
/// Decide by <see cref="Code"/> and the data properties: they are API, and every number in the message is also a property. The message is
/// for people and may change. Immutable and thread-safe.
/// </remarks>
/// <example>
/// <code>
/// try
/// {
///     registry.Create(new() { ProjectName = "photos" });
/// }
/// catch (ImmException e) when (e.Code == ImmErrorCode.ResourceAlreadyExists)
/// {
///     Console.WriteLine(e.Message);
/// }
/// catch (ImmException e) when (e.Code == ImmErrorCode.LimitExceededError)
/// {
///     Console.WriteLine($"{e.Used} of {e.Limit} are in use.");
/// }
/// </code>
/// </example>
public sealed class ImmException : Exception
{
    internal ImmException(ImmRefusal refusal)
        : base(refusal.Message, refusal.Cause) => Refusal = refusal;

    /// <summary>One of the codes of <see cref="ImmErrorCode"/>.</summary>
    public string Code => Refusal.Code;

    /// <summary>
    /// The reason where <see cref="Code"/> is <see cref="ImmErrorCode.ServiceUnavailable"/>; null for other codes.
    /// </summary>
    public ImmUnavailableReason? Reason => Refusal.Reason;

    /// <summary>The HTTP status that the service answers with for this code: 400, 403, 404, 409, 410 or 503.</summary>
    public int HttpStatus => ImmErrorCode.HttpStatus(Code);

    /// <summary>The service's name of the request parameter that is at fault; null where it is not a single one.</summary>
    public string? Parameter => Refusal.Parameter;

    /// <summary>
    /// For a limit: the number that was requested. For a revision: the one that the request names. Null where it does not fit 64 bits, and
    /// for other refusals.
    /// </summary>
    public long? Requested => Refusal.Requested;

    /// <summary>
    /// For the limit of a count: the number in use. May be above <see cref="Limit"/> after the limit was lowered. For a revision: the
    /// present one. Null for other refusals.
    /// </summary>
    public long? Used => Refusal.Used;

    /// <summary>For a limit: the greatest number allowed. Null for other refusals.</summary>
    public long? Limit => Refusal.Limit;

    internal ImmRefusal Refusal { get; }

    /// <summary>
    /// The exception with its message, cause and stack trace, as every exception, and with its code, parameter and numbers.
    /// </summary>
    public override string ToString() =>
        $"{typeof(ImmException).FullName} ({Refusal.Describe()}){base.ToString().AsSpan(typeof(ImmException).FullName!.Length)}";
}
