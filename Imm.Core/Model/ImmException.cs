using Imm.Core.Model;

namespace Imm.Core;

/// <summary>
/// A request that the registry refused, or that the store could not carry out. Nothing was changed, unless <see cref="Code"/> is
/// <see cref="ImmErrorCode.ServiceUnavailable"/>: then a change that was on its way to the disk may be found after the store is opened again.
/// </summary>
/// <remarks>
/// Decide by <see cref="Code"/> and the data properties; they are API and every number in the message is also a property. The message is
/// for people and may change. Immutable.
/// </remarks>
public sealed class ImmException : Exception
{
    internal ImmException(Refusal refusal, Exception? innerException = null)
        : base(refusal.Message, innerException) => Refusal = refusal;

    /// <summary>One of the codes of <see cref="ImmErrorCode"/>.</summary>
    public string Code => Refusal.Code;

    /// <summary>The HTTP status that the service answers with for this code: 400, 403, 404 or 503.</summary>
    public int HttpStatus => ImmErrorCode.HttpStatus(Code);

    /// <summary>The service's name of the request parameter that is at fault; null where no single one is.</summary>
    public string? Parameter => Refusal.Parameter;

    /// <summary>For a limit: how much was asked for. Null where the number does not fit 64 bits, and for other refusals.</summary>
    public long? Requested => Refusal.Requested;

    /// <summary>For the limit of a count: how much is in use already; may be above <see cref="Limit"/> after a limit was lowered.</summary>
    public long? Used => Refusal.Used;

    /// <summary>For a limit: the most that is allowed.</summary>
    public long? Limit => Refusal.Limit;

    internal Refusal Refusal { get; }
}
