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
using Microsoft.Extensions.Options;
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
    for at most 10 seconds, and the store is closed. A second signal cuts them off.

    Exit status: 0 ended by a signal; 2 wrong usage; 3 the store, the port or the file of --access cannot be used.

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
    A key may have "Active": false and "Expires": "2026-12-31T00:00:00Z". A name that is not one of these is an error.
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
    int port = PortOf(options);
    CheckScope(account, region);
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
    await ServeAsync(handler, port);
    return 0;
}
catch (Exception e) when (e is UsageException or OptionsValidationException)
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

// Wrong usage is found before the store is opened, which may make a file.
static void CheckScope(string account, string region)
{
    try
    {
        using ImmStore store = ImmStore.InMemory();
        store.Registry(account, region);
    }
    catch (ArgumentException e)
    {
        throw new UsageException(e.Message);
    }
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
    try
    {
        using var document = JsonDocument.Parse(File.ReadAllText(file), new JsonDocumentOptions { AllowDuplicateProperties = false });
        return AccessFile.Read(document.RootElement);
    }
    catch (Exception e) when (e is FormatException or JsonException or ArgumentException)
    {
        throw new FormatException($"{file}: {e.Message}", e);
    }
}

static async Task ServeAsync(HttpMessageHandler handler, int port)
{
    using var service = new HttpMessageInvoker(handler, disposeHandler: false);
    using var listener = new HttpListener { Prefixes = { string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/") } };
    var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    var cutOff = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    listener.Start();
    Console.WriteLine(listener.Prefixes.Single());
    var answers = new ConcurrentDictionary<Task, bool>();
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

    // A client that does not end its request must not keep the store open.
    Task answered = Task.WhenAll(answers.Keys);
    if (await Task.WhenAny(answered, cutOff.Task, Task.Delay(TimeSpan.FromSeconds(10))) == answered)
    {
        listener.Stop();
    }
    else
    {
        listener.Abort();
    }

    void Stop(PosixSignalContext signal) => signal.Cancel = stopped.TrySetResult() || cutOff.TrySetResult();
}

static async Task AnswerAsync(HttpMessageInvoker service, HttpListenerContext context)
{
    if (context.Response.StatusCode != 200)
    {
        return; // The listener has answered it already, with 411 or 501.
    }

    try
    {
        using var body = new MemoryStream();
        await context.Request.InputStream.CopyToAsync(body); // Throws where the client has gone in the middle of it.
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.HttpMethod), context.Request.Url);
        request.Content = new ByteArrayContent(body.ToArray());
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
        byte[] answer = await response.Content.ReadAsByteArrayAsync();
        context.Response.ContentLength64 = answer.Length;
        await context.Response.OutputStream.WriteAsync(answer);
        context.Response.Close();
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

/// <summary>Reads the file of --access. It knows every name: a misspelt one would leave out a policy, or the end of a key.</summary>
internal static class AccessFile
{
    public static (IImmAuthorizer Authorizer, Func<string, RamCredential?> Credentials) Read(JsonElement root)
    {
        Check(root, "$", "Mode", "AccountId", "Policies", "Users", "Roles");
        string account = Text(root, "$", "AccountId") ?? throw new FormatException("AccountId is missing.");
        AuthorizationMode mode = (Text(root, "$", "Mode") ?? "Strict") switch
        {
            "Off" => AuthorizationMode.Off,
            "Soft" => AuthorizationMode.Soft,
            "Strict" => AuthorizationMode.Strict,
            _ => throw new FormatException("Mode must be Off, Soft or Strict."),
        };
        Dictionary<string, RamPolicy> policies = Members(root, "$", "Policies").ToDictionary(
            static entry => entry.Name, static entry => Policy(entry.Name, entry.Value.GetRawText()));
        RamAccess access = RamAccess.Empty;
        var keys = new Dictionary<string, RamCredential>();
        IEnumerable<(RamPrincipal Principal, JsonElement Entry, string Place)> principals =
        [
            .. Members(root, "$", "Users").Select(
                user => (RamPrincipal.User(account, user.Name), user.Value, $"$.Users.{user.Name}")),
            .. Members(root, "$", "Roles").Select(
                role => (RamPrincipal.RoleSession(account, role.Name, "serve"), role.Value, $"$.Roles.{role.Name}")),
        ];
        foreach ((RamPrincipal principal, JsonElement entry, string place) in principals)
        {
            Check(entry, place, "Policies", "Keys");
            foreach (JsonElement policy in Elements(entry, place, "Policies"))
            {
                string name = Text(policy, $"{place}.Policies");
                access = access.Attach(principal, policies.TryGetValue(name, out RamPolicy? own) ? own : RamPolicy.SystemPolicy(name));
            }

            foreach (JsonElement key in Elements(entry, place, "Keys"))
            {
                RamCredential credential = Key(key, $"{place}.Keys", principal);
                if (!keys.TryAdd(credential.AccessKeyId, credential))
                {
                    throw new FormatException($"{place}.Keys: the key {credential.AccessKeyId} is there twice.");
                }
            }
        }

        return (new RamAuthorizer(access, mode), keys.GetValueOrDefault);
    }

    private static RamPolicy Policy(string name, string json)
    {
        try
        {
            return RamPolicy.Parse(json).Named(name);
        }
        catch (FormatException e)
        {
            throw new FormatException($"$.Policies.{name}: {e.Message}", e);
        }
    }

    private static RamCredential Key(JsonElement key, string place, RamPrincipal principal)
    {
        Check(key, place, "Id", "Secret", "SecurityToken", "Active", "Expires");
        string id = Text(key, place, "Id") ?? throw new FormatException($"{place}: a key has no Id.");
        string secret = Text(key, place, "Secret") ?? throw new FormatException($"{place}: the key {id} has no Secret.");
        bool isActive = !key.TryGetProperty("Active", out JsonElement active) || active.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw new FormatException($"{place}.Active must be true or false."),
        };
        DateTimeOffset? expires = Text(key, place, "Expires") is null ? null
            : key.GetProperty("Expires").TryGetDateTimeOffset(out DateTimeOffset time) ? time
            : throw new FormatException($"{place}.Expires must be a time such as 2026-12-31T00:00:00Z.");
        return new(id, secret, principal) { IsActive = isActive, SecurityToken = Text(key, place, "SecurityToken"), Expires = expires };
    }

    private static void Check(JsonElement element, string place, params string[] names)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException($"{place} must be an object.");
        }

        foreach (JsonProperty property in element.EnumerateObject().Where(property => !names.Contains(property.Name)))
        {
            throw new FormatException($"{place}.{property.Name}: there is no such name. The names are {string.Join(", ", names)}.");
        }
    }

    private static string? Text(JsonElement element, string place, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null
            ? Text(value, $"{place}.{name}")
            : null;

    private static string Text(JsonElement value, string place) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw new FormatException($"{place} must be a text.");

    private static JsonElement.ObjectEnumerator Members(JsonElement element, string place, string name) =>
        !element.TryGetProperty(name, out JsonElement value) ? default
        : value.ValueKind == JsonValueKind.Object ? value.EnumerateObject()
        : throw new FormatException($"{place}.{name} must be an object.");

    private static JsonElement.ArrayEnumerator Elements(JsonElement element, string place, string name) =>
        !element.TryGetProperty(name, out JsonElement value) ? default
        : value.ValueKind == JsonValueKind.Array ? value.EnumerateArray()
        : throw new FormatException($"{place}.{name} must be a list.");
}

internal sealed class UsageException(string message) : Exception(message);
