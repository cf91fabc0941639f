using System.Text;
using Imm.Core.Model;

namespace Imm.Core.Wire;

/// <summary>Writes the answer of one call, a success or an error.</summary>
internal readonly struct AnswerWriter(Guid requestId, string hostFormat, string? regionId, TimeSpan timeOffset)
{
    public ImmApiResponse Success<T>(T answer, Action<DocumentWriter, T> write)
    {
        DocumentWriter document = Begin();
        write(document, answer);
        return End(200, document);
    }

    public ImmApiResponse Error(Refusal refusal) => Error(refusal.Code, refusal.Message);

    public ImmApiResponse Error(string code, string message)
    {
        DocumentWriter document = Begin();
        document.WriteText("HostId"u8, hostFormat.Replace("{region}", regionId, StringComparison.Ordinal));
        document.WriteText("Code"u8, code);
        document.WriteText("Message"u8, message);
        document.WriteText("Recommend"u8, $"https://next.api.aliyun.com/troubleshoot?q={code}&product=imm");
        return End(ImmErrorCode.HttpStatus(code), document);
    }

    private DocumentWriter Begin()
    {
        DocumentWriter document = DocumentWriter.Begin(timeOffset);
        Span<byte> id = stackalloc byte[36];
        requestId.TryFormat(id, out _);
        Ascii.ToUpperInPlace(id, out _);
        document.Json.WriteStartObject();
        document.Json.WriteString("RequestId"u8, id);
        return document;
    }

    private static ImmApiResponse End(int statusCode, DocumentWriter document)
    {
        document.Json.WriteEndObject();
        return new ImmApiResponse(statusCode, document.End());
    }
}
