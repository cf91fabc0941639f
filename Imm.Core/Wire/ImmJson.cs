using System.Runtime.CompilerServices;
using System.Text.Json;
using CommunityToolkit.Diagnostics;
using Imm.Core.Json;
using Imm.Core.Model;

namespace Imm.Core;

/// <summary>
/// Reads and writes projects, datasets and pages of them in the JSON form of the service, to compare them with its answers. Stateless and
/// thread-safe.
/// </summary>
/// <remarks>
/// The fields stand in the service's order, and 64-bit integers are JSON numbers. A time has 9 fraction digits and an explicit offset.
/// Times are exact to 100 ns, so the last two digits are written as zeros, and are dropped when a time is read. Revisions are no fields of
/// the service: they are neither written nor read. <see cref="JsonSerializer"/> writes and reads the same: <see cref="ImmJsonConverter"/>.
/// </remarks>
/// <example>
/// <code>
/// string json = ImmJson.WriteProject(registry.Get("photos"));
/// Console.WriteLine(ImmJson.ReadProject(json) == registry.Get("photos"));
/// </code>
/// </example>
public static class ImmJson
{
    /// <summary>Writes a project.</summary>
    /// <param name="project">The project.</param>
    /// <param name="timeOffset">
    /// The offset from UTC in which the times are written: −14 to +14 hours (both inclusive), in whole minutes; null for +08:00. A time
    /// that would leave the years 1 to 9999 in this offset is written in UTC.
    /// </param>
    /// <exception cref="ArgumentNullException"><paramref name="project"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeOffset"/> is out of its range or not in whole minutes.</exception>
    public static string WriteProject(Project project, TimeSpan? timeOffset = null) => Write(Structure.Project, project, timeOffset);

    /// <summary>Writes a project with a writer, whose encoder escapes the texts. The writer is not flushed.</summary>
    /// <param name="writer">The writer, at a place where a value may stand.</param>
    /// <param name="project">The project.</param>
    /// <param name="timeOffset">
    /// The offset from UTC in which the times are written: −14 to +14 hours (both inclusive), in whole minutes; null for +08:00. A time
    /// that would leave the years 1 to 9999 in this offset is written in UTC.
    /// </param>
    /// <exception cref="ArgumentNullException"><paramref name="writer"/> or <paramref name="project"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeOffset"/> is out of its range or not in whole minutes.</exception>
    public static void WriteProject(Utf8JsonWriter writer, Project project, TimeSpan? timeOffset = null) =>
        Write(writer, Structure.Project, project, timeOffset);

    /// <summary>
    /// Reads a project, by itself or in the answer of CreateProject, GetProject or UpdateProject, under the rules for every project.
    /// </summary>
    /// <param name="json">
    /// The JSON. ProjectName, CreateTime and UpdateTime are required. Another field that is absent or null has its value of a new project.
    /// Times have 0 to 9 fraction digits and an offset or <c>Z</c>. Unknown fields are skipped. The last of two equal fields counts.
    /// </param>
    /// <exception cref="ArgumentNullException"><paramref name="json"/> is null.</exception>
    /// <exception cref="FormatException">The text is not JSON, or a field breaks a rule; the message names the field.</exception>
    [OverloadResolutionPriority(1)] // So that null means a text.
    public static Project ReadProject(string json)
    {
        Guard.IsNotNull(json, nameof(json));
        return Structure.Project.Read(json);
    }

    /// <summary>
    /// Reads a project, by itself or in the answer of CreateProject, GetProject or UpdateProject, under the rules for every project.
    /// </summary>
    /// <param name="utf8Json">The JSON in UTF-8, as for a text.</param>
    /// <exception cref="FormatException">The text is not JSON, or a field breaks a rule; the message names the field.</exception>
    public static Project ReadProject(ReadOnlySpan<byte> utf8Json) => Structure.Project.Read(utf8Json);

    /// <summary>
    /// Reads a project, by itself or in the answer of CreateProject, GetProject or UpdateProject, under the rules for every project.
    /// </summary>
    /// <param name="utf8Json">The JSON in UTF-8, as for a text; read to its end and not closed.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="ArgumentNullException"><paramref name="utf8Json"/> is null.</exception>
    /// <exception cref="FormatException">The text is not JSON, or a field breaks a rule; the message names the field.</exception>
    /// <exception cref="OperationCanceledException">The reading was cancelled.</exception>
    public static ValueTask<Project> ReadProjectAsync(Stream utf8Json, CancellationToken cancellationToken = default)
    {
        Guard.IsNotNull(utf8Json, nameof(utf8Json));
        return Structure.Project.ReadAsync(utf8Json, cancellationToken);
    }

    /// <summary>Writes a dataset.</summary>
    /// <param name="dataset">The dataset.</param>
    /// <param name="timeOffset">
    /// The offset from UTC in which the times are written: −14 to +14 hours (both inclusive), in whole minutes; null for +08:00. A time
    /// that would leave the years 1 to 9999 in this offset is written in UTC.
    /// </param>
    /// <exception cref="ArgumentNullException"><paramref name="dataset"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeOffset"/> is out of its range or not in whole minutes.</exception>
    public static string WriteDataset(Dataset dataset, TimeSpan? timeOffset = null) => Write(Structure.Dataset, dataset, timeOffset);

    /// <summary>Writes a dataset with a writer, whose encoder escapes the texts. The writer is not flushed.</summary>
    /// <param name="writer">The writer, at a place where a value may stand.</param>
    /// <param name="dataset">The dataset.</param>
    /// <param name="timeOffset">
    /// The offset from UTC in which the times are written: −14 to +14 hours (both inclusive), in whole minutes; null for +08:00. A time
    /// that would leave the years 1 to 9999 in this offset is written in UTC.
    /// </param>
    /// <exception cref="ArgumentNullException"><paramref name="writer"/> or <paramref name="dataset"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeOffset"/> is out of its range or not in whole minutes.</exception>
    public static void WriteDataset(Utf8JsonWriter writer, Dataset dataset, TimeSpan? timeOffset = null) =>
        Write(writer, Structure.Dataset, dataset, timeOffset);

    /// <summary>
    /// Reads a dataset, by itself or in the answer of CreateDataset, GetDataset or UpdateDataset, under the rules for every dataset.
    /// </summary>
    /// <param name="json">
    /// The JSON. ProjectName, DatasetName, CreateTime and UpdateTime are required. Another field that is absent or null has its value of a
    /// new dataset in a project with the default limits. Otherwise as for a project.
    /// </param>
    /// <exception cref="ArgumentNullException"><paramref name="json"/> is null.</exception>
    /// <exception cref="FormatException">The text is not JSON, or a field breaks a rule; the message names the field.</exception>
    [OverloadResolutionPriority(1)] // So that null means a text.
    public static Dataset ReadDataset(string json)
    {
        Guard.IsNotNull(json, nameof(json));
        return Structure.Dataset.Read(json);
    }

    /// <summary>
    /// Reads a dataset, by itself or in the answer of CreateDataset, GetDataset or UpdateDataset, under the rules for every dataset.
    /// </summary>
    /// <param name="utf8Json">The JSON in UTF-8, as for a text.</param>
    /// <exception cref="FormatException">The text is not JSON, or a field breaks a rule; the message names the field.</exception>
    public static Dataset ReadDataset(ReadOnlySpan<byte> utf8Json) => Structure.Dataset.Read(utf8Json);

    /// <summary>
    /// Reads a dataset, by itself or in the answer of CreateDataset, GetDataset or UpdateDataset, under the rules for every dataset.
    /// </summary>
    /// <param name="utf8Json">The JSON in UTF-8, as for a text; read to its end and not closed.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="ArgumentNullException"><paramref name="utf8Json"/> is null.</exception>
    /// <exception cref="FormatException">The text is not JSON, or a field breaks a rule; the message names the field.</exception>
    /// <exception cref="OperationCanceledException">The reading was cancelled.</exception>
    public static ValueTask<Dataset> ReadDatasetAsync(Stream utf8Json, CancellationToken cancellationToken = default)
    {
        Guard.IsNotNull(utf8Json, nameof(utf8Json));
        return Structure.Dataset.ReadAsync(utf8Json, cancellationToken);
    }

    /// <summary>Writes a page of projects.</summary>
    /// <param name="page">The page of projects.</param>
    /// <param name="timeOffset">
    /// The offset from UTC in which the times are written: −14 to +14 hours (both inclusive), in whole minutes; null for +08:00. A time
    /// that would leave the years 1 to 9999 in this offset is written in UTC.
    /// </param>
    /// <exception cref="ArgumentNullException"><paramref name="page"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeOffset"/> is out of its range or not in whole minutes.</exception>
    public static string WriteProjectPage(ProjectPage page, TimeSpan? timeOffset = null) => Write(Structure.ProjectPage, page, timeOffset);

    /// <summary>Writes a page of projects with a writer, whose encoder escapes the texts. The writer is not flushed.</summary>
    /// <param name="writer">The writer, at a place where a value may stand.</param>
    /// <param name="page">The page of projects.</param>
    /// <param name="timeOffset">
    /// The offset from UTC in which the times are written: −14 to +14 hours (both inclusive), in whole minutes; null for +08:00. A time
    /// that would leave the years 1 to 9999 in this offset is written in UTC.
    /// </param>
    /// <exception cref="ArgumentNullException"><paramref name="writer"/> or <paramref name="page"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeOffset"/> is out of its range or not in whole minutes.</exception>
    public static void WriteProjectPage(Utf8JsonWriter writer, ProjectPage page, TimeSpan? timeOffset = null) =>
        Write(writer, Structure.ProjectPage, page, timeOffset);

    /// <summary>Reads a page of projects, the answer of ListProjects.</summary>
    /// <param name="json">
    /// The JSON. Projects is required. NextToken, where it is absent, null or empty, is that of the last page. Unknown fields are skipped.
    /// </param>
    /// <exception cref="ArgumentNullException"><paramref name="json"/> is null.</exception>
    /// <exception cref="FormatException">The text is not JSON, or a field breaks a rule; the message names the field.</exception>
    [OverloadResolutionPriority(1)] // So that null means a text.
    public static ProjectPage ReadProjectPage(string json)
    {
        Guard.IsNotNull(json, nameof(json));
        return Structure.ProjectPage.Read(json);
    }

    /// <summary>Reads a page of projects, the answer of ListProjects.</summary>
    /// <param name="utf8Json">The JSON in UTF-8, as for a text.</param>
    /// <exception cref="FormatException">The text is not JSON, or a field breaks a rule; the message names the field.</exception>
    public static ProjectPage ReadProjectPage(ReadOnlySpan<byte> utf8Json) => Structure.ProjectPage.Read(utf8Json);

    /// <summary>Reads a page of projects, the answer of ListProjects.</summary>
    /// <param name="utf8Json">The JSON in UTF-8, as for a text; read to its end and not closed.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="ArgumentNullException"><paramref name="utf8Json"/> is null.</exception>
    /// <exception cref="FormatException">The text is not JSON, or a field breaks a rule; the message names the field.</exception>
    /// <exception cref="OperationCanceledException">The reading was cancelled.</exception>
    public static ValueTask<ProjectPage> ReadProjectPageAsync(Stream utf8Json, CancellationToken cancellationToken = default)
    {
        Guard.IsNotNull(utf8Json, nameof(utf8Json));
        return Structure.ProjectPage.ReadAsync(utf8Json, cancellationToken);
    }

    /// <summary>Writes a page of datasets.</summary>
    /// <param name="page">The page of datasets.</param>
    /// <param name="timeOffset">
    /// The offset from UTC in which the times are written: −14 to +14 hours (both inclusive), in whole minutes; null for +08:00. A time
    /// that would leave the years 1 to 9999 in this offset is written in UTC.
    /// </param>
    /// <exception cref="ArgumentNullException"><paramref name="page"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeOffset"/> is out of its range or not in whole minutes.</exception>
    public static string WriteDatasetPage(DatasetPage page, TimeSpan? timeOffset = null) => Write(Structure.DatasetPage, page, timeOffset);

    /// <summary>Writes a page of datasets with a writer, whose encoder escapes the texts. The writer is not flushed.</summary>
    /// <param name="writer">The writer, at a place where a value may stand.</param>
    /// <param name="page">The page of datasets.</param>
    /// <param name="timeOffset">
    /// The offset from UTC in which the times are written: −14 to +14 hours (both inclusive), in whole minutes; null for +08:00. A time
    /// that would leave the years 1 to 9999 in this offset is written in UTC.
    /// </param>
    /// <exception cref="ArgumentNullException"><paramref name="writer"/> or <paramref name="page"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeOffset"/> is out of its range or not in whole minutes.</exception>
    public static void WriteDatasetPage(Utf8JsonWriter writer, DatasetPage page, TimeSpan? timeOffset = null) =>
        Write(writer, Structure.DatasetPage, page, timeOffset);

    /// <summary>Reads a page of datasets, the answer of ListDatasets.</summary>
    /// <param name="json">
    /// The JSON. Datasets is required. NextToken, where it is absent, null or empty, is that of the last page. Unknown fields are skipped.
    /// </param>
    /// <exception cref="ArgumentNullException"><paramref name="json"/> is null.</exception>
    /// <exception cref="FormatException">The text is not JSON, or a field breaks a rule; the message names the field.</exception>
    [OverloadResolutionPriority(1)] // So that null means a text.
    public static DatasetPage ReadDatasetPage(string json)
    {
        Guard.IsNotNull(json, nameof(json));
        return Structure.DatasetPage.Read(json);
    }

    /// <summary>Reads a page of datasets, the answer of ListDatasets.</summary>
    /// <param name="utf8Json">The JSON in UTF-8, as for a text.</param>
    /// <exception cref="FormatException">The text is not JSON, or a field breaks a rule; the message names the field.</exception>
    public static DatasetPage ReadDatasetPage(ReadOnlySpan<byte> utf8Json) => Structure.DatasetPage.Read(utf8Json);

    /// <summary>Reads a page of datasets, the answer of ListDatasets.</summary>
    /// <param name="utf8Json">The JSON in UTF-8, as for a text; read to its end and not closed.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="ArgumentNullException"><paramref name="utf8Json"/> is null.</exception>
    /// <exception cref="FormatException">The text is not JSON, or a field breaks a rule; the message names the field.</exception>
    /// <exception cref="OperationCanceledException">The reading was cancelled.</exception>
    public static ValueTask<DatasetPage> ReadDatasetPageAsync(Stream utf8Json, CancellationToken cancellationToken = default)
    {
        Guard.IsNotNull(utf8Json, nameof(utf8Json));
        return Structure.DatasetPage.ReadAsync(utf8Json, cancellationToken);
    }

    private static string Write<T, TDocument>(
        Structure<T, TDocument> structure, T value, TimeSpan? timeOffset, [CallerArgumentExpression(nameof(value))] string name = "")
        where T : class
        where TDocument : class
    {
        Guard.IsNotNull(value, name);
        return structure.Write(value, Checked(timeOffset));
    }

    private static void Write<T, TDocument>(
        Utf8JsonWriter writer,
        Structure<T, TDocument> structure,
        T value,
        TimeSpan? timeOffset,
        [CallerArgumentExpression(nameof(value))] string name = "")
        where T : class
        where TDocument : class
    {
        Guard.IsNotNull(writer, nameof(writer));
        Guard.IsNotNull(value, name);
        structure.Write(writer, value, Checked(timeOffset));
    }

    private static TimeSpan Checked(TimeSpan? timeOffset)
    {
        TimeSpan offset = timeOffset ?? UtcOffset.Default;
        if (!UtcOffset.IsValid(offset))
        {
            ThrowHelper.ThrowArgumentOutOfRangeException(nameof(timeOffset), offset, $"The offset is out of range; {UtcOffset.Rule}");
        }

        return offset;
    }
}
