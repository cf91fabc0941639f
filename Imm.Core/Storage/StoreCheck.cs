using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>Verifies every page and every record of a store, and lists the problems.</summary>
internal static class StoreCheck
{
    public static List<string> Run(StoreSnapshot snapshot, FileStoreSettings settings)
    {
        List<string> problems = CheckPages(snapshot.Pages);
        if (problems.Count > 0)
        {
            // What LiteDB makes of damaged pages would only repeat these problems.
            return problems;
        }

        try
        {
            CheckRecords(snapshot, settings, problems);
        }
        // An exception of LiteDB on a damaged file is a problem of the file, not a failure of the check. A lack of memory is not damage.
#pragma warning disable CA1031
        catch (Exception e) when (e is not OutOfMemoryException)
#pragma warning restore CA1031
        {
            problems.Add($"The file '{snapshot.Pages.Name}' cannot be read to its end: {e.Message}");
        }

        return problems;
    }

    /// <summary>Lists the pages that cannot be read or have a wrong checksum.</summary>
    private static List<string> CheckPages(PageSnapshot pages)
    {
        var problems = new List<string>();
        var page = new byte[DataPage.Size];
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
                (Scope scope, _, _) = RecordCodec.ReadScope(record.Key, record.Value.Span);
                if (!names.Add(scope))
                {
                    problems.Add($"The scope {scope} is stored twice.");
                }

                scopes.Add(checked((int)record.Key), scope);
            }
            catch (Exception e) when (e is InvalidDataException or OverflowException or InvalidOperationException)
            {
                problems.Add($"The scope record {record.Key} is damaged: {e.Message}");
            }
        }

        foreach (ChangeKind kind in (ChangeKind[])[ChangeKind.Project, ChangeKind.Dataset])
        {
            foreach (int id in snapshot.Read(kind).Select(record => RecordKey.Scope(record.Key)).Distinct()
                .Where(id => !scopes.ContainsKey(id)))
            {
                problems.Add($"There are {kind} records of the scope {id}, which does not exist.");
            }
        }

        var loader = new ScopeLoader(snapshot.Read, settings.Codec, problems.Add);
        foreach ((int id, Scope scope) in scopes)
        {
            loader.Load(ScopeState.Empty(scope, settings.Defaults), id);
        }
    }
}
