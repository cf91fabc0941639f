using Imm.Core.Benchmarks.Throughput.Peers;

namespace Imm.Core.Benchmarks.Micro;

/// <summary>A registry in memory that holds the first so many of the projects that every benchmark uses.</summary>
internal static class Filled
{
    public static ProjectRegistry Registry(int size)
    {
        ProjectRegistry registry = ImmStore.InMemory(new ImmStoreOptions { ProjectQuota = int.MaxValue }).Registry(ImmPeer.Account, ImmPeer.Region);
        for (int n = 0; n < size; n++)
        {
            registry.Create(ImmPeer.Request(NewProject.Of(n)));
        }

        return registry;
    }

    /// <summary>All projects of a registry, in the order of their names.</summary>
    public static List<Project> Projects(ProjectRegistry registry)
    {
        var all = new List<Project>();
        for (string? token = ""; token is not null;)
        {
            ProjectPage page = registry.List(new() { MaxResults = 200, NextToken = token });
            all.AddRange(page.Projects);
            token = page.NextToken;
        }

        return all;
    }
}

/// <summary>Names that are asked for over and over, in strings that are not those of the registry.</summary>
/// <param name="names">The names, a power of two of them, made in the order in which they are asked for.</param>
internal sealed class Probes(string[] names)
{
    private int _at;

    /// <summary>Names of the first so many projects, drawn at random.</summary>
    public static Probes Present(int size) => new(NewProject.Probes(1 << 16, size, seed: 1));

    /// <summary>Names that no project has.</summary>
    public static Probes Absent() => new([.. Enumerable.Range(0, 1 << 14).Select(n => NewProject.NameOf(((long)1 << 40) + n))]);

    public string Next() => names[_at = (_at + 1) & (names.Length - 1)];
}
