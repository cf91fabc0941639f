namespace Imm.Core.Model;

/// <summary>The revision that a conditional change expects; the default expects none in particular.</summary>
internal readonly struct ExpectedRevision
{
    private readonly long _revision;

    private ExpectedRevision(long revision) => _revision = revision;

    /// <summary>Checks the parameter of a request; null is no condition.</summary>
    public static ImmRefusal? Parse(long? revision, out ExpectedRevision expected)
    {
        expected = new ExpectedRevision(revision ?? 0);
        return revision < 1 ? ImmRefusal.BelowMinimum(nameof(ExpectedRevision), revision.Value, 1, long.MaxValue) : null;
    }

    /// <summary>Checks the condition against what is there.</summary>
    /// <param name="kind">The noun for the resource.</param>
    /// <param name="revision">Its revision.</param>
    public ImmRefusal? Check(string kind, long revision) =>
        _revision == 0 || _revision == revision ? null : ImmRefusal.RevisionMismatch(kind, nameof(ExpectedRevision), _revision, revision);
}
