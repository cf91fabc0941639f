using System.Buffers.Binary;
using System.Text;
using Imm.Core.Json;
using Imm.Core.Model;

namespace Imm.Core.Wire;

/// <summary>Writes the answer of one call, a success or an error.</summary>
internal readonly struct AnswerWriter(Guid requestId, string hostFormat, string? regionId, TimeSpan timeOffset)
{
    private const int IdLength = 36;

    public ImmApiResponse Success<T>(T answer, Action<DocumentWriter, T> write)
    {
        DocumentWriter document = Begin();
        write(document, answer);
        return End(200, document);
    }

    /// <param name="refusal">The refusal.</param>
    /// <param name="timeProvider">The clock, for the diagnostic message of a refusal by policies.</param>
    public ImmApiResponse Error(ImmRefusal refusal, TimeProvider timeProvider) => refusal.Denial is { } denial
        ? Error(refusal.Code, denial.Message, denial, timeProvider)
        : Error(refusal.Code, refusal.Message);

    public ImmApiResponse Error(string code, string message) => Error(code, message, denial: null, TimeProvider.System);

    private ImmApiResponse Error(string code, string message, AccessDenial? denial, TimeProvider timeProvider)
    {
        DocumentWriter document = Begin();
        document.WriteText("HostId"u8, hostFormat.Replace("{region}", regionId, StringComparison.Ordinal));
        document.WriteText("Code"u8, code);
        document.WriteText("Message"u8, message);
        document.WriteText("Recommend"u8, $"https://next.api.aliyun.com/troubleshoot?q={code}&product=imm");
        if (denial is not null)
        {
            WriteDetail(document, denial, timeProvider.GetUtcNow());
        }

        return End(ImmErrorCode.HttpStatus(code), document);
    }

    /// <summary>Writes the member that the vendor's clients give to their callers.</summary>
    private void WriteDetail(DocumentWriter document, AccessDenial denial, DateTimeOffset time)
    {
        // Base64 of what the vendor's samples decode to: the bytes 1 and 1, the time in seconds, and the id of the request.
        Span<byte> message = stackalloc byte[10 + IdLength];
        message[0] = 1;
        message[1] = 1;
        BinaryPrimitives.WriteInt64BigEndian(message[2..], time.ToUnixTimeSeconds());
        WriteId(message[10..]);
        document.Json.WriteStartObject("AccessDeniedDetail"u8);
        document.WriteText("PolicyType"u8, denial.PolicyType);
        document.WriteText("AuthPrincipalOwnerId"u8, denial.PrincipalOwnerId);
        document.WriteText("EncodedDiagnosticMessage"u8, Convert.ToBase64String(message));
        document.WriteText("AuthPrincipalType"u8, denial.PrincipalType);
        document.WriteText("AuthPrincipalDisplayName"u8, denial.PrincipalDisplayName);
        document.WriteText("NoPermissionType"u8, denial.NoPermissionType);
        document.WriteText("AuthAction"u8, denial.Action);
        document.Json.WriteEndObject();
    }

    private void WriteId(Span<byte> destination)
    {
        requestId.TryFormat(destination, out _);
        Ascii.ToUpperInPlace(destination, out _);
    }

    private DocumentWriter Begin()
    {
        DocumentWriter document = DocumentWriter.Begin(timeOffset);
        Span<byte> id = stackalloc byte[IdLength];
        WriteId(id);
        document.Json.WriteStartObject();
        document.Json.WriteString("RequestId"u8, id);
        return document;
    }

    private ImmApiResponse End(int statusCode, DocumentWriter document)
    {
        document.Json.WriteEndObject();
        return new ImmApiResponse(statusCode, document.End(), requestId);
    }
}
