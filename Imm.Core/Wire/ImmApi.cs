using CommunityToolkit.Diagnostics;
using Imm.Core.Model;
using Imm.Core.Wire;
using Microsoft.Extensions.Options;

namespace Imm.Core;

/// <summary>
/// The RPC face of a store: an action and its parameters as texts go in, a status and JSON come out, as from the service (API 2020-09-30).
/// </summary>
/// <remarks>
/// <para>
/// The actions are CreateProject, GetProject, UpdateProject, ListProjects, DeleteProject, CreateDataset, GetDataset, UpdateDataset,
/// ListDatasets, DeleteDataset, CreateBinding, ListBindings and DeleteBinding, under exactly these names. Safe to use from many threads at
/// once.
/// </para>
/// <para>
/// Of a parameter that stands twice the last counts; one that is not known is ignored; an empty text is a value. A number is an optional
/// sign and decimal digits, leading zeros allowed. A truth value is <c>true</c>, <c>True</c>, <c>false</c> or <c>False</c>. Tags are one
/// JSON text <c>Tag</c>, such as <c>[{"Key":"a","Value":"b"}]</c>, or else <c>Tag.1.Key</c>, <c>Tag.1.Value</c>, <c>Tag.2.Key</c> and so
/// on, in the order of the numbers, which may leave gaps; where both are given the JSON text counts. Only the JSON text can say that there
/// are no tags: <c>[]</c>.
/// </para>
/// </remarks>
public sealed class ImmApi
{
    private static readonly ImmApiOptionsValidator Validator = new();

    private readonly ImmStore _store;
    private readonly Func<Guid> _requestId;
    private readonly string _hostFormat;
    private readonly TimeSpan _timeOffset;

    /// <summary>Makes the RPC face of a store, which stays its owner's to dispose.</summary>
    /// <param name="store">The store.</param>
    /// <param name="options">How to answer; they are read now. Null for the defaults.</param>
    /// <exception cref="ArgumentNullException"><paramref name="store"/> is null.</exception>
    /// <exception cref="OptionsValidationException">An option is out of its range; the message names every one that is.</exception>
    public ImmApi(ImmStore store, ImmApiOptions? options = null)
    {
        Guard.IsNotNull(store, nameof(store));
        options ??= new ImmApiOptions();
        ValidateOptionsResult result = Validator.Validate(Options.DefaultName, options);
        if (result.Failed)
        {
            throw new OptionsValidationException(Options.DefaultName, typeof(ImmApiOptions), result.Failures);
        }

        _store = store;
        _requestId = options.RequestId;
        _hostFormat = options.HostFormat;
        _timeOffset = options.TimeOffset ?? store.TimeOffset;
    }

    /// <summary>Carries out one action. Whatever the texts are, the outcome is an answer and not an exception.</summary>
    /// <param name="accountId">The account; a malformed one is answered with <see cref="ImmErrorCode.InvalidArgument"/>.</param>
    /// <param name="regionId">The region; a malformed one is answered with <see cref="ImmErrorCode.InvalidArgument"/>.</param>
    /// <param name="action">
    /// The action, such as <c>CreateProject</c>; an unknown one is answered with <see cref="ImmErrorCode.InvalidActionNotFound"/>.
    /// </param>
    /// <param name="parameters">The parameters; read before the call returns.</param>
    /// <param name="cancellationToken">Withdraws a change while it waits for its turn.</param>
    /// <returns>
    /// The answer: a success, or an error of the service's form. A store that has failed or is closed is
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>.
    /// </returns>
    /// <exception cref="ArgumentNullException"><paramref name="parameters"/> is null.</exception>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    /// <remarks>
    /// Exceptions of the store's authorizer and of <see cref="ImmApiOptions.RequestId"/> go to the caller, and nothing was changed.
    /// </remarks>
    public ValueTask<ImmApiResponse> InvokeAsync(
        string accountId,
        string regionId,
        string action,
        IEnumerable<KeyValuePair<string, string>> parameters,
        CancellationToken cancellationToken = default)
    {
        Guard.IsNotNull(parameters, nameof(parameters));
        return AnswerAsync(accountId, regionId, action, new WireParameters(parameters), isSynchronous: false, cancellationToken);
    }

    /// <summary><see cref="InvokeAsync"/> that waits on the calling thread, and needs no other but that which commits the change.</summary>
    internal ImmApiResponse Invoke(
        string accountId,
        string regionId,
        string action,
        IEnumerable<KeyValuePair<string, string>> parameters,
        CancellationToken cancellationToken) =>
        AnswerAsync(accountId, regionId, action, new WireParameters(parameters), isSynchronous: true, cancellationToken)
            .AsTask().GetAwaiter().GetResult();

    private async ValueTask<ImmApiResponse> AnswerAsync(
        string? accountId, string? regionId, string? action, WireParameters parameters, bool isSynchronous, CancellationToken cancellationToken)
    {
        var answer = new AnswerWriter(
            _requestId().ToString().ToUpperInvariant(),
            _hostFormat.Replace("{region}", regionId, StringComparison.Ordinal),
            _timeOffset);
        if (action is null || !WireActions.ByName.TryGetValue(action, out WireAction? carryOut))
        {
            return answer.Error(ImmErrorCode.InvalidActionNotFound, "Specified api is not found, please check your url and method.");
        }

        if (accountId is null || !Scope.IsAccountId(accountId))
        {
            return answer.Error(ImmErrorCode.InvalidArgument, Scope.AccountIdRule);
        }

        if (regionId is null || !Scope.IsRegionId(regionId))
        {
            return answer.Error(ImmErrorCode.InvalidArgument, Scope.RegionIdRule);
        }

        try
        {
            return await carryOut(
                _store.Registry(new Scope(accountId, regionId)), parameters, answer, isSynchronous, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (ImmException e)
        {
            return answer.Error(e.Code, e.Message);
        }
        catch (ObjectDisposedException) when (_store.IsClosed)
        {
            return answer.Error(ImmErrorCode.ServiceUnavailable, "The store is closed.");
        }
    }
}
