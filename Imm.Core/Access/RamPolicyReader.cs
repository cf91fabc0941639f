using System.Globalization;
using System.Text.Json;
using Imm.Core.Model;

namespace Imm.Core.Access;

/// <summary>Reads policy documents. Whatever breaks a rule is a <see cref="FormatException"/> that begins with the JSON path.</summary>
internal static class RamPolicyReader
{
    private const string LoneSurrogate = "it holds a surrogate without its partner, which is no character.";

    // An element of a policy lies at most seven levels deep; System.Text.Json refuses what goes deeper, before it is walked.
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 8 };

    public static RamStatement[] Read(string json, int maxLength)
    {
        // Of a text that is too long in any case nothing is read: a character has at most two code units.
        int length = json.Length;
        if (length <= 2 * maxLength && !UnicodeText.TryCount(json, out length))
        {
            throw Broken("$", LoneSurrogate);
        }

        if (length > maxLength || length == 0)
        {
            throw Broken("$", string.Create(
                CultureInfo.InvariantCulture, $"it has {length} characters; a document has 1 to {maxLength}, white space included."));
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(json, Options);
            return ReadDocument(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new FormatException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"$: it is not the JSON of a policy (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1})."),
                e);
        }
    }

    private static RamStatement[] ReadDocument(JsonElement root)
    {
        Dictionary<string, JsonElement> elements = Properties(root, "$");
        CheckNames(elements, "$", "Version", "Statement");
        if (Text(Required(elements, "$", "Version"), "$.Version") != "1")
        {
            throw Broken("$.Version", "the version is the text \"1\".");
        }

        JsonElement statements = Required(elements, "$", "Statement");
        if (statements.ValueKind != JsonValueKind.Array || statements.GetArrayLength() == 0)
        {
            throw Broken("$.Statement", "it is an array of one or more statements.");
        }

        return [.. statements.EnumerateArray().Select((statement, index) => ReadStatement(
            statement, string.Create(CultureInfo.InvariantCulture, $"$.Statement[{index}]")))];
    }

    private static RamStatement ReadStatement(JsonElement statement, string path)
    {
        Dictionary<string, JsonElement> elements = Properties(statement, path);
        if (elements.ContainsKey("Principal"))
        {
            throw Broken($"{path}.Principal", "a policy that is attached to a user, group or role has no Principal.");
        }

        if (elements.ContainsKey("NotResource"))
        {
            throw Broken($"{path}.NotResource", "RAM has no NotResource; name the resources, and deny those that are left out.");
        }

        CheckNames(elements, path, "Effect", "Action", "NotAction", "Resource", "Condition", "Sid");
        string effect = Text(Required(elements, path, "Effect"), $"{path}.Effect");
        if (effect is not ("Allow" or "Deny"))
        {
            throw Broken($"{path}.Effect", $"it is {RamText.Quote(effect)}; an effect is \"Allow\" or \"Deny\".");
        }

        bool isNotAction = elements.ContainsKey("NotAction");
        if (isNotAction == elements.ContainsKey("Action"))
        {
            throw Broken(path, "a statement has either Action or NotAction.");
        }

        if (elements.TryGetValue("Sid", out JsonElement sid))
        {
            Text(sid, $"{path}.Sid");
        }

        string action = isNotAction ? "NotAction" : "Action";
        return new RamStatement(
            effect == "Allow",
            isNotAction,
            Texts(elements[action], $"{path}.{action}", ReadAction),
            Texts(Required(elements, path, "Resource"), $"{path}.Resource", ReadResource),
            elements.TryGetValue("Condition", out JsonElement condition) ? ReadConditions(condition, $"{path}.Condition") : []);
    }

    private static RamPattern ReadAction(string text, string path)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        return text == "*" || (colon > 0 && colon < text.Length - 1 && text.IndexOf(':', colon + 1) < 0)
            ? new RamPattern(text, ignoresCase: true)
            : throw Broken(path, $"{RamText.Quote(text)} is no action; one is \"*\" or \"code:Name\", such as \"imm:GetProject\".");
    }

    private static RamResourcePattern ReadResource(string text, string path) =>
        RamResourcePattern.TryParse(text)
        ?? throw Broken(
            path,
            $"{RamText.Quote(text)} is no resource; one is \"*\" or \"acs:code:region:account:name\", such as "
            + "\"acs:imm:*:*:project/photos\".");

    private static RamCondition[] ReadConditions(JsonElement conditions, string path)
    {
        List<RamCondition> read = [];
        foreach ((string name, JsonElement keys) in Properties(conditions, path))
        {
            string operatorPath = Below(path, name);
            if (!RamCondition.IsOperator(name))
            {
                throw Broken(operatorPath, $"RAM has no such operator; it has {string.Join(", ", RamCondition.OperatorNames)}.");
            }

            Dictionary<string, JsonElement> values = Properties(keys, operatorPath);
            if (values.Count == 0)
            {
                throw Broken(operatorPath, "an operator has one or more keys.");
            }

            foreach ((string key, JsonElement value) in values)
            {
                string keyPath = Below(operatorPath, key);
                if (key.Length == 0)
                {
                    throw Broken(keyPath, "a condition key is not empty.");
                }

                string[] expected = Texts(value, keyPath, (text, _) => text);
                read.Add(RamCondition.Create(name, key, expected, out int bad) ?? throw Broken(
                    At(value, keyPath, bad), $"{RamText.Quote(expected[bad])} is no value for {name}: {RamCondition.Rule(name)}."));
            }
        }

        return [.. read];
    }

    /// <summary>The properties of an object, in their order; a name that stands twice would leave open which one counts.</summary>
    private static Dictionary<string, JsonElement> Properties(JsonElement element, string path)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw Broken(path, "it is an object.");
        }

        var properties = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (JsonProperty property in element.EnumerateObject())
        {
            string name = Decoded(() => property.Name, path);
            if (!properties.TryAdd(name, property.Value))
            {
                throw Broken(Below(path, name), "it stands twice.");
            }
        }

        return properties;
    }

    private static void CheckNames(Dictionary<string, JsonElement> elements, string path, params string[] names)
    {
        foreach (string name in elements.Keys)
        {
            if (!names.Contains(name))
            {
                throw Broken(Below(path, name), $"there is no such element; there are {string.Join(", ", names)}, spelt exactly so.");
            }
        }
    }

    private static JsonElement Required(Dictionary<string, JsonElement> elements, string path, string name) =>
        elements.TryGetValue(name, out JsonElement element) ? element : throw Broken(path, $"the element {name} is missing.");

    /// <summary>One text or an array of one or more texts, which mean the same.</summary>
    private static T[] Texts<T>(JsonElement element, string path, Func<string, string, T> read)
    {
        if (element.ValueKind != JsonValueKind.Array)
        {
            return [read(Text(element, path), path)];
        }

        if (element.GetArrayLength() == 0)
        {
            throw Broken(path, "an array has one or more texts.");
        }

        return [.. element.EnumerateArray().Select((one, index) => read(Text(one, At(element, path, index)), At(element, path, index)))];
    }

    private static string Text(JsonElement element, string path) => element.ValueKind == JsonValueKind.String
        ? Decoded(element.GetString, path)!
        : throw Broken(path, "it is a text in quotes; numbers, true and false are written so too.");

    private static T Decoded<T>(Func<T> decode, string path)
    {
        try
        {
            return decode();
        }
        catch (InvalidOperationException)
        {
            throw Broken(path, LoneSurrogate);
        }
    }

    private static string At(JsonElement element, string path, int index) =>
        element.ValueKind == JsonValueKind.Array ? string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]") : path;

    private static string Below(string path, string name) => name.Length is > 0 and <= 32 && name.All(char.IsAsciiLetterOrDigit)
        ? $"{path}.{name}"
        : $"{path}[{RamText.Quote(name)}]";

    private static FormatException Broken(string path, string rule) => new($"{path}: {rule}");
}
