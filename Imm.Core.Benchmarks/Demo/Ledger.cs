using System.Collections.Concurrent;

namespace Imm.Core.Benchmarks.Demo;

/// <summary>The acknowledged answers of a registry. Thread-safe as long as two threads do not change the same project.</summary>
internal sealed class Ledger(Action<bool, FormattableString> check)
{
    private readonly ConcurrentDictionary<string, Project> _projects = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<string> _absent = [];
    private Dataset? _dataset;

    public string[] Names => [.. _projects.Keys];

    public void Created(CreateProjectRequest request, Project answer) => check(
        answer is { ServiceRole: "AliyunIMMDefaultRole", DatasetCount: 0, FileCount: 0, TotalFileSize: 0 }
        && answer.ProjectName.Value == request.ProjectName
        && answer.Description == (request.Description ?? "") && answer.TemplateId == (request.TemplateId ?? "")
        && answer.DatasetMaxFileCount == (request.DatasetMaxFileCount ?? 100_000_000)
        && answer.DatasetMaxTotalFileSize == 90_000_000_000_000_000
        && answer.Tags.SequenceEqual(request.Tag ?? [])
        && answer.CreateTime == answer.UpdateTime
        && _projects.TryAdd(request.ProjectName, answer),
        $"{request.ProjectName} was created twice, or as {answer}");

    public void Updated(UpdateProjectRequest request, Project answer)
    {
        Project before = _projects[request.ProjectName!];
        check(
            answer.ProjectName == before.ProjectName
            && answer.Description == (request.Description ?? before.Description)
            && answer.TemplateId == before.TemplateId
            && answer.Quota == before.Quota
            && answer.Tags.SequenceEqual(request.Tag ?? before.Tags)
            && answer.CreateTime == before.CreateTime
            && answer.UpdateTime > before.UpdateTime,
            $"{before} was updated to {answer}");
        _projects[request.ProjectName!] = answer;
    }

    public void Deleted(string name, bool deleted)
    {
        check(deleted && _projects.TryRemove(name, out _), $"{name} was deleted twice");
        _absent.Add(name);
    }

    public void Refused(IEnumerable<string> names) => names.ToList().ForEach(_absent.Add);

    /// <summary>Notes the first dataset of a project, which has one binding.</summary>
    public void Filled(Project project, Dataset dataset, long files, long bytes)
    {
        check(project.DatasetCount == 1 && project.FileCount == files && project.TotalFileSize == bytes, $"other counts: {project}");
        check(dataset.BindCount == 1 && dataset.FileCount == files && dataset.TotalFileSize == bytes, $"other counts: {dataset}");
        check(project.UpdateTime == _projects[project.ProjectName.Value].UpdateTime, $"adding files changed the time of {project}");
        _projects[project.ProjectName.Value] = project;
        _dataset = dataset;
    }

    /// <summary>Compares the registry page by page, each project and dataset by its name, and the names that must be absent.</summary>
    public void Compare(ProjectRegistry registry, string when)
    {
        var listed = new List<Project>();
        ProjectPage? page = null;
        do
        {
            page = registry.List(new() { MaxResults = 200, NextToken = page?.NextToken });
            listed.AddRange(page.Projects);
        }
        while (page.NextToken is not null && listed.Count <= _projects.Count);

        Project[] expected = [.. _projects.Values.OrderBy(project => project.ProjectName.Value, StringComparer.Ordinal)];
        check(listed.Count == expected.Length, $"{listed.Count} projects are listed {when}, {expected.Length} were acknowledged");
        foreach ((Project acknowledged, Project found) in expected.Zip(listed))
        {
            check(found == acknowledged, $"listed {when}: {found}, acknowledged: {acknowledged}");
            check(registry.TryGet(found.ProjectName.Value, out Project? got) && got == acknowledged, $"{acknowledged} is {got} {when}");
        }

        if (_dataset is not null)
        {
            Dataset found = registry.GetDataset(_dataset.ProjectName.Value, _dataset.DatasetName);
            check(found == _dataset, $"found {when}: {found}, acknowledged: {_dataset}");
        }

        foreach (string name in _absent)
        {
            check(!registry.TryGet(name, out _), $"{name} exists {when}");
        }
    }
}
