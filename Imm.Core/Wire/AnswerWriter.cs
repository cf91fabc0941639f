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

    public string Done() => JsonSerializer.Serialize(new DoneAnswer(requestId), WireJsonContext.Instance.DoneAnswer);

    public ImmApiResponse Error(string code, string message) => new(
        ImmErrorCode.HttpStatus(code),
        JsonSerializer.Serialize(
            new ErrorAnswer(requestId, host, code, message, $"https://next.api.aliyun.com/troubleshoot?q={code}&product=imm"),
            WireJsonContext.Instance.ErrorAnswer));
}
