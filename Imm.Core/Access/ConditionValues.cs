using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Imm.Core.Access;

/// <summary>The condition values of one request. They are looked up, and not put together, so that a decision allocates nothing.</summary>
internal sealed class ConditionValues(
    RamPrincipal principal,
    TimeProvider timeProvider,
    IReadOnlyDictionary<string, string>? hostValues,
    IReadOnlyList<Tag>? requestTags = null,
    Func<string, IReadOnlyList<Tag>>? tagsOfProject = null,
    string? projectName = null)
    : IReadOnlyDictionary<string, string>, IKnownTimes
{
    // The clock is read where a condition asks for it, and once: all conditions of a decision see the same time. 0 is not read yet.
    private long _utcTicks;

    public IEnumerable<string> Keys => this.Select(pair => pair.Key);

    public IEnumerable<string> Values => this.Select(pair => pair.Value);

    public int Count => Keys.Count();

    public string this[string key] =>
        TryGetValue(key, out string? value) ? value : throw new KeyNotFoundException($"The request has no value for {RamText.Quote(key)}.");

    /// <summary>The exception of a store that cannot read the tags of the project; null while it can.</summary>
    public ImmException? Unreadable { get; private set; }

    // Found where a condition asks for them.
    private IReadOnlyList<Tag>? ResourceTags
    {
        get
        {
            try
            {
                return projectName is null ? null : tagsOfProject?.Invoke(projectName);
            }
            catch (ImmException e)
            {
                Unreadable = e;
                throw;
            }
        }
    }

    private long UtcTicks
    {
        get
        {
            if (_utcTicks == 0)
            {
                long now = timeProvider.GetUtcNow().UtcTicks;
                Interlocked.CompareExchange(ref _utcTicks, now - (now % TimeSpan.TicksPerSecond), 0);
            }

            return _utcTicks;
        }
    }

    public bool ContainsKey(string key) => TryGetValue(key, out _);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out string value)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (hostValues is not null && hostValues.TryGetValue(key, out value))
        {
            return true;
        }

        value = key switch
        {
            RamConditionKey.CurrentTime => RamTime.Write(UtcTicks),
            RamConditionKey.PrincipalArn => principal.Arn,
            RamConditionKey.SecureTransport => "true",
            RamConditionKey.MfaPresent => "false",
            _ when key.StartsWith(RamConditionKey.RequestTagPrefix, StringComparison.Ordinal) =>
                Find(requestTags, key.AsSpan(RamConditionKey.RequestTagPrefix.Length)),
            _ when key.StartsWith(RamConditionKey.ResourceTagPrefix, StringComparison.Ordinal) =>
                Find(ResourceTags, key.AsSpan(RamConditionKey.ResourceTagPrefix.Length)),
            _ => null,
        };
        return value is not null;
    }

    public bool TryGetTime(string key, out long utcTicks)
    {
        bool isKnown = key == RamConditionKey.CurrentTime && hostValues?.ContainsKey(key) != true;
        utcTicks = isKnown ? UtcTicks : 0;
        return isKnown;
    }

    public IEnumerator<KeyValuePair<string, string>> GetEnumerator()
    {
        IEnumerable<string> keys = RamConditionKey.Filled
            .Concat(hostValues?.Keys ?? [])
            .Concat((requestTags ?? []).Select(tag => RamConditionKey.RequestTagPrefix + tag.Key))
            .Concat((ResourceTags ?? []).Select(tag => RamConditionKey.ResourceTagPrefix + tag.Key));
        foreach (string key in keys.Distinct(StringComparer.Ordinal))
        {
            if (TryGetValue(key, out string? value))
            {
                yield return new(key, value);
            }
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static string? Find(IReadOnlyList<Tag>? tags, ReadOnlySpan<char> key)
    {
        for (int i = 0; i < tags?.Count; i++)
        {
            if (key.SequenceEqual(tags[i].Key))
            {
                return tags[i].Value;
            }
        }

        return null;
    }
}
