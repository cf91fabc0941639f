using System.Text.Json;

namespace Imm.Core.Wire;

/// <summary>Writes the one answer of a call.</summary>
internal sealed class AnswerWriter(string requestId, string host, TimeSpan timeOffset)
{
    public string Project(Project project) =>
        JsonSerializer.Serialize(new ProjectAnswer(requestId, ProjectReader.ToDocument(project, timeOffset)), WireJsonContext.Instance.ProjectAnswer);

    public string Projects(ProjectPage page) => JsonSerializer.Serialize(
        new ProjectsAnswer(requestId, page.NextToken, [.. page.Projects.Select(project => ProjectReader.ToDocument(project, timeOffset))]),
        WireJsonContext.Instance.ProjectsAnswer);

    public string Dataset(Dataset dataset) =>
        JsonSerializer.Serialize(new DatasetAnswer(requestId, DatasetDocument.Of(dataset, timeOffset)), WireJsonContext.Instance.DatasetAnswer);

    public string Datasets(DatasetPage page) => JsonSerializer.Serialize(
        new DatasetsAnswer(requestId, page.NextToken, [.. page.Datasets.Select(dataset => DatasetDocument.Of(dataset, timeOffset))]),
        WireJsonContext.Instance.DatasetsAnswer);

    public string Binding(Binding binding) =>
        JsonSerializer.Serialize(new BindingAnswer(requestId, BindingDocument.Of(binding, timeOffset)), WireJsonContext.Instance.BindingAnswer);

    public string Bindings(IReadOnlyList<Binding> bindings) => JsonSerializer.Serialize(
        new BindingsAnswer(requestId, [.. bindings.Select(binding => BindingDocument.Of(binding, timeOffset))]),
        WireJsonContext.Instance.BindingsAnswer);

    public string Done() => JsonSerializer.Serialize(new DoneAnswer(requestId), WireJsonContext.Instance.DoneAnswer);

    public ImmApiResponse Error(string code, string message) => new(
        ImmErrorCode.HttpStatus(code),
        JsonSerializer.Serialize(
            new ErrorAnswer(requestId, host, code, message, $"https://next.api.aliyun.com/troubleshoot?q={code}&product=imm"),
            WireJsonContext.Instance.ErrorAnswer));
}
