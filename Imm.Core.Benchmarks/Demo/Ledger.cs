using System.Runtime.InteropServices;

namespace Imm.Core.Benchmarks.Demo;

/// <summary>
/// What a registry has acknowledged, kept beside it: each answer is compared with its request, and later everything that the registry has with
/// everything here. Not safe to use from several threads; the callers of a phase hand in their answers when it is over.
/// </summary>
internal sealed class Ledger(string name, Findings findings)
{
    private readonly Dictionary<string, Project> _projects = new(StringComparer.Ordinal);
    private readonly HashSet<string> _absent = new(StringComparer.Ordinal);
    private readonly List<Dataset> _datasets = [];

    public int Count => _projects.Count;

    public string[] Names => [.. _projects.Keys];

    public void Created(CreateProjectRequest request, Project answer)
    {
        findings.Expect(
            answer.ProjectName.Value == request.ProjectName
            && answer.Description == (request.Description ?? "")
            && answer.ServiceRole == "AliyunIMMDefaultRole"
            && answer.TemplateId == (request.TemplateId ?? "")
            && answer.DatasetMaxFileCount == (request.DatasetMaxFileCount ?? 100_000_000)
            && answer.DatasetMaxTotalFileSize == 90_000_000_000_000_000
            && answer.Tags.SequenceEqual(request.Tag ?? [])
            && answer is { DatasetCount: 0, FileCount: 0, TotalFileSize: 0 }
            && answer.CreateTime == answer.UpdateTime,
            () => $"{name}: {request.ProjectName} was created other than asked for: {answer}");
        findings.Expect(_projects.TryAdd(answer.ProjectName.Value, answer), () => $"{name}: {answer.ProjectName} was created twice");
    }

    public void Updated(UpdateProjectRequest request, Project answer)
    {
        ref Project known = ref CollectionsMarshal.GetValueRefOrNullRef(_projects, request.ProjectName!);
        Project before = known;
        findings.Expect(
            answer.ProjectName == before.ProjectName
            && answer.Description == (request.Description ?? before.Description)
            && answer.TemplateId == before.TemplateId
            && answer.Quota == before.Quota
            && answer.Tags.SequenceEqual(request.Tag ?? before.Tags)
            && answer.CreateTime == before.CreateTime
            && answer.UpdateTime > before.UpdateTime,
            () => $"{name}: {before} was updated other than asked for: {answer}");
        known = answer;
    }

    public void Deleted(string projectName)
    {
        findings.Expect(_projects.Remove(projectName), () => $"{name}: {projectName} was deleted twice");
        _absent.Add(projectName);
    }

    /// <summary>A project has its first dataset, which has one binding and so many files and bytes.</summary>
    public void Filled(Project project, Dataset dataset, long files, long bytes)
    {
        Project before = _projects[project.ProjectName.Value];
        findings.Expect(
            project.DatasetCount == 1 && project.FileCount == files && project.TotalFileSize == bytes && project.UpdateTime == before.UpdateTime,
            () => $"{name}: {before} has {files} files of {bytes} bytes in a dataset, and says: {project}");
        findings.Expect(
            dataset.BindCount == 1 && dataset.FileCount == files && dataset.TotalFileSize == bytes,
            () => $"{name}: a dataset has {files} files of {bytes} bytes, and says: {dataset}");
        _projects[project.ProjectName.Value] = project;
        _datasets.Add(dataset);
    }

    /// <summary>A create of this name was refused, so there must be nothing of it.</summary>
    public void Refused(string projectName) => _absent.Add(projectName);

    /// <summary>Compares the registry with the ledger: page by page, and each project by its name.</summary>
    /// <returns>How many pages there were.</returns>
    public int Compare(ProjectRegistry registry, string when)
    {
        var unlisted = new HashSet<string>(_projects.Keys, StringComparer.Ordinal);
        string? previous = null;
        string? token = null;
        int pages = 0;
        do
        {
            ProjectPage page = registry.List(new() { MaxResults = 200, NextToken = token });
            pages++;
            foreach (Project listed in page.Projects)
            {
                string listedName = listed.ProjectName.Value;
                findings.Expect(
                    string.CompareOrdinal(previous, listedName) < 0, () => $"{name} {when}: the list has {listedName} behind {previous}");
                findings.Expect(
                    unlisted.Remove(listedName) && listed == _projects[listedName],
                    () => $"{name} {when}: listed {listed}, acknowledged {_projects.GetValueOrDefault(listedName)?.ToString() ?? "nothing of the name"}");
                previous = listedName;
            }

            // A list whose tokens lead round in a circle would never end.
            token = pages > _projects.Count ? null : page.NextToken;
        }
        while (token is not null);

        findings.Expect(unlisted.Count == 0, () => $"{name} {when}: {unlisted.Count} projects are missing from the list, such as {unlisted.First()}");
        foreach ((string projectName, Project acknowledged) in _projects)
        {
            findings.Expect(
                registry.TryGet(projectName, out Project? found) && found == acknowledged,
                () => $"{name} {when}: found {found?.ToString() ?? "nothing"}, acknowledged {acknowledged}");
        }

        foreach (Dataset acknowledged in _datasets)
        {
            Dataset found = registry.GetDataset(acknowledged.ProjectName.Value, acknowledged.DatasetName);
            findings.Expect(found == acknowledged, () => $"{name} {when}: found {found}, acknowledged {acknowledged}");
        }

        foreach (string projectName in _absent.Where(projectName => !_projects.ContainsKey(projectName)))
        {
            findings.Expect(!registry.TryGet(projectName, out _), () => $"{name} {when}: {projectName} is there, and should not be");
        }

        return pages;
    }
}
