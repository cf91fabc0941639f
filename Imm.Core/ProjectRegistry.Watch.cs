using CommunityToolkit.Diagnostics;

namespace Imm.Core;

// The changes of the registry's projects.
public sealed partial class ProjectRegistry
{
    /// <summary>Reports the changes of the projects in order, each exactly once: those after a revision, and those to come.</summary>
    /// <remarks>
    /// <para>
    /// List first and go on from <see cref="ProjectPage.Revision"/>: nothing is missed between the two. A watch that ended goes on after
    /// the <see cref="ProjectChange.Revision"/> that was handled last, also after a restart of the process. A change is reported when it is
    /// durable and can be read.
    /// </para>
    /// <para>
    /// The store keeps the last <see cref="ImmStoreOptions.KeptChanges"/> changes. A reader that falls further behind is told
    /// <see cref="ImmErrorCode.RevisionGone"/>: it lists again and watches from there. A slow reader never costs memory. The watch is
    /// authorized as ListProjects, once, when this method is called.
    /// </para>
    /// </remarks>
    /// <param name="afterRevision">The revision after which changes are reported: 0 to 2^63−1. 0 is before the first change.</param>
    /// <param name="cancellationToken">Ends the watch.</param>
    /// <returns>
    /// The changes, without an end. Reading them throws <see cref="ImmException"/> with <see cref="ImmErrorCode.RevisionGone"/> where
    /// the reader is too far behind, and with <see cref="ImmErrorCode.ServiceUnavailable"/> once the store has failed,
    /// <see cref="ObjectDisposedException"/> once the store is closed, and <see cref="OperationCanceledException"/> when it is cancelled.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="afterRevision"/> is below 0.</exception>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.RevisionGone"/>: the change after the revision is not kept any more, or the store has never had the
    /// revision. <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses. <see cref="ImmErrorCode.ServiceUnavailable"/>: the scope
    /// was not in memory yet and cannot be read.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public IAsyncEnumerable<ProjectChange> Watch(long afterRevision, CancellationToken cancellationToken = default)
    {
        Guard.IsGreaterThanOrEqualTo(afterRevision, 0, nameof(afterRevision));
        _pipeline.Run(OperationCall.Watch(_scope, afterRevision), _scope);
        return _scope.Changes.WatchAsync(_scope.Scope, afterRevision, cancellationToken);
    }
}
