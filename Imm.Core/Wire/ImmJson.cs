using System.Text.Json;
using CommunityToolkit.Diagnostics;
using Imm.Core.Model;
using Imm.Core.Wire;

namespace Imm.Core;

/// <summary>Projects in the service's JSON form, to compare with recorded answers and to read them. Stateless and thread-safe.</summary>
/// <remarks>
/// The 18 fields stand in the service's order, and 64-bit integers are JSON numbers. A time has 9 fraction digits and an explicit offset; since a
/// project's times are exact to 100 ns, the last two digits are zeros, and a time that is read is cut off there.
/// </remarks>
public static class ImmJson
{
    /// <summary>Writes a project, its times at +08:00.</summary>
    /// <param name="project">The project.</param>
    /// <exception cref="ArgumentNullException"><paramref name="project"/> is null.</exception>
    public static string WriteProject(Project project) => WriteProject(project, WireTime.DefaultOffset);

    /// <summary>Writes a project.</summary>
    /// <param name="project">The project.</param>
    /// <param name="timeOffset">
    /// The offset from UTC in which the times are written: −14 to +14 hours (both inclusive), in whole minutes. A time that this would lead out of
    /// the years 1 to 9999 is written in UTC.
    /// </param>
    /// <exception cref="ArgumentNullException"><paramref name="project"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeOffset"/> is out of its range or no whole number of minutes.</exception>
    public static string WriteProject(Project project, TimeSpan timeOffset)
    {
        Guard.IsNotNull(project, nameof(project));
        if (!WireTime.IsOffset(timeOffset))
        {
            ThrowHelper.ThrowArgumentOutOfRangeException(nameof(timeOffset), timeOffset, "An offset has -14 to +14 hours, in whole minutes.");
        }

        return JsonSerializer.Serialize(ProjectReader.ToDocument(project, timeOffset), WireJsonContext.Instance.ProjectDocument);
    }

    /// <summary>
    /// Reads a project from the bare object, or from the whole answer of CreateProject, GetProject or UpdateProject, under the rules that hold for
    /// every project.
    /// </summary>
    /// <param name="json">
    /// The JSON. ProjectName, CreateTime and UpdateTime are required; another field that is absent or null has the value that it has in a new
    /// project. Times have 0 to 9 fraction digits and an offset or <c>Z</c>. Fields that are not known are skipped; of a field that stands twice the last counts.
    /// </param>
    /// <exception cref="ArgumentNullException"><paramref name="json"/> is null.</exception>
    /// <exception cref="FormatException">The text is not JSON, or a field breaks a rule; the message names the field.</exception>
    public static Project ReadProject(string json)
    {
        Guard.IsNotNull(json, nameof(json));
        RecordedProject? recorded;
        try
        {
            recorded = UnicodeText.TryCount(json, out _)
                ? JsonSerializer.Deserialize(json, WireJsonContext.Instance.RecordedProject)
                : throw new FormatException("The JSON holds a surrogate without its partner, which is no character.");
        }
        catch (JsonException e)
        {
            throw new FormatException($"The JSON is not that of a project. {e.Message}", e);
        }

        return ProjectReader.ToProject(recorded?.Project ?? recorded ?? throw new FormatException("The JSON is null, and no project."));
    }
}
