using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>Verifies a store from end to end and lists all that is wrong with it.</summary>
internal static class StoreCheck
{
    public static List<string> Run(StoreSnapshot snapshot, FileStoreSettings settings)
    {
        List<string> problems = CheckPages(snapshot.Pages);
        if (problems.Count > 0)
        {
            // What a broken page leads LiteDB to would only be more of the same.
            return problems;
        }

        try
        {
            CheckRecords(snapshot, settings, problems);
        }
        // Whatever a damaged file makes LiteDB do is a finding, not a failure of the check. Want of memory is no damage.
#pragma warning disable CA1031
        catch (Exception e) when (e is not OutOfMemoryException)
#pragma warning restore CA1031
        {
            problems.Add($"The file '{snapshot.Pages.Name}' cannot be read to its end: {e.Message}");
        }

        return problems;
    }

    /// <summary>Lists every page that cannot be read or whose checksum is wrong.</summary>
    private static List<string> CheckPages(PageSnapshot pages)
    {
        var problems = new List<string>();
        var page = new byte[DataFile.PageSize];
        for (uint number = 0; number < pages.PageCount; number++)
        {
            try
            {
                pages.ReadPage(number, page);
            }
            catch (IOException e)
            {
                problems.Add(e.Message);
            }
        }

        return problems;
    }

    private static void CheckRecords(StoreSnapshot snapshot, FileStoreSettings settings, List<string> problems)
    {
        var scopes = new Dictionary<int, Scope>();
        var names = new HashSet<Scope>();
        foreach (Record record in snapshot.Read(ChangeKind.Scope))
        {
            try
            {
                (Scope scope, _) = RecordCodec.ReadScope(record.Key, record.Value.Span);
                if (!names.Add(scope))
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
            foreach (int id in snapshot.Read(kind).Select(record => RecordKey.Scope(record.Key)).Distinct()
                .Where(id => !scopes.ContainsKey(id)))
            {
                problems.Add($"There are {kind} records of a scope {id} that there is none of.");
            }
        }

        var loader = new ScopeLoader(snapshot.Read, settings.Codec, problems.Add);
        foreach ((int id, Scope scope) in scopes)
        {
            loader.Load(ScopeState.Empty(scope, settings.Defaults), id);
        }
    }
}
