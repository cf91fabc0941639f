using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Imm.Core.Tests.Access;
using Imm.Core.Tests.Shared;
using Imm.Core.Tests.Storage;
using Xunit;

namespace Imm.Core.Tests.Operations;

/// <summary>The loopback host, run as a process: requests, signatures, policies, and its end by a signal.</summary>
public sealed class ServeProgramTests(Samples samples) : IClassFixture<Samples>, IDisposable
{
    private const string Access = """
        {
          "Mode": "Strict",
          "AccountId": "1234567890",
          "Policies": {
            "no-delete": { "Version": "1", "Statement": [ { "Effect": "Deny", "Action": "imm:Delete*", "Resource": "*" } ] }
          },
          "Users": {
            "alice": { "Policies": [ "AliyunIMMFullAccess", "no-delete" ], "Keys": [ { "Id": "id", "Secret": "secret" } ] }
          },
          "Roles": {
            "reader": {
              "Policies": [ "AliyunIMMReadOnlyAccess" ],
              "Keys": [ { "Id": "STS.reader", "Secret": "of reader", "SecurityToken": "token" } ]
            }
          }
        }
        """;

    private readonly TempDirectory _directory = new();
    private readonly List<Process> _processes = [];

    public void Dispose()
    {
        foreach (Process process in _processes)
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }

            process.Dispose();
        }

        _directory.Dispose();
    }

    [FactOnLinux]
    public async Task A_store_is_served_until_a_signal_closes_it()
    {
        string path = _directory.File("imm.db");
        Process process = Start("--store", path, "--port", "0", "--account", "a1", "--region", "r1");
        string address = (await process.StandardOutput.ReadLineAsync())!;
        using var client = new HttpClient();

        string created = await client.GetStringAsync($"{address}?Action=CreateProject&ProjectName=photos");
        using HttpResponseMessage again = await client.GetAsync($"{address}?Action=CreateProject&ProjectName=photos");
        Assert.Equal("photos", ImmJson.ReadProject(created).ProjectName.Value);
        Assert.Equal(HttpStatusCode.BadRequest, again.StatusCode);

        // No interrupt: a shell without job control has what it starts in the background ignore it.
        Unix.Run("kill", "-TERM", $"{process.Id}");
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        Assert.Equal(["imm.db"], _directory.Names);
        using ImmStore store = ImmStore.OpenReadOnly(path);
        Assert.True(store.Registry("a1", "r1").TryGet("photos", out _));
    }

    [FactIfPostgres]
    public async Task Two_hosts_serve_one_database()
    {
        string[] arguments =
        [
            "--database", PostgresServer.Shared.ConnectionString, "--schema", PostgresServer.NewSchema(), "--port", "0",
            "--account", "a1", "--region", "r1",
        ];
        Process[] hosts = [Start(arguments), Start(arguments)];
        string[] addresses = await Task.WhenAll(hosts.Select(async host => (await host.StandardOutput.ReadLineAsync())!));
        using var client = new HttpClient();

        string created = await client.GetStringAsync($"{addresses[0]}?Action=CreateProject&ProjectName=photos");
        string read = await client.GetStringAsync($"{addresses[1]}?Action=GetProject&ProjectName=photos");
        using HttpResponseMessage again = await client.GetAsync($"{addresses[1]}?Action=CreateProject&ProjectName=photos");

        Assert.Equal(ImmJson.ReadProject(created), ImmJson.ReadProject(read));
        Assert.Equal(HttpStatusCode.BadRequest, again.StatusCode);
    }

    [Fact]
    public async Task With_access_every_request_is_verified_and_decided()
    {
        string file = _directory.File("access.json");
        await File.WriteAllTextAsync(file, Access);
        Process process = Start("--memory", "--port", "0", "--access", file);
        var address = new Uri((await process.StandardOutput.ReadLineAsync())!);
        using var client = new HttpClient();
        int nonces = 0;

        Assert.Equal((400, "MissingAccessKeyId"), await Send(new HttpRequestMessage(HttpMethod.Get, $"{address}?Action=ListProjects")));
        Assert.Equal((200, ""), await Send(Sign("id", "secret", "CreateProject")));
        Assert.Equal((400, "SignatureDoesNotMatch"), await Send(Sign("id", "wrong", "CreateProject")));
        Assert.Equal((403, "NoPermission"), await Send(Sign("id", "secret", "DeleteProject")));
        Assert.Equal((200, ""), await Send(Sign("STS.reader", "of reader", "GetProject", "token")));
        Assert.Equal((403, "NoPermission"), await Send(Sign("STS.reader", "of reader", "CreateProject", "token")));
        Assert.Equal((200, ""), await Send(Sign("id", "secret", "GetProject", version3: true)));
        Assert.Equal((400, "SignatureDoesNotMatch"), await Send(Sign("id", "wrong", "GetProject", version3: true)));
        nonces -= 2;
        Assert.Equal((400, "SignatureNonceUsed"), await Send(Sign("id", "secret", "GetProject", version3: true)));

        HttpRequestMessage Sign(string id, string secret, string action, string? token = null, bool version3 = false)
        {
            var signer = new Signer
            {
                AccessKeyId = id,
                Secret = secret,
                Token = token,
                Method = "GET",
                Action = action,
                Time = TimeProvider.System.GetUtcNow(),
                Nonce = $"nonce {++nonces}",
            };
            var request = new HttpRequestMessage(
                HttpMethod.Get, $"{address}?{(version3 ? signer.Query : signer.V2Query())}");
            foreach ((string name, string value) in version3 ? signer.V3Headers(address.Authority) : [])
            {
                Assert.True(request.Headers.TryAddWithoutValidation(name, value));
            }

            return request;
        }

        async Task<(int Status, string Code)> Send(HttpRequestMessage request)
        {
            using (request)
            {
                using HttpResponseMessage answer = await client.SendAsync(request);
                string json = await answer.Content.ReadAsStringAsync();
                using var document = System.Text.Json.JsonDocument.Parse(json);
                return ((int)answer.StatusCode, document.RootElement.TryGetProperty("Code", out var code) ? code.GetString()! : "");
            }
        }
    }

    [Theory]
    [InlineData(2, "--memory, --store and --database")]
    [InlineData(2, "needs '--database'", "--memory", "--schema", "a")]
    [InlineData(2, "no option '--stor'", "--stor", "a")]
    [InlineData(2, "needs a value", "--store")]
    [InlineData(2, "given twice", "--memory", "--memory")]
    [InlineData(2, "Give one of", "--memory", "--store", "a.db")]
    [InlineData(2, "port", "--memory", "--port", "70000")]
    [InlineData(2, "port", "--store", "new.db", "--port", "70000")]
    [InlineData(2, "account", "--store", "new.db", "--account", "a b")]
    [InlineData(2, "region", "--store", "new.db", "--region", "CN")]
    [InlineData(2, "Path: is empty", "--store", "")]
    [InlineData(2, "Schema: is 'A'", "--database", "Host=localhost", "--schema", "A")]
    [InlineData(3, "Mode must be", "--memory", "--access", "mode.json")]
    [InlineData(3, "missing.json", "--memory", "--access", "missing.json")]
    [InlineData(3, "NotAStore", "--store", "mode.json")]
    public async Task Wrong_usage_and_a_wrong_access_file_are_errors_with_a_status(int status, string text, params string[] arguments)
    {
        await File.WriteAllTextAsync(_directory.File("mode.json"), """{ "AccountId": "1", "Mode": "Strickt" }""");
        Process process = Start([.. arguments.Select(argument => argument.EndsWith(".json", StringComparison.Ordinal)
            || argument.EndsWith(".db", StringComparison.Ordinal) ? _directory.File(argument) : argument)]);

        string error = await process.StandardError.ReadToEndAsync();

        await process.WaitForExitAsync();
        Assert.Equal(status, process.ExitCode);
        Assert.StartsWith("serve: ", error, StringComparison.Ordinal);
        Assert.Contains(text, error, StringComparison.Ordinal);
        Assert.Equal(["mode.json"], _directory.Names);
    }

    [Theory]
    [InlineData("""[]""", "$ must be an object.")]
    [InlineData("""{ "AccountId": 1 }""", "$.AccountId must be a text.")]
    [InlineData("""{ "AccountId": "1", "Mode": "1" }""", "Mode must be Off, Soft or Strict.")]
    [InlineData("""{ "AccountId": "1", "AccountId": "2" }""", "AccountId")]
    [InlineData("""{ "AccountId": "1", "Groups": {} }""", "$.Groups: there is no such name. The names are Mode, AccountId, ")]
    [InlineData("""{ "AccountId": "1", "Policies": { "p": {} } }""", "$.Policies.p: $: the element Version is missing")]
    [InlineData("""{ "AccountId": "1", "Users": { "a": { "Policy": [] } } }""", "$.Users.a.Policy: there is no such name.")]
    [InlineData("""{ "AccountId": "1", "Roles": { "r": { "Keys": [ { "Id": "i", "Activ": false } ] } } }""", "$.Roles.r.Keys.Activ: there")]
    [InlineData("""{ "AccountId": "1", "Users": { "a": { "Keys": [ { "Id": "i", "Secret": "s", "Expires": 1 } ] } } }""", "Expires must")]
    public async Task A_mistake_in_the_access_file_is_named_with_its_place(string json, string text)
    {
        string file = _directory.File("access.json");
        await File.WriteAllTextAsync(file, json);
        Process process = Start("--memory", "--port", "0", "--access", file);
        Task<string> error = process.StandardError.ReadToEndAsync();

        Assert.Null(await process.StandardOutput.ReadLineAsync());

        await process.WaitForExitAsync();
        Assert.Equal(3, process.ExitCode);
        Assert.StartsWith($"serve: {file}: ", await error, StringComparison.Ordinal);
        Assert.Contains(text, await error, StringComparison.Ordinal);
    }

    [TheoryOnLinux]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_does_not_end_its_request_does_not_keep_the_store_open(bool isGone)
    {
        string path = _directory.File("imm.db");
        Process process = Start("--store", path, "--port", "0");
        var address = new Uri((await process.StandardOutput.ReadLineAsync())!);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, address.Port);
        await SendAsync(client, address, "Content-Length: 99\r\n\r\nProjectName=cut");
        Unix.Run("kill", "-TERM", $"{process.Id}");
        if (isGone)
        {
            client.Client.LingerState = new LingerOption(true, 0);
            client.Close();
        }
        else
        {
            Unix.Run("kill", "-TERM", $"{process.Id}");
        }

        await process.WaitForExitAsync();

        Assert.Equal((0, ""), (process.ExitCode, await process.StandardError.ReadToEndAsync()));
        Assert.Equal(["imm.db"], _directory.Names);
    }

    private static async Task SendAsync(TcpClient client, Uri address, string rest)
    {
        string head = $"POST /?Action=CreateProject HTTP/1.1\r\nHost: {address.Authority}\r\nExpect: 100-continue\r\n"
            + "Content-Type: application/x-www-form-urlencoded\r\n";
        string[] parts = rest.Split("\r\n\r\n");
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"{head}{parts[0]}\r\n\r\n"));

        // It has the request then, and asks for the body.
        var answer = new byte["HTTP/1.1 100 Continue\r\n\r\n".Length];
        await client.GetStream().ReadExactlyAsync(answer);
        Assert.StartsWith("HTTP/1.1 100", Encoding.ASCII.GetString(answer), StringComparison.Ordinal);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(parts[1]));
    }

    private Process Start(params string[] arguments)
    {
        Process process = samples.Start("serve", arguments);
        _processes.Add(process);
        return process;
    }
}
