using System.Diagnostics;
using System.Net;
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
    [InlineData(3, "Mode must be", "--memory", "--access", "mode.json")]
    [InlineData(3, "missing.json", "--memory", "--access", "missing.json")]
    [InlineData(3, "NotAStore", "--store", "mode.json")]
    public async Task Wrong_usage_and_a_wrong_access_file_are_errors_with_a_status(int status, string text, params string[] arguments)
    {
        await File.WriteAllTextAsync(_directory.File("mode.json"), """{ "AccountId": "1", "Mode": "Strickt" }""");
        Process process = Start([.. arguments.Select(argument => argument.EndsWith(".json", StringComparison.Ordinal)
            ? _directory.File(argument) : argument)]);

        string error = await process.StandardError.ReadToEndAsync();

        await process.WaitForExitAsync();
        Assert.Equal(status, process.ExitCode);
        Assert.StartsWith("serve: ", error, StringComparison.Ordinal);
        Assert.Contains(text, error, StringComparison.Ordinal);
    }

    private Process Start(params string[] arguments)
    {
        Process process = samples.Start("serve", arguments);
        _processes.Add(process);
        return process;
    }
}
