using Imm.Core.Benchmarks.Throughput.Adapters;

namespace Imm.Core.Benchmarks.Micro;

/// <summary>Makes registries in memory with the projects that all benchmarks use.</summary>
internal static class Filled
{
    /// <summary>The first number of projects that no registry contains.</summary>
    public const long FirstAbsent = 1L << 40;

    public static ProjectRegistry Registry(int size)
    {
        var options = new ImmStoreOptions { ProjectQuota = int.MaxValue };
        ProjectRegistry registry = ImmStore.InMemory(options).Registry(ImmAdapter.Account, ImmAdapter.Region);
        for (int n = 0; n < size; n++)
        {
            registry.Create(ImmAdapter.Request(NewProject.Of(n)));
        }

        return registry;
    }

    /// <summary>Lists all projects of a registry in the order of their names.</summary>
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

/// <summary>Names to look up over and over, in strings that the registry does not hold itself.</summary>
/// <param name="names">The names in the order of their use; their number is a power of two.</param>
internal sealed class Probes(string[] names)
{
    private int _next;

    /// <summary>Draws names of the first <paramref name="size"/> projects at random.</summary>
    public static Probes Present(int size) => new(NewProject.Probes(1 << 16, size, seed: 1));

    /// <summary>Makes names that no project has.</summary>
    public static Probes Absent() => new([.. Enumerable.Range(0, 1 << 14).Select(n => NewProject.NameOf(Filled.FirstAbsent + n))]);

    public string Next() => names[_next = (_next + 1) & (names.Length - 1)];
}
