using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>A command that changes one existing dataset.</summary>
internal abstract class DatasetCommand<TAnswer>(string projectName, string datasetName) : Command<TAnswer>
{
    public sealed override ImmRefusal? Check(ScopeState state) =>
        state.Find(projectName, datasetName, out _, out DatasetEntry? dataset) ?? Check(dataset!);

    /// <summary>Checks the command against its dataset.</summary>
    protected virtual ImmRefusal? Check(DatasetEntry dataset) => null;

    protected sealed override Decision<TAnswer> Accept(ScopeState state, long nowTicks, OwnerToken? owner)
    {
        Invariant.Holds(
            state.Find(projectName, datasetName, out Project? before, out DatasetEntry? dataset) is null, "a changed dataset exists");
        long revision = state.Revision + 1;
        (TAnswer answer, DatasetEntry? next) = Change(dataset!, revision, nowTicks);
        if (next == dataset)
        {
            // No state is made: only the thread that commits may make the next one.
            return Decision<TAnswer>.Unchanged(answer);
        }

        Project after = next is null ? before!.Without(dataset!, revision, owner) : before!.With(next, owner);
        return Decision<TAnswer>.Accepted(
            answer,
            state.With(before, after, owner),
            new Change(
                ChangeKind.Dataset, dataset!.Number, next ?? dataset, next is null ? ChangeState.Deleted : ChangeState.Updated),
            new Change(ChangeKind.Project, after.Number, after));
    }

    /// <summary>Makes the answer and the next state of the dataset; null where it is deleted.</summary>
    protected abstract (TAnswer Answer, DatasetEntry? Next) Change(DatasetEntry dataset, long revision, long nowTicks);
}
