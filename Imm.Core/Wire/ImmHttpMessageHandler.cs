using System.Net;
using System.Text;
using CommunityToolkit.Diagnostics;
using Imm.Core.Model;
using Imm.Core.Wire;

namespace Imm.Core;

/// <summary>
/// Answers HTTP requests as the service does, in this process and without a socket: the handler of an <see cref="HttpClient"/> that never
/// connects to its host.
/// </summary>
/// <remarks>
/// <para>
/// A request is a GET or POST of the path <c>/</c>. Any other is answered with <see cref="ImmErrorCode.InvalidActionNotFound"/>, as an
/// unknown action is. The parameters are those of the query, followed by those of a body of type
/// <c>application/x-www-form-urlencoded</c>. Any other body is ignored. The action is the parameter <c>Action</c> or, if there is none, the
/// header <c>x-acs-action</c>. A client that sends both signs the parameter, and its header may be spelled differently. Signatures are not
/// verified.
/// </para>
/// <para>Scheme, host and port are ignored. Thread-safe. To dispose the handler disposes nothing else.</para>
/// </remarks>
public sealed class ImmHttpMessageHandler : HttpMessageHandler
{
    private const string ActionName = "Action";
    private const string ActionHeader = "x-acs-action";

    private readonly ImmApi _api;
    private readonly Func<HttpRequestMessage, (string AccountId, string RegionId)> _scope;

    /// <summary>Makes a handler whose requests all belong to one account and region.</summary>
    /// <param name="api">The RPC endpoint.</param>
    /// <param name="accountId">The account: 1 to 64 of the ASCII letters, digits, <c>_</c> and <c>-</c>.</param>
    /// <param name="regionId">The region: 1 to 64 of the lower-case ASCII letters, digits and <c>-</c>.</param>
    /// <exception cref="ArgumentNullException"><paramref name="api"/> is null.</exception>
    /// <exception cref="ArgumentException">An id is null or malformed.</exception>
    public ImmHttpMessageHandler(ImmApi api, string accountId, string regionId)
        : this(api, _ => (accountId, regionId))
    {
        Scope.ThrowIfMalformed(accountId, regionId);
    }

    /// <summary>Makes a handler that takes the account and region from each request.</summary>
    /// <param name="api">The RPC endpoint.</param>
    /// <param name="scope">
    /// Gets the account and region of a request. Malformed ones are answered with <see cref="ImmErrorCode.InvalidArgument"/>.
    /// </param>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public ImmHttpMessageHandler(ImmApi api, Func<HttpRequestMessage, (string AccountId, string RegionId)> scope)
    {
        Guard.IsNotNull(api, nameof(api));
        Guard.IsNotNull(scope, nameof(scope));
        _api = api;
        _scope = scope;
    }

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Guard.IsNotNull(request, nameof(request));
        cancellationToken.ThrowIfCancellationRequested();
        byte[]? form = IsForm(request.Content)
            ? await request.Content!.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false)
            : null;
        Call call = Read(request, form);
        return Answer(
            request,
            await _api.InvokeAsync(call.AccountId, call.RegionId, call.Action, call.Parameters, cancellationToken).ConfigureAwait(false));
    }

    /// <inheritdoc/>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Guard.IsNotNull(request, nameof(request));
        cancellationToken.ThrowIfCancellationRequested();
        byte[]? form = null;
        if (IsForm(request.Content))
        {
            using var body = new MemoryStream();
            request.Content!.CopyTo(body, context: null, cancellationToken);
            form = body.ToArray();
        }

        Call call = Read(request, form);
        return Answer(request, _api.Invoke(call.AccountId, call.RegionId, call.Action, call.Parameters, cancellationToken));
    }

    private static bool IsForm(HttpContent? content) =>
        string.Equals(content?.Headers.ContentType?.MediaType, "application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase);

    private static bool IsRpc(HttpRequestMessage request) =>
        (request.Method == HttpMethod.Get || request.Method == HttpMethod.Post)
            && request.RequestUri is { IsAbsoluteUri: true, AbsolutePath: "/" };

    private Call Read(HttpRequestMessage request, byte[]? form)
    {
        List<KeyValuePair<string, string>> parameters = [];
        string action = "";
        if (IsRpc(request))
        {
            FormText.Read(request.RequestUri!.Query.AsSpan().TrimStart('?'), parameters);
            FormText.Read(Encoding.UTF8.GetString(form ?? []), parameters);
            action = Action(request, parameters);
        }

        (string accountId, string regionId) = _scope(request);
        return new Call(accountId, regionId, action, parameters);
    }

    private static HttpResponseMessage Answer(HttpRequestMessage request, ImmApiResponse answer) => new((HttpStatusCode)answer.StatusCode)
    {
        Content = new StringContent(answer.Json, Encoding.UTF8, "application/json"),
        RequestMessage = request,
        Version = request.Version,
    };

    private static string Action(HttpRequestMessage request, List<KeyValuePair<string, string>> parameters)
    {
        int index = parameters.FindLastIndex(parameter => parameter.Key == ActionName);
        return index >= 0 ? parameters[index].Value
            : request.Headers.TryGetValues(ActionHeader, out IEnumerable<string>? values) ? values.Last()
            : "";
    }

    private sealed record Call(string AccountId, string RegionId, string Action, List<KeyValuePair<string, string>> Parameters);
}
