using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Imm.Core.Access;

/// <summary>The condition values of a request, and the service that a role is passed to.</summary>
internal sealed class PassRoleValues(IReadOnlyDictionary<string, string> values) : IReadOnlyDictionary<string, string>
{
    private const string Service = "imm.aliyuncs.com";

    public IEnumerable<string> Keys => values.Keys.Append(RamConditionKey.Service).Distinct(StringComparer.Ordinal);

    public IEnumerable<string> Values => Keys.Select(key => this[key]);

    public int Count => Keys.Count();

    public string this[string key] => key == RamConditionKey.Service ? Service : values[key];

    public bool ContainsKey(string key) => key == RamConditionKey.Service || values.ContainsKey(key);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out string value)
    {
        value = Service;
        return key == RamConditionKey.Service || values.TryGetValue(key, out value);
    }

    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() =>
        Keys.Select(key => KeyValuePair.Create(key, this[key])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
