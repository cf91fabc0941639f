using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Imm.Core.Tests.Documents;

/// <summary>A program of a document, compiled as a reader would compile it.</summary>
/// <remarks>
/// A block that begins with usings is a whole program, and gets no more than a new console project has. Any other is a piece of one. It
/// gets the names that the documents use for a store and its parts.
/// </remarks>
internal sealed class DocumentProgram : IDisposable
{
    private const string ConsoleProject =
        "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; "
        + "global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;";

    private const string Given = """
        global using Imm.Core;
        global using Imm.Core.Testing;
        global using Microsoft.Extensions.DependencyInjection;
        global using static Given;

        internal static class Given
        {
            static Given() => registry.Create(new() { ProjectName = "photos" });

            public static IServiceCollection services { get; } = new ServiceCollection();

            public static Microsoft.Extensions.Configuration.IConfiguration configuration { get; } =
                new Microsoft.Extensions.Configuration.ConfigurationBuilder().Build();

            public static ImmStore store { get; } = ImmStore.Open("given.db");

            public static ProjectRegistry registry { get; } = store.Registry("1234567890", "cn-hangzhou");

            public static ImmApi api { get; } = new(store);
        }
        """;

    /// <summary>The assemblies that a project is compiled with: those of the SDK's reference pack, and the packages.</summary>
    private static readonly MetadataReference[] References =
    [
        .. System.IO.Directory.GetFiles(ReferencePack(), "*.dll")
            .Concat(((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
                .Where(path => !path.StartsWith(RuntimeEnvironment.GetRuntimeDirectory(), StringComparison.Ordinal)))
            .Select(path => MetadataReference.CreateFromFile(path)),
    ];

    private readonly CSharpCompilation _compilation;
    private readonly Lazy<string> _assembly;

    public DocumentProgram(Block block)
    {
        SyntaxTree tree = CSharpSyntaxTree.ParseText(block.Text);
        CompilationUnitSyntax root = tree.GetCompilationUnitRoot();
        IsProgram = root.Members.Any(member => member is GlobalStatementSyntax);
        string[] around = root.Usings.Count > 0 ? [ConsoleProject] : [ConsoleProject, Given];
        _compilation = CSharpCompilation.Create(
            "Program",
            [tree, .. around.Select(text => CSharpSyntaxTree.ParseText(text))],
            References,
            new CSharpCompilationOptions(
                IsProgram ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary,
                nullableContextOptions: NullableContextOptions.Enable));
        _assembly = new Lazy<string>(Emit);
    }

    /// <summary>True if the block has statements to run, false if it only declares types.</summary>
    public bool IsProgram { get; }

    /// <summary>The directory in which the program runs.</summary>
    public TempDirectory Directory { get; } = new();

    /// <summary>The directory of the program's assemblies.</summary>
    private TempDirectory Assemblies { get; } = new();

    /// <summary>The warnings and errors of the compiler.</summary>
    public IEnumerable<string> Problems() => _compilation.GetDiagnostics()
        .Where(diagnostic => diagnostic.Severity >= DiagnosticSeverity.Warning)
        .Select(diagnostic => diagnostic.ToString());

    /// <summary>Loads the types of the block into this process.</summary>
    public Assembly Load()
    {
        using var assembly = new MemoryStream();
        Assert.True(_compilation.Emit(assembly).Success);
        return Assembly.Load(assembly.ToArray());
    }

    /// <summary>Runs the program in a process of its own and returns its output.</summary>
    public string Run(params string[] arguments)
    {
        string configuration = Path.Combine(AppContext.BaseDirectory, "Imm.Core.Tests.runtimeconfig.json");
        using Process process = Process.Start(new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            ["exec", "--runtimeconfig", configuration, _assembly.Value, .. arguments])
        {
            WorkingDirectory = Directory.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.Result);
        return output;
    }

    public void Dispose()
    {
        Directory.Dispose();
        Assemblies.Dispose();
    }

    // It stands beside the runtime: (root)/shared/Microsoft.NETCore.App/(version) and (root)/packs/Microsoft.NETCore.App.Ref/(version).
    private static string ReferencePack()
    {
        string root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        string framework = $"net{Environment.Version.Major}.{Environment.Version.Minor}";
        return System.IO.Directory.GetDirectories(Path.Combine(root, "packs", "Microsoft.NETCore.App.Ref"))
            .Select(version => Path.Combine(version, "ref", framework))
            .First(System.IO.Directory.Exists);
    }

    private string Emit()
    {
        string assembly = Assemblies.File("Program.dll");
        Assert.True(_compilation.Emit(assembly).Success);
        foreach (MetadataReference reference in _compilation.GetUsedAssemblyReferences())
        {
            CopyWithReferences(Path.GetFileNameWithoutExtension(reference.Display!));
        }

        return assembly;
    }

    /// <summary>Puts an assembly, with what it needs beyond the runtime, beside the program.</summary>
    private void CopyWithReferences(string name)
    {
        string source = Path.Combine(AppContext.BaseDirectory, $"{name}.dll");
        string target = Assemblies.File($"{name}.dll");
        if (!File.Exists(source) || File.Exists(target))
        {
            return;
        }

        File.Copy(source, target);
        foreach (AssemblyName reference in Assembly.LoadFrom(source).GetReferencedAssemblies())
        {
            CopyWithReferences(reference.Name!);
        }
    }
}
