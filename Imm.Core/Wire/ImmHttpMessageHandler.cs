using System.Collections.Immutable;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using CommunityToolkit.Diagnostics;
using Imm.Core.Access;
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
/// header <c>x-acs-action</c>. A client that sends both signs the parameter, and its header may be spelled differently. A version other
/// than 2020-09-30, in the parameter <c>Version</c> or the header <c>x-acs-version</c>, is answered with <see
/// cref="ImmWireErrorCode.InvalidVersion"/>. Every answer has the header <c>x-acs-request-id</c>.
/// </para>
/// <para>
/// Signatures are verified where the endpoint has <see cref="ImmApiOptions.Credentials"/>. Then the account is that of the access key,
/// whose principal the store's authorizer sees. Version 3 signs the Host header, every header of its list and the bytes of the body, so a
/// host that passes requests on must pass these on unchanged.
/// </para>
/// <para>Scheme, host and port are ignored. Thread-safe. To dispose the handler disposes nothing else.</para>
/// </remarks>
/// <example>
/// <code>
/// using var client = new HttpClient(new ImmHttpMessageHandler(api, "1234567890", "cn-hangzhou"));
/// string json = await client.GetStringAsync("https://imm.cn-hangzhou.aliyuncs.com/?Action=GetProject&amp;ProjectName=photos");
/// </code>
/// </example>
public sealed class ImmHttpMessageHandler : HttpMessageHandler
{
    // As the service writes it: a media type of the framework is written with a space.
    private const string ContentType = "application/json;charset=utf-8";

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

    /// <summary>
    /// Gets the values of condition keys that the host knows of a request, such as <c>acs:SourceIp</c>, in a dictionary that compares keys
    /// with case. <c>acs:SecureTransport</c> follows from the scheme of the request unless it is given. Called once for each request whose
    /// signature was verified, by many threads at once. An exception that it throws is passed on to the caller.
    /// </summary>
    /// <value>The default value is null: none.</value>
    public Func<HttpRequestMessage, IReadOnlyDictionary<string, string>>? ConditionValues { get; init; }

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Guard.IsNotNull(request, nameof(request));
        cancellationToken.ThrowIfCancellationRequested();
        byte[] body = NeedsBody(request.Content)
            ? await request.Content!.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false)
            : [];
        return Answer(request, await AnswerAsync(request, body, isSynchronous: false, cancellationToken).ConfigureAwait(false));
    }

    /// <inheritdoc/>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Guard.IsNotNull(request, nameof(request));
        cancellationToken.ThrowIfCancellationRequested();
        using var body = new MemoryStream();
        if (NeedsBody(request.Content))
        {
            request.Content!.CopyTo(body, context: null, cancellationToken);
        }

        return Answer(
            request, AnswerAsync(request, body.ToArray(), isSynchronous: true, cancellationToken).AsTask().GetAwaiter().GetResult());
    }

    /// <summary>True for a body that holds parameters, and for any body where signatures are verified: its bytes are signed.</summary>
    private bool NeedsBody(HttpContent? content) => content is not null
        && (_api.VerifiesSignatures || SignedRequest.IsForm(content.Headers.ContentType?.MediaType));

    private ValueTask<ImmApiResponse> AnswerAsync(
        HttpRequestMessage request, byte[] body, bool isSynchronous, CancellationToken cancellationToken)
    {
        (string accountId, string regionId) = _scope(request);
        Uri? uri = request.RequestUri is { IsAbsoluteUri: true } absolute ? absolute : null;
        var signed = new SignedRequest(
            request.Method.Method.ToUpperInvariant(),
            uri?.AbsolutePath ?? "",
            uri?.Query is ['?', .. string query] ? query : "",
            Headers(request, uri),
            body);
        return _api.AnswerAsync(signed, accountId, regionId, () => Values(request, uri), isSynchronous, cancellationToken);
    }

    /// <summary>The headers as they came, before anything was read into them: they are signed so.</summary>
    private static List<KeyValuePair<string, string>> Headers(HttpRequestMessage request, Uri? uri)
    {
        List<KeyValuePair<string, string>> headers = [];
        if (!request.Headers.NonValidated.Contains("Host") && uri is not null)
        {
            headers.Add(new("host", uri.IsDefaultPort ? uri.IdnHost : $"{uri.IdnHost}:{uri.Port}"));
        }

        foreach (HttpHeaders? some in new HttpHeaders?[] { request.Headers, request.Content?.Headers })
        {
            if (some is not null)
            {
                headers.AddRange(
                    some.NonValidated.SelectMany(header => header.Value.Select(value => KeyValuePair.Create(header.Key, value))));
            }
        }

        return headers;
    }

    private Dictionary<string, string> Values(HttpRequestMessage request, Uri? uri)
    {
        var values = new Dictionary<string, string>(ConditionValues?.Invoke(request) ?? ImmutableDictionary<string, string>.Empty);
        values.TryAdd(RamConditionKey.SecureTransport, uri?.Scheme == Uri.UriSchemeHttps ? "true" : "false");
        return values;
    }

    private static HttpResponseMessage Answer(HttpRequestMessage request, ImmApiResponse answer)
    {
        var response = new HttpResponseMessage((HttpStatusCode)answer.StatusCode)
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(answer.Json)),
            RequestMessage = request,
            Version = request.Version,
        };
        response.Content.Headers.TryAddWithoutValidation("Content-Type", ContentType);
        response.Headers.Add("x-acs-request-id", answer.RequestId.ToString().ToUpperInvariant());
        return response;
    }
}
