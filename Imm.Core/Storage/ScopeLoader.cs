using Imm.Core.Collections;
using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>Builds the states of scopes from records, and verifies them again.</summary>
/// <param name="read">Reads the records of a kind with keys in a range, both ends inclusive, in order.</param>
/// <param name="codec">Decodes their values.</param>
/// <param name="problem">Takes a problem, and may throw; if it does not, the loader skips the record.</param>
internal sealed class ScopeLoader(Func<ChangeKind, long, long, IEnumerable<Record>> read, RecordCodec codec, Action<string> problem)
{
    /// <summary>Reads the states of all scopes in ordinal order, one at a time.</summary>
    /// <exception cref="DamagedFileException">While it is enumerated: a record is damaged.</exception>
    public static IEnumerable<ScopeState> LoadAll(IStoreContents contents, FileStoreSettings settings)
    {
        ScopeLoader loader = Of(contents, settings);
        StoredScope[] scopes =
        [
            .. contents.Read(ChangeKind.Scope)
                .Select(static record => RecordCodec.ReadScope(record))
                .OrderBy(static scope => scope.Scope, Scope.Order),
        ];
        foreach (StoredScope scope in scopes)
        {
            yield return loader.Load(
                ScopeState.Empty(scope.Scope, settings.Defaults, scope.OwnProjectQuota, scope.Revision), scope.Id);
        }
    }

    /// <summary>Makes the loader of contents, for which damage is an exception.</summary>
    public static ScopeLoader Of(IStoreContents contents, FileStoreSettings settings) =>
        new(contents.Read, settings.Codec, problem => throw new DamagedFileException(contents.Pages.Name, problem));

    /// <summary>Reads the state of a scope.</summary>
    /// <param name="empty">The empty state of the scope.</param>
    /// <param name="id">The number of the scope.</param>
    public ScopeState Load(ScopeState empty, int id)
    {
        (long first, long last) = RecordKey.OfScope(id);
        var shared = new SharedFields();
        return Build(
            empty,
            Read(ChangeKind.Project, first, last, (in Record record) => codec.ReadProject(record, shared)),
            Read(ChangeKind.Dataset, first, last, (in Record record) => RecordCodec.ReadDataset(record, shared)),
            Read(
                ChangeKind.Attachment,
                first,
                last,
                (in Record record) => RecordCodec.ReadAttachment(record, empty.Scope.AccountId)),
            problem);
    }

    /// <summary>Builds the state of a scope from its values, and verifies that they belong together.</summary>
    /// <param name="empty">The empty state of the scope.</param>
    /// <param name="projects">The projects, without datasets and attachments.</param>
    /// <param name="allDatasets">The datasets.</param>
    /// <param name="allAttachments">The attachments.</param>
    /// <param name="problem">Takes each problem; what it is about is skipped.</param>
    public static ScopeState Build(
        ScopeState empty,
        List<Project> projects,
        List<DatasetEntry> allDatasets,
        List<OssBucketAttachment> allAttachments,
        Action<string> problem)
    {
        long lastNumber = 0;
        foreach (Project project in projects)
        {
            lastNumber = Math.Max(lastNumber, project.Number);
        }

        NameTree<OssBucketAttachment> attachments = NameTree<OssBucketAttachment>.Empty;
        if (allDatasets.Count > 0 || allAttachments.Count > 0 || projects.Exists(HasContent))
        {
            (projects, attachments) = Fill(empty.Scope, projects, allDatasets, allAttachments, problem);
            foreach (DatasetEntry dataset in allDatasets)
            {
                lastNumber = Math.Max(lastNumber, dataset.Number);
            }

            foreach (OssBucketAttachment attachment in allAttachments)
            {
                lastNumber = Math.Max(lastNumber, attachment.Number);
            }
        }

        return empty.WithAll(projects, attachments, lastNumber, project => ReportRepeated(empty.Scope, project, problem));
    }

    /// <summary>Puts datasets and attachments into their projects.</summary>
    /// <returns>The projects of different names, and the attachments.</returns>
    private static (List<Project> Projects, NameTree<OssBucketAttachment> Attachments) Fill(
        Scope scope,
        List<Project> projects,
        List<DatasetEntry> allDatasets,
        List<OssBucketAttachment> allAttachments,
        Action<string> problem)
    {
        ILookup<string, DatasetEntry> datasets = allDatasets.ToLookup(static dataset => dataset.Dataset.ProjectName.Value);
        ILookup<string, OssBucketAttachment> attachments = allAttachments.ToLookup(static attachment => attachment.ProjectName.Value);
        var names = new HashSet<string>(projects.Count);
        var filled = new List<Project>(projects.Count);
        NameTree<OssBucketAttachment> attached = NameTree<OssBucketAttachment>.Empty;
        var owner = new OwnerToken();
        foreach (Project stored in projects)
        {
            Project project = stored;
            if (!names.Add(project.Name))
            {
                ReportRepeated(scope, project, problem);
                continue;
            }

            if (HasContent(stored))
            {
                project = stored with { DatasetCount = 0, FileCount = 0, TotalFileSize = 0 };
            }

            foreach (DatasetEntry dataset in datasets[project.Name])
            {
                if (project.Datasets.Find(dataset.Name) is not null)
                {
                    problem($"The project '{project.Name}' of the scope {scope} has two datasets of the name '{dataset.Name}'.");
                    continue;
                }

                project = project.With(dataset, owner);
            }

            if (!HasSameContent(project, stored))
            {
                problem($"The counts of the project '{project.Name}' of the scope {scope} are not those of its datasets.");
            }

            foreach (OssBucketAttachment attachment in attachments[project.Name])
            {
                if (attached.Find(attachment.OssBucket) is not null)
                {
                    problem($"The bucket '{attachment.OssBucket}' is attached to two projects of the scope {scope}.");
                    continue;
                }

                attached = attached.Set(attachment, owner);
                project = project with { Attachments = project.Attachments.Set(attachment, owner) };
            }

            filled.Add(project);
        }

        foreach (IGrouping<string, DatasetEntry> orphans in datasets.Where(group => !names.Contains(group.Key)))
        {
            problem($"The scope {scope} has datasets of the project '{orphans.Key}', which does not exist.");
        }

        foreach (IGrouping<string, OssBucketAttachment> orphans in attachments.Where(group => !names.Contains(group.Key)))
        {
            problem($"The scope {scope} has buckets attached to the project '{orphans.Key}', which does not exist.");
        }

        owner.Close();
        return (filled, attached);
    }

    private static void ReportRepeated(Scope scope, Project project, Action<string> problem) =>
        problem($"The scope {scope} has two projects of the name '{project.Name}'.");

    private static bool HasContent(Project project) =>
        project.DatasetCount != 0 || project.FileCount != 0 || project.TotalFileSize != 0;

    private static bool HasSameContent(Project a, Project b) =>
        (a.DatasetCount, a.FileCount, a.TotalFileSize) == (b.DatasetCount, b.FileCount, b.TotalFileSize);

    private List<T> Read<T>(ChangeKind kind, long first, long last, Decode<T> decode)
    {
        var values = new List<T>();
        foreach (Record record in read(kind, first, last))
        {
            try
            {
                values.Add(decode(record));
            }
            catch (Exception e) when (e is InvalidDataException or InvalidOperationException or OverflowException)
            {
                problem($"The {kind} record {record.Key} is damaged: {e.Message}");
            }
        }

        return values;
    }

    private delegate T Decode<T>(in Record record);
}
