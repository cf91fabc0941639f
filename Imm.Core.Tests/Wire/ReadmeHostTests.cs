using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.Loader;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace Imm.Core.Tests.Wire;

/// <summary>
/// The host that the README shows is the one that the vendor's clients are tried against, and answers or refuses every request, but not
/// both.
/// </summary>
public sealed class ReadmeHostTests
{
    [Fact]
    public void The_README_shows_the_functions_of_the_loopback_host_word_for_word()
    {
        string functions = Functions();

        Assert.InRange(functions.Split('\n').Count(line => line.Trim() is not ("" or "{" or "}")), 1, 20);
        Assert.Contains($"\n\n{functions}\n```\n", File.ReadAllText(Path.Combine(Root(), "README.md")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST", "", 411)]
    [InlineData("PUT", "", 411)]
    [InlineData("POST", "Transfer-Encoding: gzip\r\n", 501)]
    public void A_request_that_the_listener_refuses_is_not_carried_out(string method, string header, int status)
    {
        using ImmStore store = ImmStore.InMemory();
        string address = Serve(store);

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
        string address = Serve(store);

        Assert.Equal(200, Send(address, method, "Action=CreateProject&ProjectName=photos", header, body));

        Assert.Equal(400, Send(address, "GET", "Action=CreateProject&ProjectName=photos", ""));
        Project project = Assert.Single(store.Registry("1234", "cn-hangzhou").List().Projects);
        Assert.Equal(body.StartsWith('D') ? "a description" : "", project.Description);
    }

    /// <summary>The two functions, as they stand in the program.</summary>
    private static string Functions()
    {
        string program = File.ReadAllText(Path.Combine(Root(), "Imm.Core.Tests", "Wire", "NodeClients", "LoopbackHost", "Program.cs"));
        int start = program.IndexOf("static async Task ServeAsync", StringComparison.Ordinal);
        return program[start..program.IndexOf("\ninternal sealed class", StringComparison.Ordinal)].TrimEnd();
    }

    /// <summary>Has them serve a store on a port of its own until the process ends.</summary>
    private static string Serve(ImmStore store)
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        string address = free.LocalEndpoint.ToString()!;
        free.Stop();
        MethodInfo serve = Host.Value.GetMethod("ServeAsync", BindingFlags.NonPublic | BindingFlags.Static)!;
        var handler = new ImmHttpMessageHandler(new ImmApi(store), "1234", "cn-hangzhou");
        var serving = (Task)serve.Invoke(null, [handler, $"http://{address}/"])!;
        Assert.Null(serving.Exception);
        return address;
    }

    private static Lazy<Type> Host { get; } = new(static () =>
    {
        string source = $$"""
            using System; using System.Net; using System.Net.Http; using System.Threading; using System.Threading.Tasks;
            internal static class Host
            {
                {{Functions()}}
            }
            """;
        string platform = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        CSharpCompilation compilation = CSharpCompilation.Create(
            "LoopbackHostOfReadme",
            [CSharpSyntaxTree.ParseText(source)],
            platform.Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        using var assembly = new MemoryStream();
        Assert.Empty(compilation.Emit(assembly).Diagnostics.Where(diagnostic => diagnostic.Severity >= DiagnosticSeverity.Warning));
        assembly.Position = 0;
        return AssemblyLoadContext.Default.LoadFromStream(assembly).GetType("Host")!;
    });

    /// <summary>Sends a request over a socket, byte for byte, and gives the status of the answer.</summary>
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

    private static string Root()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "Imm.Core.sln")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return directory ?? throw new InvalidOperationException("The tests do not run from within the repository.");
    }
}
