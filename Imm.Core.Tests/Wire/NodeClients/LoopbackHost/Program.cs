// The service on 127.0.0.1 for clients that need a socket: one store with default options, and one in each state that a client cannot
// cause itself.
// Prints the address of each as one line of JSON, and ends when its standard input does.

using System.Net;
using System.Net.Sockets;
using Imm.Core;

using ImmStore open = ImmStore.InMemory();
using ImmStore full = ImmStore.InMemory(new ImmStoreOptions { ProjectQuota = 0 });
using ImmStore forbidden = ImmStore.InMemory(new ImmStoreOptions { Authorizer = new Nobody() });
ImmStore closed = ImmStore.InMemory();
closed.Dispose();

RamPrincipal builder = RamPrincipal.User("1234567890", "builder");
RamPrincipal reader = RamPrincipal.RoleSession("1234567890", "reader", "node");
RamAccess access = RamAccess.Empty
    .Attach(builder, RamPolicy.SystemPolicy("AliyunIMMFullAccess"))
    .Attach(reader, RamPolicy.SystemPolicy("AliyunIMMReadOnlyAccess"));
Dictionary<string, RamCredential> keys = new()
{
    ["id"] = new("id", "secret", builder),
    ["reader"] = new("reader", "secret-of-reader", reader),
    ["STS.reader"] = new("STS.reader", "secret-of-reader", reader) { SecurityToken = "token/+=" },
    ["off"] = new("off", "secret", builder) { IsActive = false },
};
ImmApiOptions verify = new() { Credentials = id => keys.GetValueOrDefault(id) };
using ImmStore signed = ImmStore.InMemory(new() { Authorizer = new RamAuthorizer(access, AuthorizationMode.Strict) });
using ImmStore late = ImmStore.InMemory(new() { TimeProvider = new ADayLate() });

string[] places =
[
    Start("open", open), Start("full", full), Start("forbidden", forbidden), Start("closed", closed),
    Start("signed", signed, verify), Start("late", late, verify),
];
Console.WriteLine($"{{{string.Join(',', places)}}}");
await Console.In.ReadToEndAsync();

static string Start(string name, ImmStore store, ImmApiOptions? options = null)
{
    string place = $"127.0.0.1:{FreePort()}";
    _ = ServeAsync(new ImmHttpMessageHandler(new ImmApi(store, options), "1234567890", "cn-hangzhou"), $"http://{place}/");
    return $"\"{name}\":\"{place}\"";
}

static int FreePort()
{
    using var listener = new TcpListener(IPAddress.Loopback, 0);
    listener.Start();
    return ((IPEndPoint)listener.LocalEndpoint).Port;
}

// The documents show the two functions that follow, word for word.
static async Task ServeAsync(HttpMessageHandler handler, string address)
{
    using var service = new HttpMessageInvoker(handler);
    using var listener = new HttpListener { Prefixes = { address } };
    listener.Start();
    while (true)
    {
        _ = AnswerAsync(service, await listener.GetContextAsync());
    }
}

static async Task AnswerAsync(HttpMessageInvoker service, HttpListenerContext context)
{
    if (context.Response.StatusCode != 200)
    {
        return; // The listener has answered it already, with 411 or 501.
    }

    using var request = new HttpRequestMessage(new HttpMethod(context.Request.HttpMethod), context.Request.Url);
    request.Content = new StreamContent(context.Request.InputStream);
    foreach (string name in context.Request.Headers)
    {
        _ = request.Headers.TryAddWithoutValidation(name, context.Request.Headers[name])
            || request.Content.Headers.TryAddWithoutValidation(name, context.Request.Headers[name]);
    }

    using HttpResponseMessage response = await service.SendAsync(request, CancellationToken.None);
    context.Response.StatusCode = (int)response.StatusCode;
    context.Response.ContentType = "application/json;charset=utf-8";
    context.Response.AddHeader("x-acs-request-id", response.Headers.GetValues("x-acs-request-id").First());
    context.Response.Close(await response.Content.ReadAsByteArrayAsync(), willBlock: false);
}

internal sealed class ADayLate : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddDays(-1);
}

internal sealed class Nobody : IImmAuthorizer
{
    public AuthorizationDecision Authorize(AuthorizationRequest request) => AuthorizationDecision.Deny();
}
