using CommunityToolkit.Diagnostics;
using Imm.Core.Json;
using Imm.Core.Model;

namespace Imm.Core;

/// <summary>
/// Reads and writes projects in the JSON form of the service, to compare them with its answers. Stateless and thread-safe.
/// </summary>
/// <remarks>
/// The 18 fields stand in the service's order, and 64-bit integers are JSON numbers. A time has 9 fraction digits and an explicit offset. A
/// project's times are exact to 100 ns, so the last two digits are written as zeros, and are dropped when a time is read.
/// </remarks>
public static class ImmJson
{
    /// <summary>Writes a project, with its times at +08:00.</summary>
    /// <param name="project">The project.</param>
    /// <exception cref="ArgumentNullException"><paramref name="project"/> is null.</exception>
    public static string WriteProject(Project project) => WriteProject(project, UtcOffset.Default);

    /// <summary>Writes a project.</summary>
    /// <param name="project">The project.</param>
    /// <param name="timeOffset">
    /// The offset from UTC in which the times are written: −14 to +14 hours (both inclusive), in whole minutes. A time that would leave the
    /// years 1 to 9999 in this offset is written in UTC.
    /// </param>
    /// <exception cref="ArgumentNullException"><paramref name="project"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeOffset"/> is out of its range or not in whole minutes.</exception>
    public static string WriteProject(Project project, TimeSpan timeOffset)
    {
        Guard.IsNotNull(project, nameof(project));
        if (!UtcOffset.IsValid(timeOffset))
        {
            ThrowHelper.ThrowArgumentOutOfRangeException(nameof(timeOffset), timeOffset, $"The offset is out of range; {UtcOffset.Rule}");
        }

        DocumentWriter document = DocumentWriter.Begin(timeOffset);
        document.WriteProject(project);
        return document.End();
    }

    /// <summary>
    /// Reads a project, by itself or in the answer of CreateProject, GetProject or UpdateProject, under the rules for every project.
    /// </summary>
    /// <param name="json">
    /// The JSON. ProjectName, CreateTime and UpdateTime are required. Another field that is absent or null has its value of a new project.
    /// Times have 0 to 9 fraction digits and an offset or <c>Z</c>. Unknown fields are skipped. The last of two equal fields counts.
    /// </param>
    /// <exception cref="ArgumentNullException"><paramref name="json"/> is null.</exception>
    /// <exception cref="FormatException">The text is not JSON, or a field breaks a rule; the message names the field.</exception>
    public static Project ReadProject(string json)
    {
        Guard.IsNotNull(json, nameof(json));
        AnswerDocument answer = DocumentJsonContext.Read(json, "project", DocumentJsonContext.Default.AnswerDocument);
        return answer.Project is { } project
            ? DocumentReader.ReadProject(project, new DocumentPlace("project", "$.Project"))
            : DocumentReader.ReadProject(answer, new DocumentPlace("project", "$"));
    }
}
