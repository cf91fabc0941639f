using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>Reads the content of a scope, checking again what was checked when it was written.</summary>
internal static class ScopeLoader
{
    public static ScopeState Load(DocumentFile documents, RecordCodec codec, ScopeState empty, int id)
    {
        ScopeState state = empty;
        var edit = new Edit();
        foreach (Record record in documents.Read(ChangeKind.Project, RecordKey.Of(id, 0), RecordKey.Of(id, RecordKey.MaxNumber)))
        {
            ProjectEntry entry = codec.ReadProject(record.Key, record.Value);
            if (state.TryFind(entry.Name, out _))
            {
                throw new InvalidDataException($"The scope {empty.Scope} has two projects of the name '{entry.Name}'.");
            }

            state = state.With(entry, edit);
        }

        edit.Close();
        return state;
    }
}
