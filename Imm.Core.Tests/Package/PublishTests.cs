using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Imm.Core.Tests.Package;

/// <summary>A program that takes the library from the package, published with trimming and as native code, works as any other.</summary>
[Collection(nameof(PackedLibrary))]
public sealed class PublishTests(PackedLibrary package) : IDisposable
{
    private const string Program = """
        using System.Text.Json;
        using System.Text.Json.Serialization;
        using Imm.Core;
        using Imm.Core.Testing;
        using Microsoft.Extensions.Configuration;
        using Microsoft.Extensions.DependencyInjection;

        using (ImmStore store = ImmStore.Open("store.db"))
        {
            ProjectRegistry registry = store.Registry();
            registry.Create(new() { ProjectName = "photos", Tag = [new Tag("team", "media")] });
            registry.CreateDataset(new() { ProjectName = "photos", DatasetName = "raw" });
            registry.CreateBinding("photos", "raw", "oss://camera");
            await registry.AddFilesAsync("photos", "raw", 2, 200);
        }

        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection([
            new("Imm:Path", "store.db"), new("Imm:KeptChanges", "100"), new("Imm:BindingRunsAfter", "00:00:05"),
            new("Ram:Mode", "Strict"), new("Ram:Users:alice:0", "AliyunIMMReadOnlyAccess")]).Build();
        using ServiceProvider services = new ServiceCollection()
            .AddImm(configuration.GetSection("Imm"))
            .AddImmRam(configuration.GetSection("Ram"))
            .BuildServiceProvider();
        Project project = services.GetRequiredService<ProjectRegistry>().Get("photos");
        Console.WriteLine($"{project.ProjectName}, {project.Tags[0]}, {project.DatasetCount} dataset, {project.FileCount} files");

        ImmApiResponse answer = await services.GetRequiredService<ImmApi>().InvokeAsync(
            "default", "local", "GetProject", [new("ProjectName", "photos")]);
        Console.WriteLine($"{answer.StatusCode}, read back: {ImmJson.ReadProject(answer.Json) == project}");

        ImmStore reopened = services.GetRequiredService<ImmStore>();
        await reopened.BackupAsync("copy.db");
        Console.WriteLine($"{reopened.Check().Count} problems");

        using ImmStore copy = ImmStore.Open("copy.db");
        Console.WriteLine($"{ImmSnapshot.FromJson(ImmSnapshot.Of(copy).ToJson()).ProjectCount} project");
        try { copy.Registry().Create(new() { ProjectName = "photos" }); }
        catch (ImmException e) { Console.WriteLine(e.Code); }

        using var client = new HttpClient(new ImmHttpMessageHandler(new ImmApi(copy), "default", "local"));
        Console.WriteLine((await client.GetAsync("https://localhost/?Action=DeleteProject&ProjectName=photos")).StatusCode);

        ProjectRegistry alice = reopened.Registry("default", "local", RamPrincipal.User("default", "alice"));
        Console.WriteLine($"{alice.Get("photos").ProjectName} as alice");
        try { alice.Delete("photos"); }
        catch (ImmException e) { Console.WriteLine(e.Code); }

        string json = JsonSerializer.Serialize(project, Json.Default.Project);
        Console.WriteLine($"serialized: {JsonSerializer.Deserialize(json, Json.Default.Project) == project}");

        [JsonSerializable(typeof(Project))]
        internal sealed partial class Json : JsonSerializerContext;
        """;

    private const string Output = """
        photos, team=media, 1 dataset, 2 files
        200, read back: True
        0 problems
        1 project
        ResourceAlreadyExists
        BadRequest
        photos as alice
        NoPermission
        serialized: True

        """;

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_trimmed_program_works() => PublishAndRun("PublishTrimmed");

    [FactIfLinkable]
    public void A_native_program_works() => PublishAndRun("PublishAot");

    /// <summary>Publishes the program, has no warning about the library, and runs it.</summary>
    private void PublishAndRun(string property)
    {
        // Both packages are released together, so they have the same version.
        string container = typeof(ServiceProvider).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion.Split('+')[0];
        Write("Program.cs", Program);
        Write("nuget.config", $"""
            <configuration>
              <packageSources><add key="packed" value="{package.Feed}" /></packageSources>
            </configuration>
            """);
        Write("program.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
                <InvariantGlobalization>true</InvariantGlobalization>
                <SelfContained>true</SelfContained>
                <{property}>true</{property}>
                <TrimmerSingleWarn>false</TrimmerSingleWarn>
                <EnableConfigurationBindingGenerator>true</EnableConfigurationBindingGenerator>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Imm.Core" Version="{package.Version}" />
                <PackageReference Include="Microsoft.Extensions.DependencyInjection" Version="{container}" />
                <PackageReference Include="Microsoft.Extensions.Configuration" Version="{container}" />
              </ItemGroup>
            </Project>
            """);

        string output = PackedLibrary.Dotnet(_directory.Path, "publish", "-r", RuntimeInformation.RuntimeIdentifier, "-o", "published");

        Assert.DoesNotContain(
            output.Split('\n'),
            line => line.Contains("warning SYSLIB", StringComparison.Ordinal)
                || (line.Contains(": Imm.Core.", StringComparison.Ordinal) && line.Contains("warning IL", StringComparison.Ordinal)));
        var start = new ProcessStartInfo(Path.Combine(_directory.Path, "published", "program"))
        {
            WorkingDirectory = _directory.Path,
            RedirectStandardOutput = true,
        };
        Assert.Equal(Output.ReplaceLineEndings(), PackedLibrary.Run(start));
    }

    private void Write(string name, string text) => File.WriteAllText(_directory.File(name), text);
}

/// <summary>A test of native compilation, which needs a linker.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FactIfLinkableAttribute : FactAttribute
{
    public FactIfLinkableAttribute()
    {
        string[] folders = Environment.GetEnvironmentVariable("PATH")?.Split(Path.PathSeparator) ?? [];
        if (!folders.Any(folder => File.Exists(Path.Combine(folder, "clang")) || File.Exists(Path.Combine(folder, "gcc"))))
        {
            Skip = "Native compilation needs clang or gcc to link.";
        }
    }
}
