using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Imm.Core.Hosting;

/// <summary>
/// The keys of options in configuration, each with what sets its option. Needs no reflection, so trimming and native compilation keep it
/// whole. Unlike a binder it refuses a key that it does not know: a misspelt one would leave out a policy or a limit without a word.
/// </summary>
/// <typeparam name="TOptions">The options.</typeparam>
/// <param name="keys">The keys, which are compared without case as all keys of configuration.</param>
internal sealed class ConfigurationKeys<TOptions>(params (string Key, Action<TOptions, IConfigurationSection> Set)[] keys)
{
    /// <summary>Sets the options that the configuration has.</summary>
    /// <param name="configuration">The section of the options.</param>
    /// <param name="options">The options.</param>
    /// <param name="name">The name of the options.</param>
    /// <exception cref="OptionsValidationException">
    /// A key is unknown or has a value of another type; the message names every one by its full path.
    /// </exception>
    public void Read(IConfiguration configuration, TOptions options, string name)
    {
        List<string> failures = [];
        foreach (IConfigurationSection section in configuration.GetChildren())
        {
            Action<TOptions, IConfigurationSection>? set = keys
                .FirstOrDefault(key => string.Equals(key.Key, section.Key, StringComparison.OrdinalIgnoreCase)).Set;
            try
            {
                if (set is null)
                {
                    throw new FormatException(
                        $"{section.Path}: there is no such key. The keys are {string.Join(", ", keys.Select(key => key.Key))}.");
                }

                set(options, section);
            }
            catch (FormatException e)
            {
                failures.Add(e.Message);
            }
        }

        if (failures.Count > 0)
        {
            throw new OptionsValidationException(name, typeof(TOptions), failures);
        }
    }
}

/// <summary>Reads the values of configuration. A failure is a <see cref="FormatException"/> that names the full path of the key.</summary>
internal static class ConfigurationValue
{
    public static string Text(this IConfigurationSection section) => section.TextOrNull() ?? throw Wrong(section, "null", "a text");

    public static string? TextOrNull(this IConfigurationSection section) => section.GetChildren().Any()
        ? throw Wrong(section, "a section or a list", "one value")
        : section.Value;

    public static bool Flag(this IConfigurationSection section) =>
        bool.TryParse(section.Text(), out bool value) ? value : throw Wrong(section, "true or false");

    public static int Int32(this IConfigurationSection section) => int.TryParse(
        section.Text(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value)
        ? value
        : throw Wrong(section, $"a whole number up to {int.MaxValue}");

    public static long Int64(this IConfigurationSection section) => long.TryParse(
        section.Text(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
        ? value
        : throw Wrong(section, $"a whole number up to {long.MaxValue}");

    public static TimeSpan Time(this IConfigurationSection section) => IsTime(section.Text(), out TimeSpan value)
        ? value
        : throw Wrong(section, "a time such as 00:00:30, or 1.00:00:00 for a day");

    // A number is not a name, although Enum.TryParse takes it.
    public static T Name<T>(this IConfigurationSection section)
        where T : struct, Enum => Enum.TryParse(section.Text(), ignoreCase: true, out T value) && section.Value!.All(char.IsLetter)
            ? value
            : throw Wrong(section, $"one of {string.Join(", ", Enum.GetNames<T>())}");

    /// <summary>Reads <c>Linearizable</c>, <c>Local</c>, or the greatest age of a bounded read.</summary>
    public static ReadConsistency Consistency(this IConfigurationSection section) => section.Text() switch
    {
        var name when name.Equals(nameof(ReadConsistency.Linearizable), StringComparison.OrdinalIgnoreCase) => ReadConsistency.Linearizable,
        var name when name.Equals(nameof(ReadConsistency.Local), StringComparison.OrdinalIgnoreCase) => ReadConsistency.Local,
        var text when IsTime(text, out TimeSpan age) && age > TimeSpan.Zero && age <= TimeSpan.FromDays(1) => ReadConsistency.Bounded(age),
        _ => throw Wrong(section, "Linearizable, Local, or an age such as 00:00:05, of 1 day at most"),
    };

    public static List<string> Texts(this IConfigurationSection section) =>
        string.IsNullOrEmpty(section.Value) ? [.. section.GetChildren().Select(Text)] : throw Wrong(section, "a list of texts");

    public static void CheckNames(this IConfigurationSection section)
    {
        if (!string.IsNullOrEmpty(section.Value))
        {
            throw Wrong(section, "a section of names");
        }
    }

    /// <summary>Reads the entries of a section of names.</summary>
    public static void Entries<T>(this IConfigurationSection section, IDictionary<string, T> entries, Func<IConfigurationSection, T> read)
    {
        section.CheckNames();
        foreach (IConfigurationSection entry in section.GetChildren())
        {
            entries[entry.Key] = read(entry);
        }
    }

    // TimeSpan.TryParse reads 1 as a day and 24:00:00 as 24 days. Who writes that means seconds or a day.
    private static bool IsTime(string text, out TimeSpan value) =>
        TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out value) && text.Contains(':', StringComparison.Ordinal);

    private static FormatException Wrong(IConfigurationSection section, string rule) => Wrong(section, $"'{section.Value}'", rule);

    private static FormatException Wrong(IConfigurationSection section, string actual, string rule) =>
        new($"{section.Path}: is {actual}; it must be {rule}.");
}
