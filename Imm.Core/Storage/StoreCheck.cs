using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>Verifies every page and every record of a store, and lists the problems.</summary>
internal static class StoreCheck
{
    public static List<string> Run(IStoreContents snapshot, FileStoreSettings settings)
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
    private static List<string> CheckPages(IPages pages)
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

    private static void CheckRecords(IStoreContents snapshot, FileStoreSettings settings, List<string> problems)
    {
        var scopes = new Dictionary<int, Scope>();
        var names = new HashSet<Scope>();
        foreach (Record record in snapshot.Read(ChangeKind.Scope))
        {
            try
            {
                Scope scope = RecordCodec.ReadScope(record).Scope;
                if (!names.Add(scope))
                {
                    problems.Add($"The scope {scope} is stored twice.");
                }

                scopes.Add((int)record.Key, scope);
            }
            catch (Exception e) when (e is InvalidDataException or OverflowException or InvalidOperationException)
            {
                problems.Add($"The scope record {record.Key} is damaged: {e.Message}");
            }
        }

        foreach (ChangeKind kind in (ChangeKind[])[ChangeKind.Project, ChangeKind.Dataset, ChangeKind.Attachment])
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

        foreach (Record change in snapshot.ReadChanges())
        {
            StoredChanges.Read(change, settings.Codec);
        }
    }
}
