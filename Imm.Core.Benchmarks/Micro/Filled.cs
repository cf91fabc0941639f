using Imm.Core.Benchmarks.Throughput.Peers;

namespace Imm.Core.Benchmarks.Micro;

/// <summary>A registry in memory that holds the first so many of the projects that every benchmark uses.</summary>
internal static class Filled
{
    public const string Account = "1234567890";

    public static ProjectRegistry Registry(int size)
    {
        ProjectRegistry registry = ImmStore.InMemory(new ImmStoreOptions { ProjectQuota = int.MaxValue }).Registry(Account, "cn-hangzhou");
        for (int n = 0; n < size; n++)
        {
            registry.Create(Request(NewProject.Of(n)));
        }

        return registry;
    }

    public static CreateProjectRequest Request(NewProject project) => new()
    {
        ProjectName = project.Name,
        Description = project.Description,
        TemplateId = project.TemplateId,
        Tag = project.Tags,
    };
}

/// <summary>Names drawn at random, in strings that are not those of the registry, made in the order in which they are asked for.</summary>
internal sealed class Probes(int size)
{
    private const int Mask = (1 << 16) - 1;

    private readonly string[] _names = NewProject.Probes(Mask + 1, size, seed: 1);
    private int _at;

    public string Next() => _names[_at = (_at + 1) & Mask];
}
