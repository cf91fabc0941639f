using System.Diagnostics;
using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace Imm.Core.Tests;

/// <summary>What the README shows is what a reader gets who types it in.</summary>
public sealed class ReadmeTests : IDisposable
{
    // What a new console project has without saying so.
    private const string ImplicitUsings =
        "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; "
        + "global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("imm-core-readme-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void The_first_program_compiles_and_prints_what_the_readme_says_and_again_when_it_finds_its_store()
    {
        string readme = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "README.md"));
        string program = Block(readme, "csharp", out int end);
        string output = Block(readme[end..], "text", out _);
        string assembly = Compile(program);

        Assert.Equal(output, Run(assembly));
        Assert.Equal(output, Run(assembly));
        Assert.Equal([Path.Combine(_folder.FullName, "store.db")], Directory.GetFiles(_folder.FullName, "store.db*"));
    }

    private static string Block(string markdown, string language, out int end)
    {
        string fence = $"```{language}\n";
        int start = markdown.IndexOf(fence, StringComparison.Ordinal) + fence.Length;
        Assert.True(start >= fence.Length, $"The README has a block of {language}.");
        end = markdown.IndexOf("```", start, StringComparison.Ordinal);
        return markdown[start..end];
    }

    private string Compile(string program)
    {
        string platform = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Readme",
            [CSharpSyntaxTree.ParseText(program), CSharpSyntaxTree.ParseText(ImplicitUsings)],
            platform.Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        string assembly = Path.Combine(_folder.FullName, "Readme.dll");
        Assert.Empty(compilation.Emit(assembly).Diagnostics.Where(diagnostic => diagnostic.Severity >= DiagnosticSeverity.Warning));
        CopyWithReferences(typeof(ImmStore).Assembly.GetName());
        return assembly;
    }

    /// <summary>Puts an assembly, with what it needs beyond the runtime, beside the program.</summary>
    private void CopyWithReferences(AssemblyName assembly)
    {
        string file = $"{assembly.Name}.dll";
        string source = Path.Combine(AppContext.BaseDirectory, file);
        string target = Path.Combine(_folder.FullName, file);
        if (!File.Exists(source) || File.Exists(target))
        {
            return;
        }

        File.Copy(source, target);
        foreach (AssemblyName reference in Assembly.LoadFrom(source).GetReferencedAssemblies())
        {
            CopyWithReferences(reference);
        }
    }

    /// <summary>Runs the program in a process of its own, in the temporary folder.</summary>
    private string Run(string assembly)
    {
        string configuration = Path.Combine(AppContext.BaseDirectory, "Imm.Core.Tests.runtimeconfig.json");
        using Process process = Process.Start(new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", ["exec", "--runtimeconfig", configuration, assembly])
        {
            WorkingDirectory = _folder.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.Result);
        return output;
    }
}
