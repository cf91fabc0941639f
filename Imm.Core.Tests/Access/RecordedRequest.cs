using System.Text.Json;
using Imm.Core.Tests.Conventions;
using Imm.Core.Wire;

namespace Imm.Core.Tests.Access;

/// <summary>The requests of <c>signatures.jsonl</c>, as the vendor's Node clients sent them, with what they are signed from.</summary>
internal static class RecordedRequest
{
    public static DateTimeOffset Time { get; } = new(2026, 11, 26, 12, 29, 11, TimeSpan.Zero);

    public static JsonElement[] All { get; } =
    [
        .. File.ReadLines(Repository.File("Imm.Core.Tests", "Access", "signatures.jsonl"))
            .Select(line => JsonDocument.Parse(line).RootElement),
    ];

    public static string? Text(this JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

    public static List<KeyValuePair<string, string>> Headers(this JsonElement recorded)
    {
        string[] raw = [.. recorded.GetProperty("request").GetProperty("rawHeaders").EnumerateArray().Select(one => one.GetString()!)];
        return [.. raw.Chunk(2).Select(pair => KeyValuePair.Create(pair[0], pair[1]))];
    }

    public static SignedRequest Request(this JsonElement recorded)
    {
        JsonElement request = recorded.GetProperty("request");
        string[] url = request.Text("url")!.Split('?', 2);
        return new SignedRequest(
            request.Text("method")!,
            url[0],
            url.Length > 1 ? url[1] : "",
            recorded.Headers(),
            System.Text.Encoding.UTF8.GetBytes(request.Text("body")!));
    }

    /// <summary>The key that signed the request; temporary ones carry their token.</summary>
    public static RamCredential? Credential(this JsonElement recorded, string? secret = null) =>
        recorded.Text("accessKeyId") is not { } id || (secret ?? recorded.Text("accessKeySecret")) is not { } known
            ? null
            : new RamCredential(id, known, RamPrincipal.User("42", "alice"))
            {
                SecurityToken = recorded.Request().Header("x-acs-security-token") ?? recorded.Request().Parameter("SecurityToken"),
            };
}
