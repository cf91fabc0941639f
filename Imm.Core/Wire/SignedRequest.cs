using System.Globalization;
using System.Text;

namespace Imm.Core.Wire;

/// <summary>An HTTP request as it came: what a signature is calculated from.</summary>
/// <param name="method">The method, in upper case.</param>
/// <param name="path">The path of the URL.</param>
/// <param name="query">The query of the URL, without the question mark.</param>
/// <param name="headers">The headers, <c>Host</c> among them, each with its value as it came; a name may occur more than once.</param>
/// <param name="body">The bytes of the body.</param>
internal sealed class SignedRequest(
    string method, string path, string query, IReadOnlyList<KeyValuePair<string, string>> headers, ReadOnlyMemory<byte> body)
{
    private List<KeyValuePair<string, string>>? _queryParameters;
    private List<KeyValuePair<string, string>>? _parameters;

    public string Method => method;

    public string Path => path;

    public ReadOnlyMemory<byte> Body => body;

    /// <summary>The parameters of the query, decoded.</summary>
    public List<KeyValuePair<string, string>> QueryParameters => _queryParameters ??= Read(query);

    /// <summary>The parameters of the query and, after them, of a form body.</summary>
    public List<KeyValuePair<string, string>> Parameters =>
        _parameters ??= IsForm(Header("content-type"))
            ? [.. QueryParameters, .. Read(Encoding.UTF8.GetString(body.Span))]
            : QueryParameters;

    /// <summary>
    /// The action: the parameter, which both versions sign, or else the header as it is signed. An empty parameter is the action too.
    /// </summary>
    public string? Action
    {
        get
        {
            int index = Parameters.FindLastIndex(parameter => parameter.Key == "Action");
            return index >= 0 ? Parameters[index].Value : Header("x-acs-action");
        }
    }

    /// <summary>True for the content type of a body that holds parameters, with or without a charset.</summary>
    public static bool IsForm(string? contentType) => contentType is not null
        && contentType.AsSpan(0, (contentType + ";").IndexOf(';', StringComparison.Ordinal))
            .Trim()
            .Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase);

    /// <summary>The value of a parameter; of one that occurs more than once the last. Null where it is absent or empty.</summary>
    public string? Parameter(string name)
    {
        string value = Parameters.FindLast(parameter => parameter.Key == name).Value;
        return string.IsNullOrEmpty(value) ? null : value;
    }

    /// <summary>
    /// The value of a header as it is signed: without surrounding spaces, and where it occurs more than once the values in ordinal order
    /// with commas. Null where it is absent.
    /// </summary>
    public string? Header(string name)
    {
        string[] values =
        [
            .. headers
                .Where(header => IsNamed(header, name))
                .Select(header => header.Value.Trim())
                .Order(StringComparer.Ordinal),
        ];
        return values.Length == 0 ? null : string.Join(',', values);
    }

    /// <summary>
    /// True if a name occurs with different values. The last one counts, and signatures sort the values: which one is last is not signed.
    /// </summary>
    public static bool IsAmbiguous(List<KeyValuePair<string, string>> parameters)
    {
        var values = new Dictionary<string, string>();
        return parameters.Exists(parameter => !values.TryAdd(parameter.Key, parameter.Value) && values[parameter.Key] != parameter.Value);
    }

    /// <summary>
    /// Encodes text as both versions of the signature do: UTF-8, every byte but A-Z, a-z, 0-9, '-', '_', '.' and '~' as %XX.
    /// </summary>
    public static string Encode(string text) => Uri.EscapeDataString(text);

    /// <summary>The parameters in ordinal order of name and value, encoded and joined.</summary>
    public static string Canonical(IEnumerable<KeyValuePair<string, string>> parameters) => string.Join('&', parameters
        .OrderBy(parameter => parameter.Key, StringComparer.Ordinal)
        .ThenBy(parameter => parameter.Value, StringComparer.Ordinal)
        .Select(parameter => $"{Encode(parameter.Key)}={Encode(parameter.Value)}"));

    /// <summary>Reads a time as signatures carry it, <c>2026-11-26T12:29:11Z</c>.</summary>
    public static bool TryReadTime(string text, out DateTimeOffset time) => DateTimeOffset.TryParseExact(
        text, "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);

    private static bool IsNamed(KeyValuePair<string, string> header, string name) =>
        header.Key.Equals(name, StringComparison.OrdinalIgnoreCase);

    private static List<KeyValuePair<string, string>> Read(string text)
    {
        List<KeyValuePair<string, string>> parameters = [];
        FormText.Read(text, parameters);
        return parameters;
    }
}
