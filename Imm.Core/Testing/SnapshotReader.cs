using System.Globalization;
using Imm.Core.Collections;
using Imm.Core.Model;
using Imm.Core.Wire;

namespace Imm.Core.Testing;

/// <summary>
/// Reads snapshots from JSON, under the rules of a request. A use may be above its limit, as after the limit was lowered.
/// </summary>
internal static class SnapshotReader
{
    /// <exception cref="FormatException">The text is not a snapshot.</exception>
    public static SnapshotContent Read(string json)
    {
        SnapshotDocument document = DocumentJsonContext.Read(json, "snapshot", SnapshotJsonContext.Default.SnapshotDocument);
        var place = new DocumentPlace("snapshot", "$");
        if (document.Format != SnapshotDocument.CurrentFormat)
        {
            throw place.Wrong(
                nameof(document.Format),
                document.Format is null
                    ? "It is missing."
                    : $"It is '{document.Format}'; this version reads '{SnapshotDocument.CurrentFormat}'.");
        }

        long time = place.Time(nameof(document.Time), document.Time, ImmFixtureClock.DefaultStart.UtcTicks);
        var defaults = new ServiceDefaults(
            ReadProjectQuota(place, document.ProjectQuota) ?? new ImmStoreOptions().ProjectQuota, 100, 100);
        var image = new Dictionary<Scope, ScopeState>();
        foreach ((ScopeDocument scope, DocumentPlace at) in Entries(place, nameof(document.Scopes), document.Scopes))
        {
            ScopeState state = ReadScope(at, scope, defaults, time);
            if (!image.TryAdd(state.Scope, state))
            {
                throw at.Wrong($"{state.Scope} occurs twice.");
            }
        }

        return new SnapshotContent(image, defaults.ProjectQuota, new DateTimeOffset(time, TimeSpan.Zero));
    }

    private static ScopeState ReadScope(DocumentPlace place, ScopeDocument document, ServiceDefaults defaults, long time)
    {
        if (!Scope.TryCreate(document.AccountId, document.RegionId, out Scope? scope, out string? brokenRule))
        {
            throw place.Wrong(
                brokenRule == Scope.AccountIdRule ? nameof(document.AccountId) : nameof(document.RegionId), brokenRule);
        }

        var state = ScopeState.Empty(scope, defaults, ReadProjectQuota(place, document.ProjectQuota));
        var owner = new OwnerToken();
        foreach ((ProjectWithDatasets entry, DocumentPlace at) in Entries(place, nameof(document.Projects), document.Projects))
        {
            long number = state.LastNumber + 1;
            Project project = ReadProject(at, entry, ref number, state.Revision + 1, time);
            if (state.TryFind(project.ProjectName.Value, out _))
            {
                throw at.Wrong(nameof(entry.ProjectName), $"'{project.ProjectName}' occurs twice.");
            }

            state = state.With(null, project, owner, number);
        }

        owner.Close();
        long revision = place.Number(nameof(document.Revision), document.Revision, state.Revision);
        return revision >= state.Revision
            ? state.WithRevision(revision)
            : throw place.Wrong(nameof(document.Revision), "It is below that of a project.");
    }

    /// <summary>Reads a project with its datasets.</summary>
    /// <param name="place">The place of the document.</param>
    /// <param name="document">The document.</param>
    /// <param name="number">The number of the project; afterwards the last one that was assigned.</param>
    /// <param name="revision">The revision of a document that has none.</param>
    /// <param name="time">The creation time of a document that has none.</param>
    private static Project ReadProject(DocumentPlace place, ProjectWithDatasets document, ref long number, long revision, long time)
    {
        Project project = DocumentReader.ReadProject(document, place, time) with
        {
            Revision = ReadRevision(place, document.Revision, revision, long.MaxValue),
        };
        long projectNumber = number;
        NameTree<DatasetEntry> datasets = NameTree<DatasetEntry>.Empty;
        (long files, UInt128 bytes) = (0, 0);
        foreach ((DatasetDocument entry, DocumentPlace at) in Entries(place, nameof(document.Datasets), document.Datasets))
        {
            DatasetEntry dataset = ReadDataset(at, entry, project, ++number);
            if (datasets.Find(dataset.Name) is not null)
            {
                throw at.Wrong(nameof(entry.DatasetName), $"'{dataset.Name}' occurs twice.");
            }

            datasets = datasets.Set(dataset);
            files += dataset.Dataset.FileCount;
            bytes += (ulong)dataset.Dataset.TotalFileSize;
        }

        if (bytes > long.MaxValue)
        {
            throw place.Wrong(nameof(document.TotalFileSize), "Its datasets have more than 2^63-1 bytes together.");
        }

        return project with
        {
            Number = projectNumber,
            Datasets = datasets,
            DatasetCount = Sum(place, nameof(document.DatasetCount), document.DatasetCount, datasets.Count, "there are {0} datasets"),
            FileCount = Sum(place, nameof(document.FileCount), document.FileCount, files, "its datasets have {0} together"),
            TotalFileSize = Sum(
                place, nameof(document.TotalFileSize), document.TotalFileSize, (long)bytes, "its datasets have {0} together"),
        };
    }

    private static DatasetEntry ReadDataset(
        DocumentPlace place, DatasetDocument document, Project project, long number)
    {
        var request = new CreateDatasetRequest
        {
            ProjectName = project.ProjectName.Value,
            DatasetName = document.DatasetName,
            Description = document.Description,
            TemplateId = document.TemplateId,
        };
        DocumentReader.CopyLimits(document, ref request.Limits);
        if (DatasetFields.Parse(request, out DatasetFields fields) is { } refusal)
        {
            throw place.Wrong(refusal.Parameter!, refusal.Message);
        }

        string name = request.DatasetName!;
        (long createTicks, long updateTicks) = DocumentReader.ReadTimes(
            place, document, project.CreateTicks, requiresUpdateTime: false);
        Binding[] bindings = ReadBindings(place, document, project.ProjectName, name, createTicks);
        Sum(place, nameof(document.BindCount), document.BindCount, bindings.Length, "there are {0} bindings");
        var dataset = new Dataset(
            project.ProjectName,
            name,
            fields.Description ?? "",
            fields.TemplateId ?? "",
            project.Quota.Dataset.With(fields.Limits),
            createTicks,
            updateTicks)
        {
            BindCount = bindings.Length,
            Revision = ReadRevision(place, document.Revision, project.Revision, project.Revision),

            // The highest limit that a dataset can have had bounds what it can hold.
            FileCount = place.Number(nameof(document.FileCount), document.FileCount, 0, Limit.DatasetMaxFileCount.Maximum),
            TotalFileSize = place.Number(nameof(document.TotalFileSize), document.TotalFileSize, 0),
        };
        return new DatasetEntry(number, dataset, bindings);
    }

    private static long ReadRevision(DocumentPlace place, long? revision, long absent, long maximum) =>
        place.Number(nameof(Project.Revision), revision, absent, maximum) is > 0 and long read
            ? read
            : throw place.Wrong(nameof(Project.Revision), "It is below 1.");

    private static Binding[] ReadBindings(
        DocumentPlace place, DatasetDocument dataset, ProjectName projectName, string datasetName, long createTicks)
    {
        const string Field = nameof(dataset.Bindings);
        if (dataset.Bindings?.Length > Limit.DatasetMaxBindCount.Maximum)
        {
            throw place.Wrong(Field, string.Create(
                CultureInfo.InvariantCulture,
                $"There are {dataset.Bindings.Length}; a dataset has at most {Limit.DatasetMaxBindCount.Maximum}."));
        }

        var bindings = new List<Binding>();
        foreach ((BindingDocument document, DocumentPlace at) in Entries(place, Field, dataset.Bindings))
        {
            if (Binding.Check(document.Uri) is { } refusal)
            {
                throw at.Wrong(refusal.Parameter!, refusal.Message);
            }

            bindings.Add(new Binding(
                projectName, datasetName, document.Uri!, at.Time(nameof(document.CreateTime), document.CreateTime, createTicks)));
        }

        bindings.Sort(static (a, b) => string.CompareOrdinal(a.Uri, b.Uri));
        for (int i = 1; i < bindings.Count; i++)
        {
            if (bindings[i].Uri == bindings[i - 1].Uri)
            {
                throw place.Wrong(Field, $"'{bindings[i].Uri}' occurs twice.");
            }
        }

        return [.. bindings];
    }

    /// <summary>Enumerates an array that may be absent, with the place of each entry.</summary>
    private static IEnumerable<(T Entry, DocumentPlace Place)> Entries<T>(DocumentPlace place, string array, T?[]? entries)
        where T : class
    {
        for (int i = 0; i < entries?.Length; i++)
        {
            DocumentPlace at = place.Entry(array, i);
            yield return (at.Required(entries[i]), at);
        }
    }

    private static int? ReadProjectQuota(DocumentPlace place, int? projectQuota) =>
        projectQuota is < 0 ? throw place.Wrong(nameof(SnapshotContent.ProjectQuota), "It is below 0.") : projectQuota;

    /// <summary>Reads a number that follows from other entries, and so is right or absent.</summary>
    private static long Sum(DocumentPlace place, string field, long? stated, long actual, string truth) =>
        stated is null || stated == actual
            ? actual
            : throw place.Wrong(field, string.Create(
                CultureInfo.InvariantCulture, $"It is {stated}, but {string.Format(CultureInfo.InvariantCulture, truth, actual)}."));
}
