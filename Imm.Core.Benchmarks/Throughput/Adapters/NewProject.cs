using System.Globalization;

namespace Imm.Core.Benchmarks.Throughput.Adapters;

/// <summary>
/// A project to create, the same for every engine: a pure function of its number. Names have 1 to 40 characters, as far as there are names
/// so short, and are in random order; half of the projects have a description, half have two tags, a quarter has a template.
/// </summary>
internal sealed class NewProject
{
    private const int MaxNameLength = 40;

    private NewProject(string name, ulong bits)
    {
        Name = name;
        // Every text is a string of its own, as if it had been deserialized.
        Description = (bits & 1) == 0 ? new string("Photos of the summer, 夏の写真") : "";
        TemplateId = (bits & 6) == 0 ? new string("Official:ImageManagement") : "";
        if ((bits & 8) == 0)
        {
            string centre = ((bits >> 8) % 100).ToString(CultureInfo.InvariantCulture);
            Tags = [new Tag(new string("team"), new string("media")), new Tag(new string("cost-centre"), centre)];
            TagText = $"team\tmedia\tcost-centre\t{centre}";
        }
    }

    public string Name { get; }

    public string Description { get; }

    public string TemplateId { get; }

    public Tag[] Tags { get; } = [];

    /// <summary>The tags in one text, as the other engines keep them; made here so that no adapter pays for it.</summary>
    public string TagText { get; } = "";

    /// <summary>The size of all texts in memory, in bytes.</summary>
    public int TextBytes =>
        sizeof(char) * (Name.Length + Description.Length + TemplateId.Length + Tags.Sum(tag => tag.Key.Length + tag.Value.Length));

    public static NewProject Of(long number) => new(NameOf(number), Scatter(unchecked((ulong)number * 2) + 1));

    /// <summary>Formats the name of a project, in a new string.</summary>
    public static string NameOf(long number)
    {
        // Random letters, and the digits of the number in base 26, which are capitals: so no two numbers have one name.
        Span<char> name = stackalloc char[MaxNameLength];
        int start = name.Length;
        ulong rest = (ulong)number;
        do
        {
            name[--start] = (char)('A' + (rest % 26));
            rest /= 26;
        }
        while (rest > 0);

        ulong random = Scatter((ulong)number * 2);
        int length = 1 + (int)(random % MaxNameLength);
        while (name.Length - start < length)
        {
            random = random >> 5 == 0 ? Scatter((ulong)(start + number)) : random >> 5;
            name[--start] = (char)('a' + (random % 26));
        }

        return new string(name[start..]);
    }

    /// <summary>
    /// Draws names of the first <paramref name="size"/> projects at random. The strings are allocated in the order of their use, as fresh
    /// input is.
    /// </summary>
    public static string[] Probes(int count, int size, int seed)
    {
        var random = new Random(seed);
        var probes = new string[count];
        for (int i = 0; i < count; i++)
        {
            probes[i] = NameOf(random.Next(size));
        }

        return probes;
    }

    /// <summary>Mixes a number into 64 random bits.</summary>
    private static ulong Scatter(ulong number)
    {
        unchecked
        {
            number += 0x9E3779B97F4A7C15;
            number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9;
            number = (number ^ (number >> 27)) * 0x94D049BB133111EB;
            return number ^ (number >> 31);
        }
    }
}
