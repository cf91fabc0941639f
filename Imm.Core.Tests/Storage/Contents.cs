using System.Globalization;
using System.Text;

namespace Imm.Core.Tests.Storage;

/// <summary>What a store holds, kept by the test in the plainest way, and as a text in which every difference shows.</summary>
internal sealed class Contents
{
    /// <summary>The quota of a scope that has none of its own.</summary>
    public const int DefaultQuota = 1000;

    /// <summary>The scopes that the tests use: two share an account, two a region.</summary>
    public static readonly (string Account, string Region)[] Scopes = [("1000", "cn-a"), ("1000", "cn-b"), ("Acc_2", "cn-a"), ("z-9", "x")];

    private readonly int[] _quotas = new int[Scopes.Length];
    private readonly SortedDictionary<string, Project>[] _projects = new SortedDictionary<string, Project>[Scopes.Length];

    public Contents()
    {
        for (int scope = 0; scope < Scopes.Length; scope++)
        {
            _quotas[scope] = DefaultQuota;
            _projects[scope] = new SortedDictionary<string, Project>(StringComparer.Ordinal);
        }
    }

    /// <summary>Everything that a store has in the tests' scopes, through its front door.</summary>
    /// <exception cref="ImmException">A scope cannot be read.</exception>
    public static Contents Of(ImmStore store)
    {
        var contents = new Contents();
        for (int scope = 0; scope < Scopes.Length; scope++)
        {
            ProjectRegistry registry = Registry(store, scope);
            contents._quotas[scope] = registry.ProjectQuota;
            string? token = null;
            do
            {
                ProjectPage page = registry.List(new ListProjectsRequest { MaxResults = 200, NextToken = token });
                foreach (Project project in page.Projects)
                {
                    if (registry.Get(project.ProjectName.Value) != project)
                    {
                        throw new InvalidOperationException($"Get and List disagree about '{project.ProjectName}'.");
                    }

                    contents._projects[scope].Add(project.ProjectName.Value, project);
                }

                token = page.NextToken;
            }
            while (token is not null);
        }

        return contents;
    }

    public static ProjectRegistry Registry(ImmStore store, int scope) => store.Registry(Scopes[scope].Account, Scopes[scope].Region);

    public Project? Find(int scope, string name) => _projects[scope].GetValueOrDefault(name);

    /// <summary>The projects of a scope in ordinal order of their names.</summary>
    public IEnumerable<Project> Projects(int scope) => _projects[scope].Values;

    public int Quota(int scope) => _quotas[scope];

    public void Put(int scope, Project project) => _projects[scope][project.ProjectName.Value] = project;

    public void Remove(int scope, string name) => _projects[scope].Remove(name);

    public void SetQuota(int scope, int quota) => _quotas[scope] = quota;

    public override string ToString()
    {
        var text = new StringBuilder();
        for (int scope = 0; scope < Scopes.Length; scope++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{Scopes[scope].Account}/{Scopes[scope].Region}: quota {_quotas[scope]}\n");
            foreach (Project p in _projects[scope].Values)
            {
                text.Append(CultureInfo.InvariantCulture, $"  {p.ProjectName} {p.CreateTime.Ticks} {p.UpdateTime.Ticks} '{p.Description}' '{p.ServiceRole}' '{p.TemplateId}' ");
                text.Append(CultureInfo.InvariantCulture, $"{p.ProjectMaxDatasetCount} {p.DatasetMaxBindCount} {p.DatasetMaxFileCount} {p.DatasetMaxEntityCount} ");
                text.Append(CultureInfo.InvariantCulture, $"{p.DatasetMaxRelationCount} {p.DatasetMaxTotalFileSize} {p.DatasetCount} {p.FileCount} {p.TotalFileSize}");
                foreach (Tag tag in p.Tags)
                {
                    text.Append(CultureInfo.InvariantCulture, $" '{tag.Key}'='{tag.Value}'");
                }

                text.Append('\n');
            }
        }

        return text.ToString();
    }

    /// <summary>The first line in which two texts differ.</summary>
    public static string Difference(string expected, string found)
    {
        string[] left = expected.Split('\n');
        string[] right = found.Split('\n');
        int line = 0;
        while (line < left.Length && left[line] == right.ElementAtOrDefault(line))
        {
            line++;
        }

        return expected == found ? "No line differs." : $"line {line}\n  expected {left.ElementAtOrDefault(line)}\n  found    {right.ElementAtOrDefault(line)}";
    }
}
