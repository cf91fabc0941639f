using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Imm.Core.Collections;
using Imm.Core.Model;

namespace Imm.Core.Json;

/// <summary>
/// Reads snapshots from JSON, scope by scope, under the rules of a request. A use may be above its limit, as after the limit was lowered.
/// </summary>
/// <param name="stream">The stream, of which no more is held than a project and the states that the caller holds.</param>
/// <param name="defaults">The defaults of the states.</param>
internal sealed class SnapshotReader(Stream stream, ServiceDefaults defaults)
{
    /// <summary>The greatest revision: changes without end can follow it.</summary>
    private const long MaxRevision = 1L << 62;

    private static readonly DocumentPlace Root = new("snapshot", "$");

    private readonly JsonStreamReader _json = new(stream, "snapshot");
    private long? _time;
    private bool _usesAbsentTime;

    /// <summary>The time of a snapshot that has none: that of projects without a time too.</summary>
    public static readonly DateTimeOffset DefaultTime = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The time on the clock of the store, once everything is read.</summary>
    public DateTimeOffset Time => _time is { } ticks ? new(ticks, TimeSpan.Zero) : DefaultTime;

    /// <summary>The project quota of scopes without one of their own, once everything is read; null where it is absent.</summary>
    public int? ProjectQuota { get; private set; }

    /// <summary>Reads the scopes one after the other.</summary>
    /// <exception cref="FormatException">The text is not a snapshot; the message names the place.</exception>
    public IEnumerable<ScopeState> Read()
    {
        Begin();
        string? format = null;
        var fields = new HashSet<string>();
        var scopes = new HashSet<Scope>();
        while (_json.NextField(Root) is { } field)
        {
            ThrowIfRepeated(fields, field);
            switch (field)
            {
                case "Format":
                    format = ReadFormat();
                    break;
                case "Time":
                    string? text = _json.NextValue(SnapshotJsonContext.Default.String, "$.Time", out _);
                    if (_usesAbsentTime)
                    {
                        throw Root.Wrong(field, "It comes after Scopes, in which entries without a time need it. Put it first.");
                    }

                    _time = text is null ? null : Root.Time(field, text);
                    break;
                case "ProjectQuota":
                    ProjectQuota = ReadProjectQuota(Root);
                    break;
                case "Scopes":
                    foreach (ScopeState state in ReadScopes(scopes))
                    {
                        yield return state;
                    }

                    break;
                default:
                    throw Unknown(field);
            }
        }

        if (format is null)
        {
            throw Root.Wrong("Format", "It is missing.");
        }

        if (_json.Next() is not null)
        {
            throw _json.Wrong("Something follows its end.");
        }
    }

    private void Begin()
    {
        switch (_json.Next())
        {
            case JsonTokenType.StartObject:
                return;
            case JsonTokenType.Null:
                throw new FormatException("The JSON of the snapshot is null.");
            case null:
                throw _json.Wrong("It is empty.");
            default:
                throw _json.Wrong("It is not an object.");
        }
    }

    private string? ReadFormat()
    {
        string? format = _json.NextValue(SnapshotJsonContext.Default.String, "$.Format", out _);
        return format is null or SnapshotWriter.Format
            ? format
            : throw Root.Wrong("Format", $"It is '{format}'; this version reads '{SnapshotWriter.Format}'.");
    }

    private IEnumerable<ScopeState> ReadScopes(HashSet<Scope> known)
    {
        for (int i = 0; BeginEntry(Root, "Scopes", i, out DocumentPlace place); i++)
        {
            ScopeState state = ReadScope(place);
            yield return known.Add(state.Scope) ? state : throw place.Wrong($"{state.Scope} occurs twice.");
        }
    }

    /// <summary>Begins the next object of an array that may be null; false at its end.</summary>
    private bool BeginEntry(DocumentPlace parent, string array, int index, out DocumentPlace place)
    {
        place = parent.Entry(array, index);
        JsonTokenType? token = _json.Next();
        if (index == 0)
        {
            if (token == JsonTokenType.Null)
            {
                return false;
            }

            if (token != JsonTokenType.StartArray)
            {
                throw _json.Wrong($"{parent.Path}.{array} is not an array.");
            }

            token = _json.Next();
        }

        return token switch
        {
            JsonTokenType.EndArray => false,
            JsonTokenType.StartObject => true,
            JsonTokenType.Null => throw place.Wrong("It is null."),
            _ => throw _json.Wrong($"{place.Path} is not an object."),
        };
    }

    private ScopeState ReadScope(DocumentPlace place)
    {
        var fields = new HashSet<string>();
        (string? accountId, string? regionId, int? projectQuota, long? revision) = (null, null, null, null);
        var projects = new ProjectsOfScope(this);
        while (_json.NextField(place) is { } field)
        {
            ThrowIfRepeated(fields, field);
            switch (field)
            {
                case "AccountId":
                    accountId = _json.NextValue(SnapshotJsonContext.Default.String, $"{place.Path}.{field}", out _);
                    break;
                case "RegionId":
                    regionId = _json.NextValue(SnapshotJsonContext.Default.String, $"{place.Path}.{field}", out _);
                    break;
                case "ProjectQuota":
                    projectQuota = ReadProjectQuota(place);
                    break;
                case "Revision":
                    revision = _json.NextValue(SnapshotJsonContext.Default.NullableInt64, $"{place.Path}.{field}", out _);
                    place.Number(field, revision, 0, MaxRevision);
                    break;
                case "Projects":
                    projects.Read(place);
                    break;
                default:
                    throw Unknown(field);
            }
        }

        if (!Scope.TryCreate(accountId, regionId, out Scope? scope, out string? brokenRule))
        {
            throw place.Wrong(brokenRule == Scope.AccountIdRule ? "AccountId" : "RegionId", brokenRule);
        }

        if (revision < projects.LastRevision)
        {
            throw place.Wrong("Revision", "It is below that of a project.");
        }

        ScopeState state = ScopeState.Empty(scope, defaults, projectQuota, revision ?? projects.LastRevision)
            .WithAll(projects.All, NameTree<OssBucketAttachment>.Empty, projects.LastNumber);
        var owner = new OwnerToken();
        foreach ((DocumentPlace at, string projectName, AttachmentDocument document) in projects.Attachments)
        {
            state = ReadAttachment(at, document, state, projectName, owner);
        }

        owner.Close();
        return state;
    }

    /// <summary>Reads an attached bucket, once all projects of its scope are there.</summary>
    private static ScopeState ReadAttachment(
        DocumentPlace place, AttachmentDocument document, ScopeState state, string projectName, OwnerToken owner)
    {
        if ((OssBucketAttachment.CheckBucket(document.OssBucket) ?? OssBucketAttachment.CheckDescription(document.Description))
            is { } refusal)
        {
            throw place.Wrong(refusal.Parameter!, refusal.Message);
        }

        if (state.FindAttachment(document.OssBucket!) is not null)
        {
            throw place.Wrong(OssBucketAttachment.BucketParameter, $"'{document.OssBucket}' is attached twice in the scope.");
        }

        Invariant.Holds(state.TryFind(projectName, out Project? project), "the projects of a scope are read before their buckets");
        var attachment = new OssBucketAttachment(
            state.Scope.AccountId,
            project.ProjectName,
            document.OssBucket!,
            document.Description ?? "",
            place.Time(nameof(document.CreateTime), document.CreateTime, project.CreateTicks))
        {
            Number = state.LastNumber + 1,
        };
        return state.Attach(project, attachment, project.Revision, owner, out _);
    }

    private static void ThrowIfRepeated(HashSet<string> fields, string field)
    {
        if (!fields.Add(field))
        {
            throw new FormatException($"The text is not the JSON of a snapshot. Duplicate property '{field}'.");
        }
    }

    private FormatException Unknown(string field) => _json.Wrong($"The JSON property '{field}' could not be mapped to a known field.");

    private int? ReadProjectQuota(DocumentPlace place)
    {
        int? projectQuota = _json.NextValue(SnapshotJsonContext.Default.NullableInt32, $"{place.Path}.ProjectQuota", out _);
        return projectQuota is < 0 ? throw place.Wrong("ProjectQuota", "It is below 0.") : projectQuota;
    }

    /// <summary>The projects of one scope as they are read.</summary>
    private sealed class ProjectsOfScope(SnapshotReader reader)
    {
        private readonly HashSet<string> _names = [];
        private readonly HashSet<long> _revisions = [];

        public List<Project> All { get; } = [];

        public List<(DocumentPlace Place, string ProjectName, AttachmentDocument Document)> Attachments { get; } = [];

        public long LastNumber { get; private set; }

        public long LastRevision { get; private set; }

        public void Read(DocumentPlace place)
        {
            JsonTokenType? token = reader._json.Next();
            if (token == JsonTokenType.Null)
            {
                return;
            }

            if (token != JsonTokenType.StartArray)
            {
                throw reader._json.Wrong($"{place.Path}.Projects is not an array.");
            }

            JsonTypeInfo<ProjectWithDatasets> type = SnapshotJsonContext.Default.ProjectWithDatasets;
            for (int i = 0; ; i++)
            {
                DocumentPlace at = place.Entry("Projects", i);
                ProjectWithDatasets? entry = reader._json.NextValue(type, at.Path, out bool isEnd);
                if (isEnd)
                {
                    return;
                }

                Add(at, at.Required(entry));
            }
        }

        private void Add(DocumentPlace place, ProjectWithDatasets document)
        {
            long number = LastNumber + 1;
            long time = reader._time ?? DefaultTime.UtcTicks;
            reader._usesAbsentTime |= document.CreateTime is null;
            long revision = ReadRevision(place, document.Revision, LastRevision + 1, MaxRevision);
            Project project = ReadProject(place, document, ref number, time, revision);
            if (!_names.Add(project.Name))
            {
                throw place.Wrong(nameof(document.ProjectName), $"'{project.Name}' occurs twice.");
            }

            if (!_revisions.Add(revision))
            {
                throw place.Wrong(nameof(document.Revision), string.Create(CultureInfo.InvariantCulture, $"{revision} occurs twice."));
            }

            (LastNumber, LastRevision) = (number, Math.Max(LastRevision, revision));
            All.Add(project);
            foreach ((AttachmentDocument entry, DocumentPlace at) in
                Entries(place, OssBucketAttachment.ListField, document.AttachedOssBuckets))
            {
                Attachments.Add((at, project.Name, entry));
            }
        }
    }

    /// <summary>Reads a project with its datasets.</summary>
    /// <param name="place">The place of the document.</param>
    /// <param name="document">The document.</param>
    /// <param name="number">The number of the project; afterwards the last one that was assigned.</param>
    /// <param name="time">The creation time of a document that has none.</param>
    /// <param name="revision">The revision of the project.</param>
    private static Project ReadProject(
        DocumentPlace place, ProjectWithDatasets document, ref long number, long time, long revision)
    {
        Project project = DocumentReader.ReadProject(document, place, time);
        long projectNumber = number;
        NameTree<DatasetEntry> datasets = NameTree<DatasetEntry>.Empty;
        (long files, UInt128 bytes) = (0, 0);
        foreach ((DatasetDocument entry, DocumentPlace at) in Entries(place, nameof(document.Datasets), document.Datasets))
        {
            DatasetEntry dataset = ReadDataset(at, entry, project, ++number, revision);
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
            Revision = revision,
            Datasets = datasets,
            DatasetCount = Sum(place, nameof(document.DatasetCount), document.DatasetCount, datasets.Count, "there are {0} datasets"),
            FileCount = Sum(place, nameof(document.FileCount), document.FileCount, files, "its datasets have {0} together"),
            TotalFileSize = Sum(
                place, nameof(document.TotalFileSize), document.TotalFileSize, (long)bytes, "its datasets have {0} together"),
        };
    }

    private static DatasetEntry ReadDataset(
        DocumentPlace place, DatasetDocument document, Project project, long number, long projectRevision)
    {
        var request = new CreateDatasetRequest
        {
            ProjectName = project.Name,
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
            Revision = ReadRevision(place, document.Revision, projectRevision, projectRevision),

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

    /// <summary>Reads a number that follows from other entries, and so is right or absent.</summary>
    private static long Sum(DocumentPlace place, string field, long? stated, long actual, string truth) =>
        stated is null || stated == actual
            ? actual
            : throw place.Wrong(field, string.Create(
                CultureInfo.InvariantCulture, $"It is {stated}, but {string.Format(CultureInfo.InvariantCulture, truth, actual)}."));
}
