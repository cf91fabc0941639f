using CommunityToolkit.Diagnostics;
using Imm.Core.Access;
using Imm.Core.Model;
using Imm.Core.Wire;
using Microsoft.Extensions.Options;

namespace Imm.Core;

/// <summary>
/// The RPC endpoint of a store: takes an action and its parameters as texts, and answers with the status and JSON of the service
/// (API 2020-09-30).
/// </summary>
/// <remarks>
/// <para>
/// The actions are CreateProject, GetProject, UpdateProject, ListProjects, DeleteProject, CreateDataset, GetDataset, UpdateDataset,
/// ListDatasets, DeleteDataset, CreateBinding, GetBinding, ListBindings, DeleteBinding, AttachOSSBucket, DetachOSSBucket,
/// GetOSSBucketAttachment, ListAttachedOSSBuckets and ListRegions, under exactly these names. Answers are JSON, whatever the parameter
/// <c>Format</c> says. Thread-safe.
/// </para>
/// <para>
/// The last of two equal parameters counts. An unknown parameter is ignored. An empty text is a value. A number is an optional sign and
/// decimal digits, with or without leading zeros. A Boolean is <c>true</c>, <c>True</c>, <c>false</c> or <c>False</c>. Tags are one JSON
/// text <c>Tag</c>, such as <c>[{"Key":"a","Value":"b"}]</c>, or else <c>Tag.1.Key</c>, <c>Tag.1.Value</c>, <c>Tag.2.Key</c> and so on, in
/// the order of the numbers, which may leave gaps. Where both are given the JSON text counts. Only the JSON text can express that there
/// are no tags: <c>[]</c>.
/// </para>
/// </remarks>
/// <example>
/// <code>
/// var endpoint = new ImmApi(store);
/// ImmApiResponse answer = await endpoint.InvokeAsync(
///     "1234567890", "cn-hangzhou", "GetProject", [new("ProjectName", "photos")]);
/// Console.WriteLine($"{answer.StatusCode} {answer.Json}");
/// </code>
/// </example>
public sealed class ImmApi
{
    private const string ApiVersion = "2020-09-30";
    private const string VersionParameter = "Version";

    // Half an hour of 555 requests a second, in some 100 MB.
    private const int MaxNonces = 1_000_000;

    private static readonly ImmApiOptionsValidator Validator = new();
    private static readonly ImmRefusal StoreClosed = ImmRefusal.Unavailable(ImmUnavailableReason.Other, "The store is closed.");

    private readonly ImmStore _store;
    private readonly Func<Guid> _requestId;
    private readonly string _hostFormat;
    private readonly TimeSpan _timeOffset;
    private readonly SignatureVerifier? _signatures;

    /// <summary>Makes the RPC endpoint of a store.</summary>
    /// <param name="store">The store. Its owner disposes it.</param>
    /// <param name="options">The options. They are read now; later changes have no effect. Null for the defaults.</param>
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
        _signatures = options.Credentials is { } find ? new SignatureVerifier(find, store.TimeProvider, MaxNonces) : null;
    }

    /// <summary>Carries out one action. Any texts give an answer and not an exception.</summary>
    /// <param name="accountId">The account. A malformed one is answered with <see cref="ImmErrorCode.InvalidArgument"/>.</param>
    /// <param name="regionId">The region. A malformed one is answered with <see cref="ImmErrorCode.InvalidArgument"/>.</param>
    /// <param name="action">
    /// The action, such as <c>CreateProject</c>. An unknown one is answered with <see cref="ImmErrorCode.InvalidActionNotFound"/>.
    /// </param>
    /// <param name="parameters">
    /// The parameters. They are read before the call returns. A <c>Version</c> other than 2020-09-30 is answered with
    /// <see cref="ImmWireErrorCode.InvalidVersion"/>.
    /// </param>
    /// <param name="cancellationToken">Cancels a change while it waits to be committed.</param>
    /// <returns>
    /// The answer: a success, or an error in the service's form. A store that has failed or is closed answers with
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>.
    /// </returns>
    /// <exception cref="ArgumentNullException"><paramref name="parameters"/> is null.</exception>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    /// <remarks>
    /// Exceptions of the store's authorizer and of <see cref="ImmApiOptions.RequestId"/> are passed on to the caller. Nothing was changed.
    /// </remarks>
    public ValueTask<ImmApiResponse> InvokeAsync(
        string accountId,
        string regionId,
        string action,
        IEnumerable<KeyValuePair<string, string>> parameters,
        CancellationToken cancellationToken = default)
    {
        Guard.IsNotNull(parameters, nameof(parameters));
        var texts = new WireParameters(parameters);
        return AnswerAsync(
            Writer(regionId),
            accountId,
            regionId,
            texts.Text(VersionParameter),
            action,
            texts,
            caller: null,
            isSynchronous: false,
            cancellationToken);
    }

    /// <summary>True if the signatures of HTTP requests are verified.</summary>
    internal bool VerifiesSignatures => _signatures is not null;

    /// <summary>Answers an HTTP request, whose signature is verified where <see cref="ImmApiOptions.Credentials"/> are set.</summary>
    /// <param name="request">The request.</param>
    /// <param name="accountId">The account, where signatures are not verified.</param>
    /// <param name="regionId">The region.</param>
    /// <param name="conditionValues">
    /// Gives the condition values that the host knows of the request; called where signatures are verified.
    /// </param>
    /// <param name="isSynchronous">
    /// True to wait on the calling thread, so that no thread of the pool is needed and the task is completed when it returns.
    /// </param>
    /// <param name="cancellationToken">Cancels a change while it waits to be committed.</param>
    internal ValueTask<ImmApiResponse> AnswerAsync(
        SignedRequest request,
        string? accountId,
        string? regionId,
        Func<IReadOnlyDictionary<string, string>> conditionValues,
        bool isSynchronous,
        CancellationToken cancellationToken)
    {
        AnswerWriter writer = Writer(regionId);
        Caller? caller = null;
        if (_signatures is not null)
        {
            SignatureVerdict verdict = _signatures.Verify(request);
            if (verdict.Credential is not { Principal: { } principal })
            {
                _store.Telemetry.SignatureRefused(verdict.Code, verdict.CanonicalRequest);
                return new(writer.Error(verdict.Code, verdict.Message));
            }

            accountId = principal.AccountId;
            caller = new Caller(principal, conditionValues());
        }

        var parameters = new WireParameters(request.Parameters);
        (string? version, string? action) = request is { Method: "GET" or "POST", Path: "/" }
            ? (parameters.Text(VersionParameter) ?? request.Header("x-acs-version"), request.Action)
            : default;
        return AnswerAsync(writer, accountId, regionId, version, action, parameters, caller, isSynchronous, cancellationToken);
    }

    private AnswerWriter Writer(string? regionId) => new(_requestId(), _hostFormat, regionId, _timeOffset);

    private async ValueTask<ImmApiResponse> AnswerAsync(
        AnswerWriter writer,
        string? accountId,
        string? regionId,
        string? version,
        string? action,
        WireParameters parameters,
        Caller? caller,
        bool isSynchronous,
        CancellationToken cancellationToken)
    {
        if (version is not (null or ApiVersion))
        {
            return writer.Error(ImmWireErrorCode.InvalidVersion, "Specified parameter Version is not valid.");
        }

        if (action is null || !WireActions.ByName.TryGetValue(action, out WireAction? carryOut))
        {
            return writer.Error(ImmErrorCode.InvalidActionNotFound, "Specified api is not found, please check your url and method.");
        }

        if (!Scope.TryCreate(accountId, regionId, out Scope? scope, out string? brokenRule))
        {
            return writer.Error(ImmErrorCode.InvalidArgument, brokenRule);
        }

        if (_store.IsClosed)
        {
            return writer.Error(StoreClosed, _store.TimeProvider);
        }

        try
        {
            return await carryOut(_store.RegistryOf(scope, caller), parameters, writer, isSynchronous, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (ObjectDisposedException) when (_store.IsClosed)
        {
            // It was closed since.
            return writer.Error(StoreClosed, _store.TimeProvider);
        }
    }
}
