using System.Diagnostics.CodeAnalysis;
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
    public Dataset CreateDataset(CreateDatasetRequest request) => _pipeline.Run(OperationCall.CreateDataset(request), _scope);

    /// <inheritdoc cref="CreateDataset"/>
    /// <param name="request">What to create; it is read before the call returns.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask<Dataset> CreateDatasetAsync(CreateDatasetRequest request, CancellationToken cancellationToken = default) =>
        _pipeline.RunAsync(OperationCall.CreateDataset(request), _scope, cancellationToken);

    /// <summary>Creates a dataset, and gives a refusal as a value: no exception is thrown for it.</summary>
    /// <remarks>The rules are those of <see cref="CreateDataset"/>.</remarks>
    /// <param name="request">What to create; it is read before the call returns.</param>
    /// <param name="dataset">The whole dataset; null where it was refused.</param>
    /// <param name="refusal">The refusal; null where the dataset was created.</param>
    /// <returns>True if the dataset was created.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is null.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public bool TryCreateDataset(
        CreateDatasetRequest request, [NotNullWhen(true)] out Dataset? dataset, [NotNullWhen(false)] out ImmRefusal? refusal) =>
        _pipeline.TryRun(OperationCall.CreateDataset(request), _scope).TryGetAnswer(out dataset, out refusal);

    /// <summary>Creates a dataset, and gives a refusal as a value: no exception is thrown for it.</summary>
    /// <inheritdoc cref="TryCreateDataset" path="/remarks"/>
    /// <param name="request">What to create; it is read before the call returns.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <returns>The whole dataset, or the refusal.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is null.</exception>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public ValueTask<ImmOutcome<Dataset>> TryCreateDatasetAsync(
        CreateDatasetRequest request, CancellationToken cancellationToken = default) =>
        _pipeline.TryRunAsync(OperationCall.CreateDataset(request), _scope, cancellationToken);

    /// <summary>Gets the dataset of a name, or creates it: one atomic step, in which one of many callers creates it.</summary>
    /// <remarks>
    /// As <see cref="GetOrCreate"/>: a dataset that exists is given as it is and nothing is written; the caller needs
    /// <c>imm:GetDataset</c>, which is asked for first, and <c>imm:CreateDataset</c>.
    /// </remarks>
    /// <param name="request">What to create where there is no dataset of its name; it is read before the call returns.</param>
    /// <returns>The whole dataset, and true if the call has created it. It deconstructs into the two.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is null.</exception>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/> or <see cref="ImmErrorCode.LimitExceededError"/>: a parameter breaks its rule.
    /// <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses one of the two. Where the dataset does not exist:
    /// <see cref="ImmErrorCode.ResourceNotFound"/>: there is no such project. <see cref="ImmErrorCode.LimitExceededError"/> with
    /// <see cref="ImmException.Used"/>: the project has <see cref="Project.ProjectMaxDatasetCount"/> datasets.
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>: the store has failed, or the scope cannot be read.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public GetOrCreateResult<Dataset> GetOrCreateDataset(CreateDatasetRequest request) =>
        _pipeline.Run(OperationCall.GetOrCreateDataset(request), _scope);

    /// <inheritdoc cref="GetOrCreateDataset"/>
    /// <param name="request">What to create where there is no dataset of its name; it is read before the call returns.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask<GetOrCreateResult<Dataset>> GetOrCreateDatasetAsync(
        CreateDatasetRequest request, CancellationToken cancellationToken = default) =>
        _pipeline.RunAsync(OperationCall.GetOrCreateDataset(request), _scope, cancellationToken);

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
        _pipeline.Run(OperationCall.GetDataset(projectName, datasetName), _scope);

    /// <inheritdoc cref="GetDataset"/>
    /// <inheritdoc cref="ListAsync" path="/remarks"/>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="cancellationToken">Cancels the read while it waits.</param>
    /// <exception cref="OperationCanceledException">The read was cancelled.</exception>
    public ValueTask<Dataset> GetDatasetAsync(string projectName, string datasetName, CancellationToken cancellationToken = default) =>
        _pipeline.RunAsync(OperationCall.GetDataset(projectName, datasetName), _scope, cancellationToken);

    /// <summary>Gets a dataset if there is one, from memory.</summary>
    /// <param name="projectName">The project; null or malformed is a name that no project has.</param>
    /// <param name="datasetName">The dataset; null or malformed is a name that no dataset has.</param>
    /// <param name="dataset">The dataset, or null.</param>
    /// <returns>True if there are such a project and dataset.</returns>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses. <see cref="ImmErrorCode.ServiceUnavailable"/>: the scope was not in
    /// memory yet and cannot be read.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public bool TryGetDataset(
        [NotNullWhen(true)] string? projectName, [NotNullWhen(true)] string? datasetName, [NotNullWhen(true)] out Dataset? dataset)
    {
        _pipeline.ThrowIfClosed();
        dataset = NameRule.CheckNames(projectName, datasetName) is null
            ? _pipeline.Run(OperationCall.FindDataset(projectName, datasetName), _scope)
            : null;
        return dataset is not null;
    }

    /// <summary>Gets a dataset if there is one: the asynchronous form of <see cref="TryGetDataset"/>.</summary>
    /// <inheritdoc cref="GetAsync" path="/remarks"/>
    /// <param name="projectName">The project; null or malformed is a name that no project has.</param>
    /// <param name="datasetName">The dataset; null or malformed is a name that no dataset has.</param>
    /// <param name="cancellationToken">Cancels the read while it waits.</param>
    /// <returns>The dataset, or null.</returns>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses. <see cref="ImmErrorCode.ServiceUnavailable"/>: the scope was not in
    /// memory yet and cannot be read.
    /// </exception>
    /// <exception cref="OperationCanceledException">The read was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public ValueTask<Dataset?> FindDatasetAsync(
        string? projectName, string? datasetName, CancellationToken cancellationToken = default)
    {
        _pipeline.ThrowIfClosed();
        return NameRule.CheckNames(projectName, datasetName) is null
            ? _pipeline.RunAsync(OperationCall.FindDataset(projectName, datasetName), _scope, cancellationToken)
            : new((Dataset?)null);
    }

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
    public Dataset UpdateDataset(UpdateDatasetRequest request) => _pipeline.Run(OperationCall.UpdateDataset(request), _scope);

    /// <inheritdoc cref="UpdateDataset"/>
    /// <param name="request">What to change; it is read before the call returns.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask<Dataset> UpdateDatasetAsync(UpdateDatasetRequest request, CancellationToken cancellationToken = default) =>
        _pipeline.RunAsync(OperationCall.UpdateDataset(request), _scope, cancellationToken);

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
        _pipeline.Run(OperationCall.DeleteDataset(projectName, datasetName), _scope);

    /// <inheritdoc cref="DeleteDataset(string, string)"/>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask DeleteDatasetAsync(string projectName, string datasetName, CancellationToken cancellationToken = default) =>
        WithoutAnswer(_pipeline.RunAsync(OperationCall.DeleteDataset(projectName, datasetName), _scope, cancellationToken));

    /// <summary>Deletes a dataset that has no bindings and no files, if it is as the caller knows it.</summary>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="expectedRevision">The <see cref="Dataset.Revision"/> that it must have: 1 to 2^63−1.</param>
    /// <exception cref="ImmException">
    /// As for <see cref="DeleteDataset(string, string)"/>; and <see cref="ImmErrorCode.InvalidArgument"/>: the revision is below 1.
    /// <see cref="ImmErrorCode.RevisionMismatch"/>: the dataset has another revision.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public void DeleteDataset(string projectName, string datasetName, long expectedRevision) =>
        _pipeline.Run(OperationCall.DeleteDataset(projectName, datasetName, expectedRevision), _scope);

    /// <inheritdoc cref="DeleteDataset(string, string, long)"/>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="expectedRevision">The <see cref="Dataset.Revision"/> that it must have: 1 to 2^63−1.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask DeleteDatasetAsync(
        string projectName, string datasetName, long expectedRevision, CancellationToken cancellationToken = default) => WithoutAnswer(
        _pipeline.RunAsync(OperationCall.DeleteDataset(projectName, datasetName, expectedRevision), _scope, cancellationToken));

    /// <summary>Lists one page of the datasets of a project in ordinal order of their names, from memory.</summary>
    /// <remarks>
    /// A page has at most 200 datasets, by default 100, and a <see cref="DatasetPage.NextToken"/> where there are more.
    /// <see cref="ListAllDatasets"/> lists all of them.
    /// </remarks>
    /// <param name="request">The page.</param>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is null.</exception>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/>: a parameter breaks its rule. <see cref="ImmErrorCode.ResourceNotFound"/>: there is no
    /// such project. <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses. <see cref="ImmErrorCode.ServiceUnavailable"/>: the
    /// scope was not in memory yet and cannot be read.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public DatasetPage ListDatasets(ListDatasetsRequest request) =>
        _pipeline.Run(OperationCall.ListDatasets(request, _scope.Scope), _scope);

    /// <inheritdoc cref="ListDatasets"/>
    /// <param name="request">The page.</param>
    /// <param name="cancellationToken">Cancels the read while it waits.</param>
    /// <exception cref="OperationCanceledException">The read was cancelled.</exception>
    public ValueTask<DatasetPage> ListDatasetsAsync(ListDatasetsRequest request, CancellationToken cancellationToken = default) =>
        _pipeline.RunAsync(OperationCall.ListDatasets(request, _scope.Scope), _scope, cancellationToken);

    /// <summary>Lists all datasets of a project in ordinal order of their names, from memory.</summary>
    /// <remarks>As <see cref="ListAll"/>: the datasets of one moment; authorized and observed as one <see cref="ListDatasets"/>.</remarks>
    /// <param name="projectName">The project.</param>
    /// <param name="prefix">The text that each listed name starts with, as <see cref="ListRequest.Prefix"/>; null for all names.</param>
    /// <exception cref="ImmException">
    /// Thrown by the call, not by the enumeration. <see cref="ImmErrorCode.InvalidArgument"/>: a parameter breaks its rule.
    /// <see cref="ImmErrorCode.ResourceNotFound"/>: there is no such project. <see cref="ImmErrorCode.NoPermission"/>: the authorizer
    /// refuses. <see cref="ImmErrorCode.ServiceUnavailable"/>: the scope was not in memory yet and cannot be read.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public IEnumerable<Dataset> ListAllDatasets(string projectName, string? prefix = null) =>
        _pipeline.Run(OperationCall.ListAllDatasets(projectName, prefix, _scope.Scope), _scope);

    /// <inheritdoc cref="ListAllDatasets"/>
    /// <param name="projectName">The project.</param>
    /// <param name="prefix">The text that each listed name starts with, as <see cref="ListRequest.Prefix"/>; null for all names.</param>
    /// <param name="cancellationToken">Cancels the read and the enumeration.</param>
    /// <exception cref="OperationCanceledException">The read or the enumeration was cancelled.</exception>
    public IAsyncEnumerable<Dataset> ListAllDatasetsAsync(
        string projectName, string? prefix = null, CancellationToken cancellationToken = default) =>
        EachAsync(
            _pipeline.RunAsync(OperationCall.ListAllDatasets(projectName, prefix, _scope.Scope), _scope, cancellationToken),
            cancellationToken);

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
    public Binding CreateBinding(string projectName, string datasetName, string uri) =>
        _pipeline.Run(OperationCall.CreateBinding(projectName, datasetName, uri), _scope);

    /// <inheritdoc cref="CreateBinding"/>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="uri">The bucket, as <c>oss://{bucket}</c> with 1 to 63 of the lower-case ASCII letters, digits and <c>-</c>.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask<Binding> CreateBindingAsync(
        string projectName, string datasetName, string uri, CancellationToken cancellationToken = default) =>
        _pipeline.RunAsync(OperationCall.CreateBinding(projectName, datasetName, uri), _scope, cancellationToken);

    /// <summary>Gets a binding, from memory, with its state and phase at the time of the store's clock.</summary>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="uri">The bucket, as it was bound.</param>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/>: a name or the URI is null or malformed. <see cref="ImmErrorCode.ResourceNotFound"/>:
    /// there is no such project, dataset or binding. <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses.
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>: the scope was not in memory yet and cannot be read.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public Binding GetBinding(string projectName, string datasetName, string uri) =>
        _pipeline.Run(OperationCall.GetBinding(projectName, datasetName, uri, TimeProvider), _scope);

    /// <inheritdoc cref="GetBinding"/>
    /// <inheritdoc cref="ListAsync" path="/remarks"/>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="uri">The bucket, as it was bound.</param>
    /// <param name="cancellationToken">Cancels the read while it waits.</param>
    /// <exception cref="OperationCanceledException">The read was cancelled.</exception>
    public ValueTask<Binding> GetBindingAsync(
        string projectName, string datasetName, string uri, CancellationToken cancellationToken = default) =>
        _pipeline.RunAsync(OperationCall.GetBinding(projectName, datasetName, uri, TimeProvider), _scope, cancellationToken);

    /// <summary>Lists all bindings of a dataset, at most 10, in ordinal order of their URIs; from memory.</summary>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/>: a name is null or malformed. <see cref="ImmErrorCode.ResourceNotFound"/>: there is no
    /// such project or dataset. <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses.
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>: the scope was not in memory yet and cannot be read.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public IReadOnlyList<Binding> ListBindings(string projectName, string datasetName) =>
        ListBindings(new ListBindingsRequest { ProjectName = projectName, DatasetName = datasetName }).Bindings;

    /// <summary>Lists one page of the bindings of a dataset in ordinal order of their URIs, from memory.</summary>
    /// <param name="request">The page.</param>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is null.</exception>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/>: a parameter breaks its rule. <see cref="ImmErrorCode.ResourceNotFound"/>: there is no
    /// such project or dataset. <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses.
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>: the scope was not in memory yet and cannot be read.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public BindingPage ListBindings(ListBindingsRequest request) =>
        _pipeline.Run(OperationCall.ListBindings(request, TimeProvider), _scope);

    /// <inheritdoc cref="ListBindings(string, string)"/>
    /// <inheritdoc cref="ListAsync" path="/remarks"/>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="cancellationToken">Cancels the read while it waits.</param>
    /// <exception cref="OperationCanceledException">The read was cancelled.</exception>
    public async ValueTask<IReadOnlyList<Binding>> ListBindingsAsync(
        string projectName, string datasetName, CancellationToken cancellationToken = default)
    {
        var request = new ListBindingsRequest { ProjectName = projectName, DatasetName = datasetName };
        return (await ListBindingsAsync(request, cancellationToken).ConfigureAwait(false)).Bindings;
    }

    /// <inheritdoc cref="ListBindings(ListBindingsRequest)"/>
    /// <inheritdoc cref="ListAsync" path="/remarks"/>
    /// <param name="request">The page.</param>
    /// <param name="cancellationToken">Cancels the read while it waits.</param>
    /// <exception cref="OperationCanceledException">The read was cancelled.</exception>
    public ValueTask<BindingPage> ListBindingsAsync(ListBindingsRequest request, CancellationToken cancellationToken = default) =>
        _pipeline.RunAsync(OperationCall.ListBindings(request, TimeProvider), _scope, cancellationToken);

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
    public void DeleteBinding(string projectName, string datasetName, string uri) =>
        _pipeline.Run(OperationCall.DeleteBinding(projectName, datasetName, uri), _scope);

    /// <inheritdoc cref="DeleteBinding"/>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="uri">The bucket, as it was bound.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask DeleteBindingAsync(
        string projectName, string datasetName, string uri, CancellationToken cancellationToken = default) => WithoutAnswer(
        _pipeline.RunAsync(OperationCall.DeleteBinding(projectName, datasetName, uri), _scope, cancellationToken));

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
        _pipeline.Run(OperationCall.AddFiles(new FileChange(projectName, datasetName, fileCount, totalFileSize)), _scope)[0];

    /// <inheritdoc cref="AddFiles(string, string, long, long)"/>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="fileCount">How many files: 0 to 2^63−1.</param>
    /// <param name="totalFileSize">How many bytes they have together: 0 to 2^63−1.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask<Dataset> AddFilesAsync(
        string projectName, string datasetName, long fileCount, long totalFileSize, CancellationToken cancellationToken = default) =>
        FirstAsync(_pipeline.RunAsync(
            OperationCall.AddFiles(new FileChange(projectName, datasetName, fileCount, totalFileSize)), _scope, cancellationToken));

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
        _pipeline.Run(OperationCall.AddFiles(changes), _scope);

    /// <inheritdoc cref="AddFiles(IEnumerable{FileChange})"/>
    /// <param name="changes">
    /// The gains of each dataset; several entries for one dataset count as their sum. They are read before the call returns.
    /// </param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask<IReadOnlyList<Dataset>> AddFilesAsync(
        IEnumerable<FileChange> changes, CancellationToken cancellationToken = default) =>
        _pipeline.RunAsync(OperationCall.AddFiles(changes), _scope, cancellationToken);

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
        _pipeline.Run(OperationCall.RemoveFiles(new FileChange(projectName, datasetName, fileCount, totalFileSize)), _scope)[0];

    /// <inheritdoc cref="RemoveFiles(string, string, long, long)"/>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="fileCount">How many files: 0 to 2^63−1.</param>
    /// <param name="totalFileSize">How many bytes they have together: 0 to 2^63−1.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask<Dataset> RemoveFilesAsync(
        string projectName, string datasetName, long fileCount, long totalFileSize, CancellationToken cancellationToken = default) =>
        FirstAsync(_pipeline.RunAsync(
            OperationCall.RemoveFiles(new FileChange(projectName, datasetName, fileCount, totalFileSize)), _scope, cancellationToken));

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
        _pipeline.Run(OperationCall.RemoveFiles(changes), _scope);

    /// <inheritdoc cref="RemoveFiles(IEnumerable{FileChange})"/>
    /// <param name="changes">
    /// The losses of each dataset; several entries for one dataset count as their sum. They are read before the call returns.
    /// </param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask<IReadOnlyList<Dataset>> RemoveFilesAsync(
        IEnumerable<FileChange> changes, CancellationToken cancellationToken = default) =>
        _pipeline.RunAsync(OperationCall.RemoveFiles(changes), _scope, cancellationToken);

    private static async ValueTask<Dataset> FirstAsync(ValueTask<IReadOnlyList<Dataset>> datasets) =>
        (await datasets.ConfigureAwait(false))[0];
}
