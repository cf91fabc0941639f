using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>Reads the content of a scope, checking again what was checked when it was written.</summary>
internal static class ScopeLoader
{
    public static ScopeState Load(DocumentFile documents, RecordCodec codec, ScopeState empty, int id)
    {
        long first = RecordKey.Of(id, 0);
        long last = RecordKey.Of(id, RecordKey.MaxNumber);
        ScopeState state = empty;
        var edit = new Edit();
        Dictionary<long, List<DatasetEntry>> datasets = LoadDatasets(documents, first, last, codec, out Dictionary<long, ProjectEntry> projects);
        foreach (ProjectEntry project in projects.Values)
        {
            if (state.TryFind(project.Name, out _))
            {
                throw new InvalidDataException($"The scope {empty.Scope} has two projects of the name '{project.Name}'.");
            }

            ProjectEntry entry = project;
            long lastNumber = project.Number;
            foreach (DatasetEntry dataset in datasets.GetValueOrDefault(project.Number) ?? [])
            {
                if (entry.Datasets.Find(dataset.Name) is not null)
                {
                    throw new InvalidDataException($"The project '{project.Name}' of the scope {empty.Scope} has two datasets of the name '{dataset.Name}'.");
                }

                entry = entry.With(dataset, edit);
                lastNumber = Math.Max(lastNumber, dataset.Number);
            }

            state = state.With(entry, edit, lastNumber);
        }

        edit.Close();
        return state;
    }

    private static Dictionary<long, List<DatasetEntry>> LoadDatasets(
        DocumentFile documents, long first, long last, RecordCodec codec, out Dictionary<long, ProjectEntry> projects)
    {
        projects = [];
        foreach (Record record in documents.Read(ChangeKind.Project, first, last))
        {
            ProjectEntry project = codec.ReadProject(record.Key, record.Value);
            projects.Add(project.Number, project);
        }

        Dictionary<long, Record> uses = documents.Read(ChangeKind.DatasetUse, first, last).ToDictionary(record => record.Key);
        var datasets = new Dictionary<long, List<DatasetEntry>>();
        foreach (Record record in documents.Read(ChangeKind.Dataset, first, last))
        {
            long projectNumber = RecordCodec.ReadProjectNumber(record.Key, record.Value);
            if (!projects.TryGetValue(projectNumber, out ProjectEntry? project))
            {
                throw new InvalidDataException($"The dataset record {record.Key} belongs to no project.");
            }

            DatasetEntry dataset = RecordCodec.ReadDataset(record.Key, record.Value, project.Project.ProjectName);
            if (uses.Remove(record.Key, out Record use))
            {
                (long files, long bytes) = RecordCodec.ReadDatasetUse(use.Key, use.Value);
                dataset = dataset.With(dataset.Dataset with { FileCount = files, TotalFileSize = bytes });
            }

            if (!datasets.TryGetValue(projectNumber, out List<DatasetEntry>? ofProject))
            {
                datasets.Add(projectNumber, ofProject = []);
            }

            ofProject.Add(dataset);
        }

        return uses.Count == 0 ? datasets : throw new InvalidDataException($"The dataset use record {uses.Keys.First()} belongs to no dataset.");
    }
}
