using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Text;
using Imm.Core.Tests.Conventions;
using Xunit;

namespace Imm.Core.Tests.Documents;

/// <summary>
/// The loopback server that the documents show is the one that the vendor's clients are tried against. It answers or refuses each request,
/// and never does both.
/// </summary>
public sealed class LoopbackServerTests
{
    private static readonly Block Shown = Document.Named("rpc.md").Program("HttpListener");

    private static readonly Lazy<MethodInfo> Serve = new(static () =>
    {
        using var program = new DocumentProgram(Shown);
        return program.Load().EntryPoint!.DeclaringType!.GetMethods(BindingFlags.NonPublic | BindingFlags.Static)
            .Single(method => method.Name.Contains("ServeAsync", StringComparison.Ordinal));
    });

    [Fact]
    public void The_documents_show_the_functions_of_the_server_word_for_word()
    {
        string program = Repository.Text("Imm.Core.Tests/Wire/NodeClients/LoopbackHost/Program.cs");
        string functions = Shown.Text[Shown.Text.IndexOf("static async Task ServeAsync", StringComparison.Ordinal)..];

        Assert.InRange(functions.Split('\n').Count(line => line.Trim() is not ("" or "{" or "}")), 10, 20);
        Assert.Contains(functions, program, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST", "", 411)]
    [InlineData("PUT", "", 411)]
    [InlineData("POST", "Transfer-Encoding: gzip\r\n", 501)]
    public void A_request_that_the_listener_refuses_is_not_carried_out(string method, string header, int status)
    {
        using ImmStore store = ImmStore.InMemory();
        string address = Start(store);

        Assert.Equal(status, Send(address, method, "Action=CreateProject&ProjectName=refused", header));

        Assert.Equal(200, Send(address, "GET", "Action=CreateProject&ProjectName=photos", ""));
        Assert.Equal(["photos"], store.Registry("1234", "cn-hangzhou").List().Projects.Select(project => project.ProjectName.Value));
    }

    [Theory]
    [InlineData("POST", "Content-Length: 0\r\n", "")]
    [InlineData("POST", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n")]
    [InlineData("POST", "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 25\r\n", "Description=a+description")]
    [InlineData("GET", "", "")]
    public void A_request_that_the_listener_takes_is_carried_out_once(string method, string header, string body)
    {
        using ImmStore store = ImmStore.InMemory();
        string address = Start(store);

        Assert.Equal(200, Send(address, method, "Action=CreateProject&ProjectName=photos", header, body));

        Assert.Equal(400, Send(address, "GET", "Action=CreateProject&ProjectName=photos", ""));
        Project project = Assert.Single(store.Registry("1234", "cn-hangzhou").List().Projects);
        Assert.Equal(body.StartsWith('D') ? "a description" : "", project.Description);
    }

    /// <summary>Starts a server of the store on a free port, which serves until the process ends.</summary>
    private static string Start(ImmStore store)
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        string address = free.LocalEndpoint.ToString()!;
        free.Stop();
        var handler = new ImmHttpMessageHandler(new ImmApi(store), "1234", "cn-hangzhou");
        var serving = (Task)Serve.Value.Invoke(null, [handler, $"http://{address}/"])!;
        Assert.Null(serving.Exception);
        return address;
    }

    /// <summary>Sends a request over a socket, byte for byte, and returns the status of the answer.</summary>
    private static int Send(string address, string method, string query, string header, string body = "")
    {
        using var client = new TcpClient();
        client.Connect(IPEndPoint.Parse(address));
        using NetworkStream stream = client.GetStream();
        stream.Write(Encoding.ASCII.GetBytes($"{method} /?{query} HTTP/1.1\r\nHost: {address}\r\n{header}Connection: close\r\n\r\n{body}"));
        using var reader = new StreamReader(stream, Encoding.UTF8);
        string line = reader.ReadLine() ?? "";
        Assert.StartsWith("HTTP/1.1 ", line, StringComparison.Ordinal);
        return int.Parse(line.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture);
    }
}
