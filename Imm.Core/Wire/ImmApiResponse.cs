namespace Imm.Core;

/// <summary>An answer of <see cref="ImmApi"/>. Immutable.</summary>
public sealed class ImmApiResponse
{
    internal ImmApiResponse(int statusCode, string json, Guid requestId)
    {
        RequestId = requestId;
        StatusCode = statusCode;
        Json = json;
    }

    /// <summary>The RequestId, which the body shows in upper case.</summary>
    internal Guid RequestId { get; }

    /// <summary>The HTTP status: 200, or that of the error code (<see cref="ImmException.HttpStatus"/>).</summary>
    public int StatusCode { get; }

    /// <summary>The body: a JSON object in the service's form of a success or an error.</summary>
    public string Json { get; }

    /// <summary>Gets the status and the body, for logs.</summary>
    public override string ToString() => $"{StatusCode} {Json}";
}
