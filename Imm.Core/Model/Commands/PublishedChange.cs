using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>The change of one project that a batch has published.</summary>
/// <param name="Scope">The account and region.</param>
/// <param name="Project">The project after the change; for a deletion the last one. Its revision is that of the change.</param>
/// <param name="State">The effect on the project.</param>
internal readonly record struct PublishedChange(Scope Scope, Project Project, ChangeState State)
{
    /// <summary>The packed project, where the state of the scope has it; else not set.</summary>
    public NamedItem Packed { get; init; }
}
