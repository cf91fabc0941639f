using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>A command that changes one existing dataset.</summary>
internal abstract class DatasetCommand<TAnswer>(string projectName, string datasetName) : Command<TAnswer>
{
    public sealed override Refusal? Check(ScopeState state) =>
        state.Find(projectName, datasetName, out _, out DatasetEntry? dataset) ?? Check(dataset!);

    /// <summary>Checks the command against its dataset.</summary>
    protected virtual Refusal? Check(DatasetEntry dataset) => null;

    protected sealed override Decision<TAnswer> Accept(ScopeState state, long nowTicks, OwnerToken? owner)
    {
        Invariant.Holds(
            state.Find(projectName, datasetName, out Project? project, out DatasetEntry? dataset) is null, "a changed dataset exists");
        (TAnswer answer, DatasetEntry? next) = Change(dataset!, nowTicks);
        return next is not null
            ? Decision<TAnswer>.Accepted(
                answer, state.With(project, project!.With(next, owner), owner), new Change(ChangeKind.Dataset, next.Number, next))
            : Decision<TAnswer>.Accepted(
                answer,
                state.With(project, project!.Without(dataset!, owner), owner),
                new Change(ChangeKind.Dataset, dataset!.Number, null),
                new Change(ChangeKind.DatasetUse, dataset.Number, null));
    }

    /// <summary>Makes the answer and the next state of the dataset; null where it is deleted.</summary>
    protected abstract (TAnswer Answer, DatasetEntry? Next) Change(DatasetEntry dataset, long nowTicks);
}
