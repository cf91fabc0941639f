namespace Imm.Core;

// The buckets that are attached to the registry's projects, and the regions of the service.
public sealed partial class ProjectRegistry
{
    /// <summary>Attaches a bucket to a project. A bucket is attached to one project at most.</summary>
    /// <param name="request">What to attach; it is read before the call returns.</param>
    /// <returns>The attachment.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is null.</exception>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/>: a parameter breaks its rule. <see cref="ImmErrorCode.ResourceNotFound"/>: there is no
    /// such project. <see cref="ImmErrorCode.ResourceAlreadyExists"/>: the bucket is attached already, to this project or another.
    /// <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses. <see cref="ImmErrorCode.ServiceUnavailable"/>: the store has
    /// failed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public OssBucketAttachment AttachOssBucket(AttachOssBucketRequest request) =>
        _pipeline.Run(OperationCall.AttachOssBucket(request), _scope);

    /// <inheritdoc cref="AttachOssBucket"/>
    /// <param name="request">What to attach; it is read before the call returns.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask<OssBucketAttachment> AttachOssBucketAsync(
        AttachOssBucketRequest request, CancellationToken cancellationToken = default) =>
        _pipeline.RunAsync(OperationCall.AttachOssBucket(request), _scope, cancellationToken);

    /// <summary>Detaches a bucket from its project. Authorized for all resources, <c>*</c>, as the service does it.</summary>
    /// <param name="ossBucket">The bucket: 1 to 63 of the lower-case ASCII letters, digits and <c>-</c>.</param>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/>: the bucket is null or malformed. <see cref="ImmErrorCode.ResourceNotFound"/>: it is
    /// attached to no project. <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses.
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>: the store has failed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public void DetachOssBucket(string ossBucket) => _pipeline.Run(OperationCall.DetachOssBucket(ossBucket), _scope);

    /// <inheritdoc cref="DetachOssBucket"/>
    /// <param name="ossBucket">The bucket: 1 to 63 of the lower-case ASCII letters, digits and <c>-</c>.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask DetachOssBucketAsync(string ossBucket, CancellationToken cancellationToken = default) =>
        WithoutAnswer(_pipeline.RunAsync(OperationCall.DetachOssBucket(ossBucket), _scope, cancellationToken));

    /// <summary>Gets the attachment of a bucket, from memory. Authorized for all resources, <c>*</c>, as the service does it.</summary>
    /// <param name="ossBucket">The bucket: 1 to 63 of the lower-case ASCII letters, digits and <c>-</c>.</param>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/>: the bucket is null or malformed. <see cref="ImmErrorCode.ResourceNotFound"/>: it is
    /// attached to no project. <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses.
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>: the scope was not in memory yet and cannot be read.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public OssBucketAttachment GetOssBucketAttachment(string ossBucket) =>
        _pipeline.Run(OperationCall.GetOssBucketAttachment(ossBucket), _scope);

    /// <inheritdoc cref="GetOssBucketAttachment"/>
    /// <inheritdoc cref="ListAsync" path="/remarks"/>
    /// <param name="ossBucket">The bucket.</param>
    /// <param name="cancellationToken">Cancels the read while it waits.</param>
    /// <exception cref="OperationCanceledException">The read was cancelled.</exception>
    public ValueTask<OssBucketAttachment> GetOssBucketAttachmentAsync(string ossBucket, CancellationToken cancellationToken = default) =>
        _pipeline.RunAsync(OperationCall.GetOssBucketAttachment(ossBucket), _scope, cancellationToken);

    /// <summary>Lists the buckets that are attached to a project in ordinal order, page by page, from memory.</summary>
    /// <param name="request">Which.</param>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is null.</exception>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/>: a parameter breaks its rule. <see cref="ImmErrorCode.ResourceNotFound"/>: there is no
    /// such project. <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses. <see cref="ImmErrorCode.ServiceUnavailable"/>: the
    /// scope was not in memory yet and cannot be read.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public OssBucketAttachmentPage ListAttachedOssBuckets(ListAttachedOssBucketsRequest request) =>
        _pipeline.Run(OperationCall.ListAttachedOssBuckets(request, _scope.Scope), _scope);

    /// <inheritdoc cref="ListAttachedOssBuckets"/>
    /// <inheritdoc cref="ListAsync" path="/remarks"/>
    /// <param name="request">Which.</param>
    /// <param name="cancellationToken">Cancels the read while it waits.</param>
    /// <exception cref="OperationCanceledException">The read was cancelled.</exception>
    public ValueTask<OssBucketAttachmentPage> ListAttachedOssBucketsAsync(
        ListAttachedOssBucketsRequest request, CancellationToken cancellationToken = default) =>
        _pipeline.RunAsync(OperationCall.ListAttachedOssBuckets(request, _scope.Scope), _scope, cancellationToken);

    /// <summary>
    /// Lists the regions that the service has, in ordinal order. A registry may be of any region; this list restricts nothing.
    /// </summary>
    /// <param name="acceptLanguage">The language of the names: <c>zh-CN</c>, <c>en-US</c> or <c>ja</c>.</param>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/>: the language is null or another. <see cref="ImmErrorCode.NoPermission"/>: the authorizer
    /// refuses.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public IReadOnlyList<ImmRegion> ListRegions(string acceptLanguage = "en-US") =>
        _pipeline.Run(OperationCall.ListRegions(acceptLanguage), _scope);
}
