using System.Diagnostics.CodeAnalysis;
using Imm.Core.Collections;
using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>Builds the states of scopes from records, and verifies them again.</summary>
/// <param name="read">Reads the records of a kind with keys in a range, both ends inclusive, in order.</param>
/// <param name="codec">Decodes their values.</param>
/// <param name="problem">Takes a problem, and may throw; if it does not, the loader skips the record.</param>
internal sealed class ScopeLoader(Func<ChangeKind, long, long, IEnumerable<Record>> read, RecordCodec codec, Action<string> problem)
{
    /// <summary>Reads the state of a scope.</summary>
    /// <param name="empty">The empty state of the scope.</param>
    /// <param name="id">The number of the scope.</param>
    public ScopeState Load(ScopeState empty, int id)
    {
        long first = RecordKey.Of(id, 0);
        long last = RecordKey.Of(id, RecordKey.MaxNumber);
        Dictionary<long, Project> projects = LoadProjects(first, last);
        ILookup<string, DatasetEntry> datasets = LoadDatasets(first, last);
        ScopeState state = empty;
        var owner = new OwnerToken();
        foreach (Project alone in projects.Values)
        {
            Project project = alone;
            if (state.TryFind(project.ProjectName.Value, out _))
            {
                problem($"The scope {empty.Scope} has two projects of the name '{project.ProjectName}'.");
                continue;
            }

            long lastNumber = project.Number;
            foreach (DatasetEntry dataset in datasets[project.ProjectName.Value])
            {
                if (project.Datasets.Find(dataset.Name) is not null)
                {
                    problem(
                        $"The project '{project.ProjectName}' of the scope {empty.Scope} has two datasets of the name '{dataset.Name}'.");
                    continue;
                }

                project = project.With(dataset, owner);
                lastNumber = Math.Max(lastNumber, dataset.Number);
            }

            state = state.With(null, project, owner, lastNumber);
        }

        owner.Close();
        return state.Packed();
    }

    private Dictionary<long, Project> LoadProjects(long first, long last)
    {
        var projects = new Dictionary<long, Project>();
        foreach (Record record in read(ChangeKind.Project, first, last))
        {
            if (TryRead(record, () => codec.ReadProject(record.Key, record.Value.Span), out Project? project))
            {
                projects.Add(project.Number, project);
            }
        }

        return projects;
    }

    private ILookup<string, DatasetEntry> LoadDatasets(long first, long last)
    {
        var datasets = new List<DatasetEntry>();
        foreach (Record record in read(ChangeKind.Dataset, first, last))
        {
            if (TryRead(record, () => RecordCodec.ReadDataset(record.Key, record.Value.Span), out DatasetEntry? dataset))
            {
                datasets.Add(dataset);
            }
        }

        return datasets.ToLookup(dataset => dataset.Dataset.ProjectName.Value);
    }

    private bool TryRead<T>(in Record record, Func<T> decode, [NotNullWhen(true)] out T? value)
        where T : class
    {
        try
        {
            value = decode();
            return true;
        }
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException or OverflowException)
        {
            problem($"The {record.Kind} record {record.Key} is damaged: {e.Message}");
            value = null;
            return false;
        }
    }
}
