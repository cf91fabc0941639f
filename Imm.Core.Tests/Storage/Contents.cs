using System.Globalization;
using System.Text;

namespace Imm.Core.Tests.Storage;

/// <summary>The contents of a store, kept by the test in the simplest way, and as a text that shows every difference.</summary>
internal sealed class Contents
{
    /// <summary>The quota of a scope that has none of its own.</summary>
    public const int DefaultQuota = 1000;

    /// <summary>The scopes that the tests use: two share an account, two a region.</summary>
    public static readonly (string Account, string Region)[] Scopes = [("1000", "cn-a"), ("1000", "cn-b"), ("Acc_2", "cn-a"), ("z-9", "x")];

    private readonly int[] _quotas = new int[Scopes.Length];
    private readonly SortedDictionary<string, Project>[] _projects = new SortedDictionary<string, Project>[Scopes.Length];
    private readonly SortedDictionary<(string Project, string Name), Dataset>[] _datasets =
        new SortedDictionary<(string Project, string Name), Dataset>[Scopes.Length];
    private readonly SortedDictionary<(string Project, string Dataset, string Uri), Binding>[] _bindings =
        new SortedDictionary<(string Project, string Dataset, string Uri), Binding>[Scopes.Length];

    public Contents()
    {
        for (int scope = 0; scope < Scopes.Length; scope++)
        {
            _quotas[scope] = DefaultQuota;
            _projects[scope] = new SortedDictionary<string, Project>(StringComparer.Ordinal);
            _datasets[scope] = new SortedDictionary<(string, string), Dataset>(
                Comparer<(string, string)>.Create((a, b) => string.CompareOrdinal(a.Item1 + "/" + a.Item2, b.Item1 + "/" + b.Item2)));
            _bindings[scope] = new SortedDictionary<(string, string, string), Binding>(
                Comparer<(string, string, string)>.Create(
                    (a, b) => string.CompareOrdinal($"{a.Item1}/{a.Item2}/{a.Item3}", $"{b.Item1}/{b.Item2}/{b.Item3}")));
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
                    Expect(registry.Get(project.ProjectName.Value) == project, $"Get and List disagree about '{project.ProjectName}'.");
                    contents._projects[scope].Add(project.ProjectName.Value, project);
                    contents.Read(registry, scope, project);
                }

                token = page.NextToken;
            }
            while (token is not null);
        }

        return contents;
    }

    public static ProjectRegistry Registry(ImmStore store, int scope) => store.Registry(Scopes[scope].Account, Scopes[scope].Region);

    public Project? Find(int scope, string name) => _projects[scope].GetValueOrDefault(name);

    /// <summary>The datasets of a project.</summary>
    public IReadOnlyList<Dataset> Datasets(int scope, string project) =>
        [.. _datasets[scope].Where(dataset => dataset.Key.Project == project).Select(dataset => dataset.Value)];

    /// <summary>The URIs of a dataset's bindings.</summary>
    public IReadOnlyList<string> Bindings(int scope, string project, string dataset) =>
        [.. _bindings[scope].Keys.Where(key => key.Project == project && key.Dataset == dataset).Select(key => key.Uri)];

    public void Put(int scope, Dataset dataset) => _datasets[scope][(dataset.ProjectName.Value, dataset.DatasetName)] = dataset;

    public void RemoveDataset(int scope, string project, string name) => _datasets[scope].Remove((project, name));

    public void Put(int scope, Binding binding) =>
        _bindings[scope][(binding.ProjectName.Value, binding.DatasetName, binding.Uri)] = binding;

    public void RemoveBinding(int scope, string project, string dataset, string uri) => _bindings[scope].Remove((project, dataset, uri));

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
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"  {p.ProjectName} {p.CreateTime.Ticks} {p.UpdateTime.Ticks} '{p.Description}' '{p.ServiceRole}' '{p.TemplateId}' ");
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"{p.ProjectMaxDatasetCount} {p.DatasetMaxBindCount} {p.DatasetMaxFileCount} {p.DatasetMaxEntityCount} ");
                text.Append(CultureInfo.InvariantCulture, $"{p.DatasetMaxRelationCount} {p.DatasetMaxTotalFileSize}");
                foreach (Tag tag in p.Tags)
                {
                    text.Append(CultureInfo.InvariantCulture, $" '{tag.Key}'='{tag.Value}'");
                }

                text.Append('\n');
            }

            foreach (Dataset d in _datasets[scope].Values)
            {
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"    {d.ProjectName}/{d.DatasetName} {d.CreateTime.Ticks} {d.UpdateTime.Ticks} '{d.Description}' '{d.TemplateId}' ");
                text.Append(CultureInfo.InvariantCulture, $"{d.DatasetMaxBindCount} {d.DatasetMaxFileCount} {d.DatasetMaxEntityCount} ");
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"{d.DatasetMaxRelationCount} {d.DatasetMaxTotalFileSize} {d.FileCount} {d.TotalFileSize}\n");
            }

            foreach (Binding b in _bindings[scope].Values)
            {
                text.Append(CultureInfo.InvariantCulture, $"    {b.ProjectName}/{b.DatasetName}/{b.Uri} {b.CreateTime.Ticks}\n");
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

        string text = $"line {line}\n  expected {left.ElementAtOrDefault(line)}\n  found    {right.ElementAtOrDefault(line)}";

        // A null character would make the output of the tests a binary file to many a tool.
        return expected == found ? "No line differs." : text.Replace('\0', '␀');
    }

    private void Read(ProjectRegistry registry, int scope, Project project)
    {
        long files = 0;
        long bytes = 0;
        IReadOnlyList<Dataset> datasets = registry.ListDatasets(
            new ListDatasetsRequest { ProjectName = project.ProjectName.Value, MaxResults = 100 }).Datasets;
        foreach (Dataset dataset in datasets)
        {
            Put(scope, dataset);
            IReadOnlyList<Binding> bindings = registry.ListBindings(project.ProjectName.Value, dataset.DatasetName);
            foreach (Binding binding in bindings)
            {
                Put(scope, binding);
            }

            files += dataset.FileCount;
            bytes += dataset.TotalFileSize;
            Expect(
                dataset.BindCount == bindings.Count,
                $"'{dataset.DatasetName}' of '{project.ProjectName}' has {bindings.Count} bindings and counts {dataset.BindCount}.");
        }

        Expect(
            (project.DatasetCount, project.FileCount, project.TotalFileSize) == (datasets.Count, files, bytes),
            $"The sums of '{project.ProjectName}' are wrong.");
    }

    private static void Expect(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new InvalidOperationException(otherwise);
        }
    }
}
