using System.Globalization;
using System.Text.Json;
using Imm.Core.Collections;
using Imm.Core.Model;
using Imm.Core.Wire;

namespace Imm.Core.Testing;

/// <summary>
/// Reads snapshots from JSON through the checks that a request passes. A number may be what a store can come to, also where a request could not bring
/// it there at once: more in use than a limit that was lowered later.
/// </summary>
internal static class SnapshotReader
{
    /// <exception cref="FormatException">The text is no snapshot.</exception>
    public static ImmSnapshot Read(string json)
    {
        SnapshotDocument document;
        try
        {
            document = JsonSerializer.Deserialize(json, SnapshotJsonContext.Instance.SnapshotDocument) ?? throw Wrong("$", "It is null.");
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            // An argument is wrong where the text holds a surrogate without its partner.
            throw new FormatException($"The JSON is not that of a snapshot. {e.Message}", e);
        }

        if (document.Format != SnapshotWriter.Format)
        {
            throw Wrong("$.Format", document.Format is null ? "It is missing." : $"It is '{document.Format}'; this version reads '{SnapshotWriter.Format}'.");
        }

        long time = Time("$.Time", document.Time, ImmFixtureClock.DefaultStart.UtcTicks);
        var defaults = new ServiceDefaults(Quota("$.ProjectQuota", document.ProjectQuota) ?? new ImmStoreOptions().ProjectQuota, 100, 100);
        var image = new Dictionary<Scope, ScopeState>();
        int index = 0;
        foreach (ScopeDocument? entry in document.Scopes ?? [])
        {
            string path = At("$.Scopes", index++);
            ScopeState state = ReadScope(path, Present(path, entry), defaults, time);
            if (!image.TryAdd(state.Scope, state))
            {
                throw Wrong(path, $"{state.Scope} stands twice.");
            }
        }

        return new ImmSnapshot(image, defaults.ProjectQuota, new DateTimeOffset(time, TimeSpan.Zero));
    }

    private static ScopeState ReadScope(string path, ScopeDocument document, ServiceDefaults defaults, long time)
    {
        if (document.AccountId is null || !Scope.IsAccountId(document.AccountId))
        {
            throw Wrong($"{path}.AccountId", Scope.AccountIdRule);
        }

        if (document.RegionId is null || !Scope.IsRegionId(document.RegionId))
        {
            throw Wrong($"{path}.RegionId", Scope.RegionIdRule);
        }

        var state = ScopeState.Empty(
            new Scope(document.AccountId, document.RegionId), defaults, Quota($"{path}.ProjectQuota", document.ProjectQuota));
        var owner = new OwnerToken();
        int index = 0;
        foreach (ProjectWithDatasets? entry in document.Projects ?? [])
        {
            string at = At($"{path}.Projects", index++);
            long number = state.LastNumber + 1;
            Project project = ReadProject(at, Present(at, entry), ref number, time);
            if (state.TryFind(project.ProjectName.Value, out _))
            {
                throw Wrong($"{at}.ProjectName", $"'{project.ProjectName}' stands twice.");
            }

            state = state.With(null, project, owner, number);
        }

        owner.Close();
        return state;
    }

    /// <param name="path">Where the document stands.</param>
    /// <param name="document">The document.</param>
    /// <param name="number">The number that the project gets; the last one given afterwards.</param>
    /// <param name="time">The time where there is none.</param>
    private static Project ReadProject(string path, ProjectWithDatasets document, ref long number, long time)
    {
        document.CreateTime ??= WireTime.Write(time, TimeSpan.Zero);
        document.UpdateTime ??= document.CreateTime;
        Project project;
        try
        {
            project = ProjectReader.ToProject(document);
        }
        catch (FormatException e)
        {
            throw new FormatException($"{path}: {e.Message}", e);
        }

        long projectNumber = number;
        NameTree<DatasetEntry> datasets = NameTree<DatasetEntry>.Empty;
        (long files, UInt128 bytes) = (0, 0);
        int index = 0;
        foreach (DatasetDocument? entry in document.Datasets ?? [])
        {
            string at = At($"{path}.Datasets", index++);
            DatasetEntry dataset = ReadDataset(at, Present(at, entry), project, ++number, projectNumber);
            if (datasets.Find(dataset.Name) is not null)
            {
                throw Wrong($"{at}.DatasetName", $"'{dataset.Name}' stands twice.");
            }

            datasets = datasets.Set(dataset);
            files += dataset.Dataset.FileCount;
            bytes += (ulong)dataset.Dataset.TotalFileSize;
        }

        if (bytes > long.MaxValue)
        {
            throw Wrong($"{path}.TotalFileSize", "Its datasets have more than 2^63-1 bytes together.");
        }

        return project with
        {
            Number = projectNumber,
            Datasets = datasets,
            DatasetCount = Count($"{path}.DatasetCount", document.DatasetCount, datasets.Count, "there are {0} datasets"),
            FileCount = Count($"{path}.FileCount", document.FileCount, files, "its datasets have {0} together"),
            TotalFileSize = Count($"{path}.TotalFileSize", document.TotalFileSize, (long)bytes, "its datasets have {0} together"),
        };
    }

    private static DatasetEntry ReadDataset(string path, DatasetDocument document, Project project, long number, long projectNumber)
    {
        var request = new CreateDatasetRequest
        {
            ProjectName = project.ProjectName.Value,
            DatasetName = document.DatasetName,
            Description = document.Description,
            TemplateId = document.TemplateId,
            DatasetMaxBindCount = document.DatasetMaxBindCount,
            DatasetMaxFileCount = document.DatasetMaxFileCount,
            DatasetMaxEntityCount = document.DatasetMaxEntityCount,
            DatasetMaxRelationCount = document.DatasetMaxRelationCount,
            DatasetMaxTotalFileSize = document.DatasetMaxTotalFileSize,
        };
        if (DatasetFields.Parse(request, out DatasetFields fields) is { } refusal)
        {
            throw Wrong($"{path}.{refusal.Parameter}", refusal.Message);
        }

        string name = request.DatasetName!;
        long createTicks = Time($"{path}.CreateTime", document.CreateTime, project.CreateTicks);
        long updateTicks = Time($"{path}.UpdateTime", document.UpdateTime, createTicks);
        if (updateTicks < createTicks)
        {
            throw Wrong($"{path}.UpdateTime", "It is before CreateTime.");
        }

        Binding[] bindings = ReadBindings($"{path}.Bindings", document.Bindings ?? [], project.ProjectName, name, createTicks);
        Count($"{path}.BindCount", document.BindCount, bindings.Length, "there are {0} bindings");
        var dataset = new Dataset(
            project.ProjectName, name, fields.Description ?? "", fields.TemplateId ?? "", project.Quota.Dataset.With(fields.Limits), createTicks, updateTicks)
        {
            BindCount = bindings.Length,
            FileCount = Number($"{path}.FileCount", document.FileCount, Limit.DatasetMaxFileCount),
            TotalFileSize = Number($"{path}.TotalFileSize", document.TotalFileSize, Limit.DatasetMaxTotalFileSize),
        };
        return new DatasetEntry(number, projectNumber, dataset, bindings);
    }

    private static Binding[] ReadBindings(string path, BindingDocument?[] documents, ProjectName projectName, string datasetName, long time)
    {
        if (documents.Length > Limit.DatasetMaxBindCount.Maximum)
        {
            throw Wrong(path, string.Create(CultureInfo.InvariantCulture, $"There are {documents.Length}; a dataset has at most {Limit.DatasetMaxBindCount.Maximum}."));
        }

        var bindings = new Binding[documents.Length];
        for (int i = 0; i < bindings.Length; i++)
        {
            string at = At(path, i);
            BindingDocument document = Present(at, documents[i]);
            if (Binding.Check(document.Uri) is { } refusal)
            {
                throw Wrong($"{at}.URI", refusal.Message);
            }

            bindings[i] = new Binding(projectName, datasetName, document.Uri!, Time($"{at}.CreateTime", document.CreateTime, time));
        }

        Array.Sort(bindings, static (a, b) => string.CompareOrdinal(a.Uri, b.Uri));
        for (int i = 1; i < bindings.Length; i++)
        {
            if (bindings[i].Uri == bindings[i - 1].Uri)
            {
                throw Wrong(path, $"'{bindings[i].Uri}' stands twice.");
            }
        }

        return bindings;
    }

    private static T Present<T>(string path, T? value)
        where T : class =>
        value ?? throw Wrong(path, "It is null.");

    private static int? Quota(string path, int? quota) => quota is < 0 ? throw Wrong(path, "It is below 0.") : quota;

    private static long Time(string path, string? text, long absent) =>
        text is null ? absent
        : WireTime.TryRead(text, out long ticks) ? ticks
        : throw Wrong(path, "A time looks like 2021-06-29T14:50:13.011643600+08:00, with 0 to 9 fraction digits.");

    /// <summary>A number of things in use: no limit could ever be above its range, and so nothing can be in use beyond it.</summary>
    private static long Number(string path, long? number, Limit range) =>
        number is < 0 ? throw Wrong(path, "It is below 0.")
        : number > range.Maximum ? throw Wrong(path, string.Create(CultureInfo.InvariantCulture, $"It is above {range.Maximum}, which no dataset comes to."))
        : number ?? 0;

    /// <summary>A count of what is there; where it is named it must be right.</summary>
    private static long Count(string path, long? named, long counted, string truth) =>
        named is null || named == counted
            ? counted
            : throw Wrong(path, string.Create(CultureInfo.InvariantCulture, $"It is {named}, but {string.Format(CultureInfo.InvariantCulture, truth, counted)}."));

    private static string At(string path, int index) => string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]");

    private static FormatException Wrong(string path, string problem) => new($"The snapshot is wrong at {path}. {problem}");
}
