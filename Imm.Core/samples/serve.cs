#!/usr/bin/env dotnet
#:project ../Imm.Core.csproj
#:package Npgsql
#:property PublishAot=false

// The service on 127.0.0.1, for the vendor's clients and others that need a socket: dotnet run Imm.Core/samples/serve.cs -- --memory
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;
using Imm.Core;
using Npgsql;

const string Help = """
    Usage: serve (--memory | --store FILE | --database CONNECTION [--schema NAME])
                 [--port PORT] [--account ACCOUNT] [--region REGION] [--access FILE]

      --memory     a store in memory, which begins empty and is lost at the end
      --store      the data file of a store; a new one if there is no such file
      --database   the connection string of a PostgreSQL database, as Npgsql reads it; several hosts may serve one database
      --schema     the schema of the database that holds the tables. Default: imm
      --port       the port on 127.0.0.1, 1 to 65535; 0 takes a free one. Default: 8080
      --account    the account of all requests where signatures are not verified. Default: 1234567890
      --region     the region of all requests. Default: cn-hangzhou
      --access     a JSON file with users, roles, access keys and policies: then every request must be signed (V2 or V3)

    It prints its address in one line when it is ready. An interrupt (Ctrl-C) or a stop signal ends it: the requests under way are answered,
    and the store is closed.

    The file of --access:
      {
        "Mode": "Strict",                                        Off, Soft or Strict
        "AccountId": "1234567890",
        "Policies": { "no-delete": { "Version": "1", "Statement": [ … ] } },
        "Users": {
          "alice": { "Policies": [ "AliyunIMMFullAccess", "no-delete" ], "Keys": [ { "Id": "LTAI…", "Secret": "…" } ] }
        },
        "Roles": {
          "reader": { "Policies": [ "AliyunIMMReadOnlyAccess" ], "Keys": [ { "Id": "STS.…", "Secret": "…", "SecurityToken": "…" } ] }
        }
      }
    A key may have "Active": false and "Expires": "2026-12-31T00:00:00Z".
    """;

if (args is ["help" or "--help" or "-h"])
{
    Console.WriteLine(Help);
    return 0;
}

try
{
    Dictionary<string, string> options = Parse(args);
    string account = options.GetValueOrDefault("--account", "1234567890");
    string region = options.GetValueOrDefault("--region", "cn-hangzhou");
    var (authorizer, credentials) = options.TryGetValue("--access", out string? file) ? ReadAccess(file) : (null, null);
    using NpgsqlDataSource? source =
        options.TryGetValue("--database", out string? connection) ? NpgsqlDataSource.Create(connection) : null;
    using ImmStore store = ImmStore.Open(new ImmStoreOptions
    {
        Path = options.GetValueOrDefault("--store"),
        DataSource = source,
        Schema = options.GetValueOrDefault("--schema", "imm"),
        Authorizer = authorizer,
    });
    var api = new ImmApi(store, new ImmApiOptions { Credentials = credentials });
    using var handler = new ImmHttpMessageHandler(api, account, region) { ConditionValues = Caller.ConditionValues };
    await ServeAsync(handler, PortOf(options));
    return 0;
}
catch (UsageException e)
{
    Console.Error.WriteLine($"serve: {e.Message} Try: serve --help");
    return 2;
}
catch (ImmException e)
{
    Console.Error.WriteLine($"serve: {e.Reason}: {e.Message}");
    return 3;
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException or HttpListenerException or FormatException or ArgumentException
    or JsonException or InvalidOperationException)
{
    Console.Error.WriteLine($"serve: {e.Message}");
    return 3;
}

static Dictionary<string, string> Parse(string[] args)
{
    string[] known = ["--store", "--database", "--schema", "--port", "--account", "--region", "--access"];
    var options = new Dictionary<string, string>();
    for (int i = 0; i < args.Length; i++)
    {
        string name = args[i];
        bool isNew = name == "--memory" ? options.TryAdd(name, "")
            : !known.Contains(name) ? throw new UsageException($"There is no option '{name}'.")
            : ++i == args.Length ? throw new UsageException($"The option '{name}' needs a value.")
            : options.TryAdd(name, args[i]);
        if (!isNew)
        {
            throw new UsageException($"The option '{name}' is given twice.");
        }
    }

    string[] places = ["--memory", "--store", "--database"];
    return places.Count(options.ContainsKey) != 1 ? throw new UsageException("Give one of --memory, --store and --database.")
        : options.ContainsKey("--schema") && !options.ContainsKey("--database")
            ? throw new UsageException("The option '--schema' needs '--database'.")
            : options;
}

static int PortOf(Dictionary<string, string> options)
{
    if (!int.TryParse(options.GetValueOrDefault("--port", "8080"), NumberStyles.None, CultureInfo.InvariantCulture, out int port)
        || port > 65535)
    {
        throw new UsageException("The port must be from 0 to 65535.");
    }

    if (port == 0)
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        port = ((IPEndPoint)free.LocalEndpoint).Port;
    }

    return port;
}

static (IImmAuthorizer Authorizer, Func<string, RamCredential?> Credentials) ReadAccess(string file)
{
    using var document = JsonDocument.Parse(File.ReadAllText(file));
    JsonElement root = document.RootElement;
    string account = Text(root, "AccountId") ?? throw new FormatException($"{file}: AccountId is missing.");
    if (!Enum.TryParse(Text(root, "Mode") ?? "Strict", out AuthorizationMode mode) || !Enum.IsDefined(mode))
    {
        throw new FormatException($"{file}: Mode must be Off, Soft or Strict.");
    }

    Dictionary<string, RamPolicy> policies =
        Members(root, "Policies").ToDictionary(entry => entry.Name, entry => RamPolicy.Parse(entry.Value.GetRawText()).Named(entry.Name));
    RamAccess access = RamAccess.Empty;
    var keys = new Dictionary<string, RamCredential>();
    IEnumerable<(RamPrincipal Principal, JsonElement Entry)> principals =
    [
        .. Members(root, "Users").Select(user => (RamPrincipal.User(account, user.Name), user.Value)),
        .. Members(root, "Roles").Select(role => (RamPrincipal.RoleSession(account, role.Name, "serve"), role.Value)),
    ];
    foreach ((RamPrincipal principal, JsonElement entry) in principals)
    {
        foreach (JsonElement name in Elements(entry, "Policies"))
        {
            access = access.Attach(
                principal, policies.TryGetValue(name.GetString()!, out RamPolicy? own) ? own : RamPolicy.SystemPolicy(name.GetString()!));
        }

        foreach (JsonElement key in Elements(entry, "Keys"))
        {
            string id = Text(key, "Id") ?? throw new FormatException($"{file}: a key of {principal.Name} has no Id.");
            string secret = Text(key, "Secret") ?? throw new FormatException($"{file}: the key {id} has no Secret.");
            keys.Add(id, new RamCredential(id, secret, principal)
            {
                IsActive = !key.TryGetProperty("Active", out JsonElement active) || active.GetBoolean(),
                SecurityToken = Text(key, "SecurityToken"),
                Expires = key.TryGetProperty("Expires", out JsonElement expires) ? expires.GetDateTimeOffset() : null,
            });
        }
    }

    return (new RamAuthorizer(access, mode), keys.GetValueOrDefault);

    static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

    static IEnumerable<JsonProperty> Members(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) ? value.EnumerateObject() : [];

    static IEnumerable<JsonElement> Elements(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) ? value.EnumerateArray() : [];
}

static async Task ServeAsync(HttpMessageHandler handler, int port)
{
    using var service = new HttpMessageInvoker(handler, disposeHandler: false);
    using var listener = new HttpListener { Prefixes = { string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/") } };
    using var stopping = new CancellationTokenSource();
    using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    listener.Start();
    Console.WriteLine(listener.Prefixes.Single());
    var answers = new ConcurrentDictionary<Task, bool>();
    var stopped = new TaskCompletionSource();
    using CancellationTokenRegistration registration = stopping.Token.Register(stopped.SetResult);
    while (true)
    {
        Task<HttpListenerContext> next = listener.GetContextAsync();
        if (await Task.WhenAny(next, stopped.Task) == stopped.Task)
        {
            break;
        }

        Task answer = AnswerAsync(service, await next);
        answers.TryAdd(answer, true);
        _ = answer.ContinueWith(ended => answers.TryRemove(ended, out _), TaskScheduler.Default);
    }

    await Task.WhenAll(answers.Keys);
    listener.Stop();

    void Stop(PosixSignalContext signal)
    {
        signal.Cancel = true;
        stopping.Cancel();
    }
}

static async Task AnswerAsync(HttpMessageInvoker service, HttpListenerContext context)
{
    if (context.Response.StatusCode != 200)
    {
        return; // The listener has answered it already, with 411 or 501.
    }

    try
    {
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.HttpMethod), context.Request.Url);
        request.Content = new StreamContent(context.Request.InputStream);
        foreach (string name in context.Request.Headers)
        {
            _ = request.Headers.TryAddWithoutValidation(name, context.Request.Headers[name])
                || request.Content.Headers.TryAddWithoutValidation(name, context.Request.Headers[name]);
        }

        request.Options.Set(Caller.Address, context.Request.RemoteEndPoint.Address.ToString());
        using HttpResponseMessage response = await service.SendAsync(request, CancellationToken.None);
        context.Response.StatusCode = (int)response.StatusCode;
        context.Response.ContentType = "application/json;charset=utf-8";
        context.Response.AddHeader("x-acs-request-id", response.Headers.GetValues("x-acs-request-id").First());
        context.Response.Close(await response.Content.ReadAsByteArrayAsync(), willBlock: false);
    }
    catch (Exception e) when (e is HttpListenerException or IOException or ObjectDisposedException)
    {
        context.Response.Abort(); // The client has gone.
    }
}

/// <summary>Passes the address of a caller to the condition key of policies.</summary>
internal static class Caller
{
    public static readonly HttpRequestOptionsKey<string> Address = new("caller");

    public static IReadOnlyDictionary<string, string> ConditionValues(HttpRequestMessage request) =>
        request.Options.TryGetValue(Address, out string? address)
            ? new Dictionary<string, string> { ["acs:SourceIp"] = address }
            : [];
}

internal sealed class UsageException(string message) : Exception(message);
