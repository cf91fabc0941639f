using System.Globalization;
using Imm.Core.Model;

namespace Imm.Core.Access;

/// <summary>Finds probable mistakes in a policy: patterns and condition keys that can never match here.</summary>
internal static class RamLint
{
    // A '+' stands for one or more characters of a name, or for the star of a listing.
    private static readonly string[] ResourceForms =
        ["project/+", "project/+/dataset/+", "project/+/trigger/+", "project/+/batch/+", "project/+/task/+"];

    public static List<string> Check(RamStatement[] statements)
    {
        List<string> warnings = [];
        for (int i = 0; i < statements.Length; i++)
        {
            string path = string.Create(CultureInfo.InvariantCulture, $"$.Statement[{i}]");
            CheckActions(statements[i], path, warnings);
            CheckResources(statements[i], path, warnings);
            CheckConditions(statements[i], path, warnings);
        }

        CheckCase(statements, warnings);
        return warnings;
    }

    private static void CheckActions(RamStatement statement, string path, List<string> warnings)
    {
        foreach (string text in statement.Actions.Select(pattern => pattern.Text))
        {
            int colon = text.IndexOf(':', StringComparison.Ordinal);
            string service = colon < 0 ? "" : text[..colon];
            string element = statement.IsNotAction ? "NotAction" : "Action";
            if (service.Equals("imm", StringComparison.OrdinalIgnoreCase))
            {
                var pattern = new RamPattern(text, ignoresCase: true);
                if (!ImmActionNames.All.Any(name => pattern.Matches(name)))
                {
                    warnings.Add($"{path}.{element}: {RamText.Quote(text)} matches no operation of IMM.");
                }
            }
            else if (IsNearlyImm(service))
            {
                warnings.Add($"{path}.{element}: the code of {RamText.Quote(text)} is not \"imm\", so that no operation of IMM matches.");
            }
        }
    }

    private static void CheckResources(RamStatement statement, string path, List<string> warnings)
    {
        bool isOfImm = !statement.IsNotAction
            && statement.Actions.All(pattern => pattern.Text.StartsWith("imm:", StringComparison.OrdinalIgnoreCase));
        foreach (RamResourcePattern resource in statement.Resources)
        {
            if (resource.Segments is not [var service, _, _, var relative])
            {
                continue;
            }

            bool matchesImm = service.Matches("imm");
            if (isOfImm && !matchesImm)
            {
                warnings.Add($"{path}.Resource: {RamText.Quote(resource.Text)} is not a resource of IMM, which the actions are of.");
            }
            else if (matchesImm && !ResourceForms.Any(form => CanMatch(relative.Text, form)))
            {
                warnings.Add(
                    $"{path}.Resource: {RamText.Quote(resource.Text)} matches no resource of IMM; one ends in "
                    + "\"project/name\" or \"project/name/dataset/name\".");
            }
        }
    }

    private static void CheckConditions(RamStatement statement, string path, List<string> warnings)
    {
        foreach (RamCondition condition in statement.Conditions)
        {
            string key = condition.Key;
            if (RamConditionKey.IsTag(key) || RamConditionKey.Filled.Contains(key) || RamConditionKey.OfHost.Contains(key))
            {
                continue;
            }

            string where = $"{path}.Condition.{condition.Operator}[{RamText.Quote(key)}]";
            string? meant = RamConditionKey.Filled
                .Concat(RamConditionKey.OfHost)
                .FirstOrDefault(known => known.Equals(key, StringComparison.OrdinalIgnoreCase));
            meant ??= new[] { RamConditionKey.RequestTagPrefix, RamConditionKey.ResourceTagPrefix }
                .FirstOrDefault(prefix => key.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
            if (meant is not null)
            {
                warnings.Add($"{where}: the key is spelt \"{meant}\"; keys are compared with case.");
            }
            else if (!statement.IsAllow)
            {
                warnings.Add($"{where}: only the host can give this key; where it does not, this Deny denies nothing.");
            }
        }
    }

    private static void CheckCase(RamStatement[] statements, List<string> warnings)
    {
        var first = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string text in statements.SelectMany(statement => statement.Resources).Select(resource => resource.Text))
        {
            if (!first.TryAdd(text, text) && first[text] != text)
            {
                warnings.Add($"$: {RamText.Quote(first[text])} and {RamText.Quote(text)} are two resources; names are compared with case.");
            }
        }
    }

    /// <summary>True for a code with one letter too many, missing, wrong or out of order; <c>ims</c> is a service of its own.</summary>
    private static bool IsNearlyImm(string service)
    {
        const string Imm = "imm";
        string lower = service.ToLowerInvariant();
        return lower switch
        {
            "ims" or Imm => false,
            "mim" or "mmi" => true,
            { Length: 2 } => Imm.Remove(0, 1) == lower || Imm.Remove(1, 1) == lower,
            { Length: 3 } => lower.Zip(Imm).Count(pair => pair.First != pair.Second) == 1 && !lower.Contains('*') && !lower.Contains('?'),
            { Length: 4 } => !lower.Contains('*') && Enumerable.Range(0, 4).Any(i => lower.Remove(i, 1) == Imm),
            _ => false,
        };
    }

    /// <summary>True if some text matches both a pattern and a form of names.</summary>
    private static bool CanMatch(string pattern, string form)
    {
        // The states of the form: 2j is before its character j, 2j + 1 is within a '+' at j that has taken a character.
        bool[] reached = new bool[(2 * form.Length) + 1];
        reached[0] = true;
        foreach (char one in pattern)
        {
            bool[] next = new bool[reached.Length];
            if (one == '*')
            {
                // Every state can be reached from those before it by some text.
                int first = Array.IndexOf(reached, true);
                if (first >= 0)
                {
                    next.AsSpan(first).Fill(true);
                }
            }
            else
            {
                for (int j = 0; j < form.Length; j++)
                {
                    if (form[j] != '+')
                    {
                        next[(2 * j) + 2] |= reached[2 * j] && (one == '?' || one == form[j]);
                    }
                    else if ((reached[2 * j] || reached[(2 * j) + 1]) && (NameRule.Holds("_" + one) || one == '?'))
                    {
                        next[(2 * j) + 1] = true;
                        next[(2 * j) + 2] = true;
                    }
                }
            }

            reached = next;
        }

        return reached[^1];
    }
}
