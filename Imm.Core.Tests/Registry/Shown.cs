using System.Globalization;
using System.Text;

namespace Imm.Core.Tests.Registry;

/// <summary>Outcomes of calls as text: complete, comparable, and readable if two differ.</summary>
internal static class Shown
{
    /// <summary>All 18 fields of a project, in the service's order.</summary>
    public static string Of(Project project) => Fields(
        project.ProjectName.Value,
        project.ServiceRole,
        project.TemplateId,
        project.CreateTime.UtcTicks,
        project.UpdateTime.UtcTicks,
        project.Description,
        project.ProjectQueriesPerSecond,
        project.EngineConcurrency,
        project.ProjectMaxDatasetCount,
        project.DatasetMaxBindCount,
        project.DatasetMaxFileCount,
        project.DatasetMaxEntityCount,
        project.DatasetMaxRelationCount,
        project.DatasetMaxTotalFileSize,
        project.DatasetCount,
        project.FileCount,
        project.TotalFileSize,
        string.Join(',', project.Tags));

    public static string Of(Dataset dataset) => Fields(
        dataset.ProjectName.Value,
        dataset.DatasetName,
        dataset.TemplateId,
        dataset.CreateTime.UtcTicks,
        dataset.UpdateTime.UtcTicks,
        dataset.Description,
        dataset.DatasetMaxBindCount,
        dataset.DatasetMaxFileCount,
        dataset.DatasetMaxEntityCount,
        dataset.DatasetMaxRelationCount,
        dataset.DatasetMaxTotalFileSize,
        dataset.BindCount,
        dataset.FileCount,
        dataset.TotalFileSize);

    public static string Of(Binding binding) => Fields(
        binding.ProjectName.Value,
        binding.DatasetName,
        binding.Uri,
        binding.CreateTime.UtcTicks,
        binding.UpdateTime.UtcTicks);

    public static string Fields(params object[] fields) =>
        string.Join('|', fields.Select(field => Convert.ToString(field, CultureInfo.InvariantCulture)));

    public static string Of(ImmException e) => Refusal(e.Code, e.HttpStatus, e.Parameter, e.Requested, e.Used, e.Limit);

    public static string Refusal(
        string code, int httpStatus, string? parameter = null, long? requested = null, long? used = null, long? limit = null)
    {
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"{httpStatus} {code}"));
        text.Append(CultureInfo.InvariantCulture, $"{(parameter is null ? "" : $" of {parameter}")}");
        Append("requested", requested);
        Append("used", used);
        Append("limit", limit);
        return text.ToString();

        void Append(string what, long? number)
        {
            if (number is not null)
            {
                text.Append(CultureInfo.InvariantCulture, $", {what} {number}");
            }
        }
    }

    public static string Page(ProjectPage page) => $"{string.Join(';', page.Projects.Select(Of))}, next {page.NextToken ?? "none"}";

    /// <summary>The answer of a call, or its refusal.</summary>
    public static string Outcome(Func<string> call)
    {
        try
        {
            return call();
        }
        catch (ImmException e)
        {
            return Of(e);
        }
    }

    public static string Outcome(Func<Project> call) => Outcome(() => Of(call()));

    public static string Outcome(Action call) => Outcome(() =>
    {
        call();
        return "done";
    });

    public static async Task<string> Outcome(Func<ValueTask<Project>> call)
    {
        try
        {
            return Of(await call());
        }
        catch (ImmException e)
        {
            return Of(e);
        }
    }

    public static async Task<string> Outcome(Func<ValueTask> call)
    {
        try
        {
            await call();
            return "done";
        }
        catch (ImmException e)
        {
            return Of(e);
        }
    }

    /// <summary>The whole content of a registry, line by line.</summary>
    public static string Content(ProjectRegistry registry)
    {
        var lines = new List<string> { $"quota {registry.ProjectQuota}" };
        foreach (Project project in All(registry))
        {
            lines.Add(Of(project));
            string name = project.ProjectName.Value;
            foreach (Dataset dataset in registry.ListDatasets(new() { ProjectName = name, MaxResults = 200 }).Datasets)
            {
                lines.Add(Of(dataset));
                lines.AddRange(registry.ListBindings(name, dataset.DatasetName).Select(Of));
            }
        }

        return string.Join(Environment.NewLine, lines);
    }

    /// <summary>All projects of a registry, page by page.</summary>
    public static List<Project> All(
        ProjectRegistry registry, int? maxResults = null, string? prefix = null, IReadOnlyList<Tag>? tags = null)
    {
        var all = new List<Project>();
        var request = new ListProjectsRequest { MaxResults = maxResults, Prefix = prefix, Tag = tags };
        do
        {
            ProjectPage page = registry.List(request);
            all.AddRange(page.Projects);
            request.NextToken = page.NextToken;
        }
        while (request.NextToken is not null);
        return all;
    }
}
