using Imm.Core.Model;

namespace Imm.Core;

/// <summary>A request to the registry: the parameters of one of the service's actions, under their names.</summary>
/// <remarks>
/// Nothing is checked before the request is used. Not safe to change while a call that was given it has not returned.
/// </remarks>
public abstract class ImmRequest
{
    private protected ImmRequest()
    {
    }

    /// <summary>The parameters whose text in a text form of the request is not a value of their type; null for none.</summary>
    internal UnreadableParameters? Unreadable { get; set; }

    /// <summary>
    /// Copies a request and reads each property once. All of a call is done from the copy, so a caller who changes the request meanwhile
    /// cannot have one thing authorized and another done.
    /// </summary>
    internal static TRequest Copy<TRequest>(TRequest request)
        where TRequest : ImmRequest
    {
        var copy = (TRequest)request.MemberwiseClone();
        copy.CopyTags();
        return copy;
    }

    /// <summary>Replaces the list of tags, which is the caller's, by a copy.</summary>
    private protected virtual void CopyTags()
    {
    }
}
