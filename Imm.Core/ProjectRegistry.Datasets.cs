using System.Diagnostics.CodeAnalysis;
using CommunityToolkit.Diagnostics;
using Imm.Core.Commit;
using Imm.Core.Model;

namespace Imm.Core;

// The datasets of the registry's projects, their bindings and files.
public sealed partial class ProjectRegistry
{
    /// <summary>Creates a dataset in a project. Limits that the request does not name are those of the project as it is then.</summary>
    /// <param name="request">What to create; it is read before the call returns.</param>
    /// <returns>The whole dataset.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is null.</exception>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/> or <see cref="ImmErrorCode.LimitExceededError"/>: a parameter breaks its rule.
    /// <see cref="ImmErrorCode.ResourceNotFound"/>: there is no such project. <see cref="ImmErrorCode.ResourceAlreadyExists"/>: the name is
    /// taken. <see cref="ImmErrorCode.LimitExceededError"/> with <see cref="ImmException.Used"/>: the project has
    /// <see cref="Project.ProjectMaxDatasetCount"/> datasets. <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses.
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>: the store has failed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public Dataset CreateDataset(CreateDatasetRequest request) => SubmitCreateDataset(request, CancellationToken.None).Wait();

    /// <inheritdoc cref="CreateDataset"/>
    /// <param name="request">What to create; it is read before the call returns.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask<Dataset> CreateDatasetAsync(CreateDatasetRequest request, CancellationToken cancellationToken = default) =>
        SubmitCreateDataset(request, cancellationToken).AsValueTask();

    /// <summary>Gets a dataset, from memory.</summary>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/>: a name is null or malformed. <see cref="ImmErrorCode.ResourceNotFound"/>: there is no
    /// such project or dataset. <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses.
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>: the scope was not in memory yet and cannot be read.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public Dataset GetDataset(string projectName, string datasetName) =>
        ReadDataset(ImmAction.GetDataset, projectName, datasetName, new Model.GetDataset(projectName, datasetName)).Wait();

    /// <summary>Changes the fields of a dataset that the request names; a field that is null stays as it is.</summary>
    /// <remarks>A limit may be set below what is in use: nothing is removed, and growth is refused.</remarks>
    /// <param name="request">What to change; it is read before the call returns.</param>
    /// <returns>The whole dataset after the change.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is null.</exception>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/> or <see cref="ImmErrorCode.LimitExceededError"/>: a parameter breaks its rule, or none
    /// but the names is given. <see cref="ImmErrorCode.ResourceNotFound"/>: there is no such project or dataset.
    /// <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses. <see cref="ImmErrorCode.ServiceUnavailable"/>: the store has
    /// failed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public Dataset UpdateDataset(UpdateDatasetRequest request) => SubmitUpdateDataset(request, CancellationToken.None).Wait();

    /// <inheritdoc cref="UpdateDataset"/>
    /// <param name="request">What to change; it is read before the call returns.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask<Dataset> UpdateDatasetAsync(UpdateDatasetRequest request, CancellationToken cancellationToken = default) =>
        SubmitUpdateDataset(request, cancellationToken).AsValueTask();

    /// <summary>Deletes a dataset that has no bindings and no files. Its name is free at once.</summary>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/>: a name is null or malformed. <see cref="ImmErrorCode.ResourceNotFound"/>: there is no
    /// such project or dataset. <see cref="ImmErrorCode.StatusConflict"/>: the dataset has bindings or files.
    /// <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses. <see cref="ImmErrorCode.ServiceUnavailable"/>: the store has
    /// failed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public void DeleteDataset(string projectName, string datasetName) =>
        SubmitDeleteDataset(projectName, datasetName, CancellationToken.None).Wait();

    /// <inheritdoc cref="DeleteDataset"/>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask DeleteDatasetAsync(string projectName, string datasetName, CancellationToken cancellationToken = default) =>
        SubmitDeleteDataset(projectName, datasetName, cancellationToken).AsDone();

    /// <summary>Lists the datasets of a project in ordinal order of their names, page by page, from memory.</summary>
    /// <param name="request">Which.</param>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is null.</exception>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/>: a parameter breaks its rule. <see cref="ImmErrorCode.ResourceNotFound"/>: there is no
    /// such project. <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses. <see cref="ImmErrorCode.ServiceUnavailable"/>: the
    /// scope was not in memory yet and cannot be read.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public DatasetPage ListDatasets(ListDatasetsRequest request)
    {
        Guard.IsNotNull(request, nameof(request));
        return FindDatasets(request).Wait();
    }

    /// <summary>Binds a bucket to a dataset.</summary>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="uri">The bucket, as <c>oss://{bucket}</c> with 1 to 63 of the lower-case ASCII letters, digits and <c>-</c>.</param>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/>: a name or the URI is null or malformed. <see cref="ImmErrorCode.ResourceNotFound"/>:
    /// there is no such project or dataset. <see cref="ImmErrorCode.ResourceAlreadyExists"/>: the bucket is bound to the dataset already.
    /// <see cref="ImmErrorCode.LimitExceededError"/>: the dataset has <see cref="Dataset.DatasetMaxBindCount"/> bindings.
    /// <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses. <see cref="ImmErrorCode.ServiceUnavailable"/>: the store has
    /// failed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    [SuppressMessage(
        "Design",
        "CA1054:URI-like parameters should not be strings",
        Justification = "It is compared and kept as the text that was given.")]
    public Binding CreateBinding(string projectName, string datasetName, string uri) =>
        SubmitCreateBinding(projectName, datasetName, uri, CancellationToken.None).Wait();

    /// <inheritdoc cref="CreateBinding"/>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="uri">The bucket, as <c>oss://{bucket}</c> with 1 to 63 of the lower-case ASCII letters, digits and <c>-</c>.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    [SuppressMessage(
        "Design",
        "CA1054:URI-like parameters should not be strings",
        Justification = "It is compared and kept as the text that was given.")]
    public ValueTask<Binding> CreateBindingAsync(
        string projectName, string datasetName, string uri, CancellationToken cancellationToken = default) =>
        SubmitCreateBinding(projectName, datasetName, uri, cancellationToken).AsValueTask();

    /// <summary>The bindings of a dataset, at most 10, in ordinal order of their URIs; from memory.</summary>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/>: a name is null or malformed. <see cref="ImmErrorCode.ResourceNotFound"/>: there is no
    /// such project or dataset. <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses.
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>: the scope was not in memory yet and cannot be read.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public IReadOnlyList<Binding> ListBindings(string projectName, string datasetName) =>
        ReadDataset(ImmAction.ListBindings, projectName, datasetName, new Model.ListBindings(projectName, datasetName)).Wait();

    /// <summary>Unbinds a bucket from a dataset.</summary>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="uri">The bucket, as it was bound.</param>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/>: a name or the URI is null or malformed. <see cref="ImmErrorCode.ResourceNotFound"/>:
    /// there is no such project, dataset or binding. <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses.
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>: the store has failed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    [SuppressMessage(
        "Design",
        "CA1054:URI-like parameters should not be strings",
        Justification = "It is compared and kept as the text that was given.")]
    public void DeleteBinding(string projectName, string datasetName, string uri) =>
        SubmitDeleteBinding(projectName, datasetName, uri, CancellationToken.None).Wait();

    /// <inheritdoc cref="DeleteBinding"/>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="uri">The bucket, as it was bound.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    [SuppressMessage(
        "Design",
        "CA1054:URI-like parameters should not be strings",
        Justification = "It is compared and kept as the text that was given.")]
    public ValueTask DeleteBindingAsync(
        string projectName, string datasetName, string uri, CancellationToken cancellationToken = default) =>
        SubmitDeleteBinding(projectName, datasetName, uri, cancellationToken).AsDone();

    /// <summary>Counts files and bytes into a dataset: all of them, or none where that would pass a limit.</summary>
    /// <remarks>
    /// Imm.Core counts and does not look into files: the host says how many it adds. What is stored is no more than the dataset's two
    /// counts.
    /// </remarks>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="fileCount">How many files: 0 to 2^63−1.</param>
    /// <param name="totalFileSize">How many bytes they have together: 0 to 2^63−1.</param>
    /// <returns>The whole dataset after the change.</returns>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/>: a name is null or malformed, or a number below 0.
    /// <see cref="ImmErrorCode.ResourceNotFound"/>: there is no such project or dataset. <see cref="ImmErrorCode.LimitExceededError"/>: the
    /// files would pass <see cref="Dataset.DatasetMaxFileCount"/>, or the bytes <see cref="Dataset.DatasetMaxTotalFileSize"/>, or the bytes
    /// of the project 2^63−1. <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses.
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>: the store has failed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public Dataset AddFiles(string projectName, string datasetName, long fileCount, long totalFileSize) =>
        SubmitFiles([new FileChange(projectName, datasetName, fileCount, totalFileSize)], adds: true, CancellationToken.None).Wait()[0];

    /// <inheritdoc cref="AddFiles(string, string, long, long)"/>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="fileCount">How many files: 0 to 2^63−1.</param>
    /// <param name="totalFileSize">How many bytes they have together: 0 to 2^63−1.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask<Dataset> AddFilesAsync(
        string projectName, string datasetName, long fileCount, long totalFileSize, CancellationToken cancellationToken = default) =>
        First(
            SubmitFiles([new FileChange(projectName, datasetName, fileCount, totalFileSize)], adds: true, cancellationToken).AsValueTask());

    /// <summary>
    /// Counts files and bytes into several datasets in one atomic change: all of them, or none where that would pass a limit of any.
    /// </summary>
    /// <param name="changes">
    /// The gains of each dataset; several entries for one dataset count as their sum. They are read before the call returns.
    /// </param>
    /// <returns>The datasets after the change, each once, in ordinal order of project and dataset.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="changes"/> is null.</exception>
    /// <exception cref="ImmException">
    /// As for <see cref="AddFiles(string, string, long, long)"/>; nothing was changed in any dataset.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public IReadOnlyList<Dataset> AddFiles(IEnumerable<FileChange> changes) =>
        SubmitFiles(changes, adds: true, CancellationToken.None).Wait();

    /// <inheritdoc cref="AddFiles(IEnumerable{FileChange})"/>
    /// <param name="changes">
    /// The gains of each dataset; several entries for one dataset count as their sum. They are read before the call returns.
    /// </param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask<IReadOnlyList<Dataset>> AddFilesAsync(
        IEnumerable<FileChange> changes, CancellationToken cancellationToken = default) =>
        SubmitFiles(changes, adds: true, cancellationToken).AsValueTask();

    /// <summary>Counts files and bytes out of a dataset: all of them, or none where it has not as many.</summary>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="fileCount">How many files: 0 to 2^63−1.</param>
    /// <param name="totalFileSize">How many bytes they have together: 0 to 2^63−1.</param>
    /// <returns>The whole dataset after the change.</returns>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/>: a name is null or malformed, a number is below 0, or the dataset has not as many files
    /// or bytes. <see cref="ImmErrorCode.ResourceNotFound"/>: there is no such project or dataset. <see cref="ImmErrorCode.NoPermission"/>:
    /// the authorizer refuses. <see cref="ImmErrorCode.ServiceUnavailable"/>: the store has failed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public Dataset RemoveFiles(string projectName, string datasetName, long fileCount, long totalFileSize) =>
        SubmitFiles([new FileChange(projectName, datasetName, fileCount, totalFileSize)], adds: false, CancellationToken.None).Wait()[0];

    /// <inheritdoc cref="RemoveFiles(string, string, long, long)"/>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="fileCount">How many files: 0 to 2^63−1.</param>
    /// <param name="totalFileSize">How many bytes they have together: 0 to 2^63−1.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask<Dataset> RemoveFilesAsync(
        string projectName, string datasetName, long fileCount, long totalFileSize, CancellationToken cancellationToken = default) =>
        First(
            SubmitFiles([new FileChange(projectName, datasetName, fileCount, totalFileSize)], adds: false, cancellationToken)
                .AsValueTask());

    /// <summary>
    /// Counts files and bytes out of several datasets in one atomic change: all of them, or none where one has not as many.
    /// </summary>
    /// <param name="changes">
    /// The losses of each dataset; several entries for one dataset count as their sum. They are read before the call returns.
    /// </param>
    /// <returns>The datasets after the change, each once, in ordinal order of project and dataset.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="changes"/> is null.</exception>
    /// <exception cref="ImmException">
    /// As for <see cref="RemoveFiles(string, string, long, long)"/>; nothing was changed in any dataset.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public IReadOnlyList<Dataset> RemoveFiles(IEnumerable<FileChange> changes) =>
        SubmitFiles(changes, adds: false, CancellationToken.None).Wait();

    /// <inheritdoc cref="RemoveFiles(IEnumerable{FileChange})"/>
    /// <param name="changes">
    /// The losses of each dataset; several entries for one dataset count as their sum. They are read before the call returns.
    /// </param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask<IReadOnlyList<Dataset>> RemoveFilesAsync(
        IEnumerable<FileChange> changes, CancellationToken cancellationToken = default) =>
        SubmitFiles(changes, adds: false, cancellationToken).AsValueTask();

    /// <summary><see cref="GetDataset"/> that holds no thread where a hook takes its time.</summary>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="unreadable">A refusal of a parameter after the names; null where there is none.</param>
    /// <param name="cancellationToken">Gives up a hook that takes its time.</param>
    internal ValueTask<Dataset> GetDatasetAsync(
        string projectName, string datasetName, Refusal? unreadable, CancellationToken cancellationToken) => ReadDataset(
        ImmAction.GetDataset, projectName, datasetName, new Model.GetDataset(projectName, datasetName), unreadable, cancellationToken)
        .AsValueTask();

    /// <summary><see cref="ListDatasets"/> that holds no thread where a hook takes its time.</summary>
    internal ValueTask<DatasetPage> ListDatasetsAsync(ListDatasetsRequest request, CancellationToken cancellationToken) =>
        FindDatasets(request, cancellationToken).AsValueTask();

    /// <summary><see cref="ListBindings"/> that holds no thread where a hook takes its time.</summary>
    internal ValueTask<IReadOnlyList<Binding>> ListBindingsAsync(
        string projectName, string datasetName, CancellationToken cancellationToken) => ReadDataset(
        ImmAction.ListBindings, projectName, datasetName, new Model.ListBindings(projectName, datasetName), null, cancellationToken)
        .AsValueTask();

    private static Refusal? CheckNames(string? projectName, string? datasetName) =>
        NameRule.Check(nameof(Dataset.ProjectName), projectName) ?? NameRule.Check(nameof(Dataset.DatasetName), datasetName);

    private static async ValueTask<Dataset> First(ValueTask<IReadOnlyList<Dataset>> datasets) => (await datasets.ConfigureAwait(false))[0];

    private Outcome<Dataset> SubmitCreateDataset(CreateDatasetRequest request, CancellationToken cancellationToken)
    {
        Guard.IsNotNull(request, nameof(request));
        request = request.Copy();
        Refusal? malformed = Model.CreateDataset.TryRead(request, out CreateDataset? command);
        return Submit(
            malformed,
            ImmAction.CreateDataset,
            request.ProjectName,
            request.DatasetName,
            request,
            TagSet.Empty,
            command,
            cancellationToken);
    }

    private Outcome<Dataset> SubmitUpdateDataset(UpdateDatasetRequest request, CancellationToken cancellationToken)
    {
        Guard.IsNotNull(request, nameof(request));
        request = request.Copy();
        Refusal? malformed = Model.UpdateDataset.TryRead(request, out UpdateDataset? command);
        return Submit(
            malformed,
            ImmAction.UpdateDataset,
            request.ProjectName,
            request.DatasetName,
            request,
            TagSet.Empty,
            command,
            cancellationToken);
    }

    private Outcome<Dataset> SubmitDeleteDataset(string projectName, string datasetName, CancellationToken cancellationToken) => Submit(
        CheckNames(projectName, datasetName),
        ImmAction.DeleteDataset,
        projectName,
        datasetName,
        null,
        TagSet.Empty,
        new DeleteDataset(projectName, datasetName),
        cancellationToken);

    private Outcome<Binding> SubmitCreateBinding(
        string projectName, string datasetName, string uri, CancellationToken cancellationToken) => Submit(
        CheckNames(projectName, datasetName) ?? Binding.Check(uri),
        ImmAction.CreateBinding,
        projectName,
        datasetName,
        uri,
        TagSet.Empty,
        new CreateBinding(projectName, datasetName, uri),
        cancellationToken);

    private Outcome<Binding> SubmitDeleteBinding(
        string projectName, string datasetName, string uri, CancellationToken cancellationToken) => Submit(
        CheckNames(projectName, datasetName) ?? Binding.Check(uri),
        ImmAction.DeleteBinding,
        projectName,
        datasetName,
        uri,
        TagSet.Empty,
        new DeleteBinding(projectName, datasetName, uri),
        cancellationToken);

    private Outcome<IReadOnlyList<Dataset>> SubmitFiles(IEnumerable<FileChange> changes, bool adds, CancellationToken cancellationToken)
    {
        Guard.IsNotNull(changes, nameof(changes));
        FileChange[] copy = [.. changes];
        string action = adds ? ImmAction.AddFiles : ImmAction.RemoveFiles;
        Refusal? malformed = ChangeFiles.TryRead(copy, adds, out ChangeFiles? command);
        Func<Refusal?>? authorize = _store.Authorizer is null
            ? null
            : () => command!.Datasets
                .Select(dataset => Authorize(action, dataset.ProjectName, TagSet.Empty, dataset.DatasetName))
                .FirstOrDefault(denied => denied is not null);
        FileChange? first = copy.Length == 1 ? copy[0] : null;
        return Run(
            malformed,
            authorize,
            action,
            first?.ProjectName,
            first?.DatasetName,
            copy,
            () => Enqueue(command!, cancellationToken),
            cancellationToken);
    }

    private Outcome<DatasetPage> FindDatasets(ListDatasetsRequest request, CancellationToken cancellationToken = default)
    {
        request = request.Copy();
        Refusal? malformed = Model.ListDatasets.Parse(request, _scope, out ListDatasets? query);
        return Read(
            malformed,
            ImmAction.ListDatasets,
            request.ProjectName,
            "*",
            request,
            TagSet.Empty,
            state => Run(query!, state),
            cancellationToken);
    }

    private Outcome<TAnswer> ReadDataset<TAnswer>(
        string action,
        string projectName,
        string datasetName,
        Query<TAnswer> query,
        Refusal? unreadable = null,
        CancellationToken cancellationToken = default) => Read(
        CheckNames(projectName, datasetName) ?? unreadable,
        action,
        projectName,
        datasetName,
        null,
        TagSet.Empty,
        state => Run(query, state),
        cancellationToken);
}
