using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Imm.Core.Wire;

namespace Imm.Core.Tests.Access;

/// <summary>A client that signs, written from the rules and not from the verifier, and lets a test spoil what it sends.</summary>
internal sealed class Signer
{
    public string AccessKeyId { get; set; } = "LTAI1";

    public string Secret { get; set; } = "secret-of-alice";

    public string? Token { get; set; }

    public DateTimeOffset Time { get; set; } = RecordedRequest.Time;

    public string Nonce { get; set; } = "n1";

    public string Method { get; set; } = "POST";

    public string Action { get; set; } = "GetProject";

    public string Query { get; set; } = "ProjectName=photos";

    public string Body { get; set; } = "";

    public string? ContentType { get; set; }

    /// <summary>Headers beside those of the signature; signed where they are of the caller's version 3.</summary>
    public List<KeyValuePair<string, string>> MoreHeaders { get; } = [];

    /// <summary>Parameters that are signed in version 2, and that a test sends itself.</summary>
    public List<KeyValuePair<string, string>> MoreParameters { get; } = [];

    /// <summary>Changes the headers that are signed, before they are signed.</summary>
    public Action<Dictionary<string, string>>? BeforeSigning { get; set; }

    private string Date => Time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    public SignedRequest V3() => new(Method, "/", Query, V3Headers(), Encoding.UTF8.GetBytes(Body));

    public List<KeyValuePair<string, string>> V3Headers(string host = "imm.example")
    {
        var signed = new Dictionary<string, string>
        {
            ["host"] = host,
            ["x-acs-action"] = Action,
            ["x-acs-version"] = "2020-09-30",
            ["x-acs-date"] = Date,
            ["x-acs-signature-nonce"] = Nonce,
            ["x-acs-content-sha256"] = Hex(SHA256.HashData(Encoding.UTF8.GetBytes(Body))),
        };
        if (Token is not null)
        {
            signed["x-acs-security-token"] = Token;
            signed["x-acs-accesskey-id"] = AccessKeyId;
        }

        if (ContentType is not null)
        {
            signed["content-type"] = ContentType;
        }

        foreach ((string name, string value) in MoreHeaders)
        {
            signed[name] = value;
        }

        BeforeSigning?.Invoke(signed);
        string names = string.Join(';', signed.Keys.Order(StringComparer.Ordinal));
        string canonical = string.Join('\n',
        [
            Method, "/", CanonicalQuery(Query), .. signed.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(
                pair => $"{pair.Key}:{pair.Value.Trim()}"),
            "", names, signed.GetValueOrDefault("x-acs-content-sha256", ""),
        ]);
        string toSign = "ACS3-HMAC-SHA256\n" + Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));
        string signature = Hex(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes(toSign)));
        return
        [
            .. signed,
            KeyValuePair.Create("Authorization", $"ACS3-HMAC-SHA256 Credential={AccessKeyId},SignedHeaders={names},Signature={signature}"),
        ];
    }

    public SignedRequest V2(
        Action<Dictionary<string, string>>? beforeSigning = null, Action<Dictionary<string, string>>? afterSigning = null)
    {
        string query = V2Query(beforeSigning, afterSigning);
        return Method == "GET"
            ? new(Method, "/", query, [KeyValuePair.Create("Host", "imm.example")], default)
            : new(
                Method,
                "/",
                "",
                [KeyValuePair.Create("Host", "imm.example"), KeyValuePair.Create(
                    "Content-Type", "application/x-www-form-urlencoded; charset=utf-8")],
                Encoding.UTF8.GetBytes(query));
    }

    [SuppressMessage(
        "Security", "CA5350:Do Not Use Weak Cryptographic Algorithms", Justification = "Version 2 of the signature is HMAC-SHA1.")]
    public string V2Query(Action<Dictionary<string, string>>? beforeSigning = null, Action<Dictionary<string, string>>? afterSigning = null)
    {
        var parameters = new Dictionary<string, string>
        {
            ["AccessKeyId"] = AccessKeyId,
            ["Action"] = Action,
            ["Format"] = "JSON",
            ["ProjectName"] = "photos",
            ["SignatureMethod"] = "HMAC-SHA1",
            ["SignatureNonce"] = Nonce,
            ["SignatureVersion"] = "1.0",
            ["Timestamp"] = Date,
            ["Version"] = "2020-09-30",
        };
        if (Token is not null)
        {
            parameters["SecurityToken"] = Token;
        }

        beforeSigning?.Invoke(parameters);
        string toSign = $"{Method}&%2F&{Escape(Join([.. parameters, .. MoreParameters]))}";
        parameters["Signature"] = Convert.ToBase64String(
            HMACSHA1.HashData(Encoding.UTF8.GetBytes(Secret + "&"), Encoding.UTF8.GetBytes(toSign)));
        afterSigning?.Invoke(parameters);
        return Join(parameters);
    }

    private static string CanonicalQuery(string query) => query.Length == 0
        ? ""
        : Join(query.Split('&').Select(pair => pair.Split('=', 2)).Select(
            pair => KeyValuePair.Create(Uri.UnescapeDataString(pair[0]), Uri.UnescapeDataString(pair.ElementAtOrDefault(1) ?? ""))));

    private static string Join(IEnumerable<KeyValuePair<string, string>> parameters) => string.Join(
        '&', parameters.Select(pair => $"{Escape(pair.Key)}={Escape(pair.Value)}").Order(StringComparer.Ordinal));

    private static string Escape(string text) => string.Concat(Encoding.UTF8.GetBytes(text).Select(one =>
        char.IsAsciiLetterOrDigit((char)one) || one is (byte)'-' or (byte)'_' or (byte)'.' or (byte)'~'
            ? ((char)one).ToString()
            : $"%{one:X2}"));

    private static string Hex(byte[] bytes) => string.Concat(bytes.Select(one => $"{one:x2}"));
}
