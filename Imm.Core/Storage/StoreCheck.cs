using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>Verifies a data file from end to end and lists all that is wrong with it.</summary>
internal static class StoreCheck
{
    public static List<string> Run(DataFile data, FileStoreSettings settings)
    {
        List<string> problems = [.. data.CheckPages()];
        if (problems.Count > 0)
        {
            // What a broken page leads LiteDB to would only be more of the same.
            return problems;
        }

        try
        {
            using var documents = new DocumentFile(data);
            CheckRecords(documents, settings, problems);
        }
#pragma warning disable CA1031 // Whatever a damaged file makes LiteDB do is a finding, not a failure of the check.
        catch (Exception e)
#pragma warning restore CA1031
        {
            problems.Add($"The file '{data.Name}' cannot be read to its end: {e.Message}");
        }

        return problems;
    }

    private static void CheckRecords(DocumentFile documents, FileStoreSettings settings, List<string> problems)
    {
        var scopes = new Dictionary<int, Scope>();
        foreach (Record record in documents.Read(ChangeKind.Scope))
        {
            try
            {
                (Scope scope, _) = RecordCodec.ReadScope(record.Key, record.Value.Span);
                if (scopes.ContainsValue(scope))
                {
                    problems.Add($"The scope {scope} is there twice.");
                }

                scopes.Add(checked((int)record.Key), scope);
            }
            catch (Exception e) when (e is InvalidDataException or OverflowException or InvalidOperationException)
            {
                problems.Add($"The scope record {record.Key} is damaged: {e.Message}");
            }
        }

        foreach (ChangeKind kind in (ChangeKind[])[ChangeKind.Project, ChangeKind.Dataset, ChangeKind.DatasetUse])
        {
            foreach (int id in documents.Read(kind).Select(record => RecordKey.Scope(record.Key)).Distinct().Where(id => !scopes.ContainsKey(id)))
            {
                problems.Add($"There are {kind} records of a scope {id} that there is none of.");
            }
        }

        var loader = new ScopeLoader(documents, settings.Codec, problems.Add);
        foreach ((int id, Scope scope) in scopes)
        {
            loader.Load(ScopeState.Empty(scope, settings.Figures), id);
        }
    }
}
