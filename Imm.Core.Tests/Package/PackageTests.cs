using System.Reflection;
using System.Reflection.Metadata;
using System.Xml.Linq;
using Imm.Core.Tests.Conventions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace Imm.Core.Tests.Package;

/// <summary>The content of the package.</summary>
[Collection(nameof(PackedLibrary))]
public sealed class PackageTests(PackedLibrary package)
{
    private static readonly Guid EmbeddedSource = new("0E8A571B-6926-466E-B4AD-8AB04611F5FE");

    [Fact]
    public void The_package_carries_its_licence_changes_icon_readme_and_documents()
    {
        string[] documents =
        [
            .. Directory.GetFiles(Repository.File("Imm.Core", "docs"), "*.md").Select(Path.GetFileName).Where(name => name != "package.md")
                .Select(name => $"docs/{name}"),
        ];

        Assert.True(documents.Length > 5);
        Assert.Empty(documents.Except(package.Entries.Keys));
        Assert.All(
            [
                (Entry: "LICENSE", Source: "LICENSE"),
                (Entry: "CHANGELOG.md", Source: "CHANGELOG.md"),
                (Entry: "README.md", Source: "Imm.Core/docs/package.md"),
                (Entry: "icon.png", Source: "Imm.Core/icon.png"),
            ],
            file => Assert.Equal(File.ReadAllBytes(Repository.File(file.Source)), package.Entries[file.Entry]));
    }

    [Theory]
    [InlineData("license", "MIT")]
    [InlineData("icon", "icon.png")]
    [InlineData("readme", "README.md")]
    public void The_metadata_of_the_package_names_its_parts(string name, string value) => Assert.Equal(value, Metadata(name));

    [Theory]
    [InlineData("description")]
    [InlineData("tags")]
    [InlineData("releaseNotes")]
    public void The_metadata_of_the_package_says_what_it_is(string name) => Assert.NotEmpty(Metadata(name));

    [Fact]
    public void Every_assembly_that_the_library_uses_is_of_the_framework_or_a_declared_dependency()
    {
        string[] declared =
        [
            .. package.Manifest.Descendants().Where(element => element.Name.LocalName == "dependency")
                .Select(element => element.Attribute("id")!.Value),
        ];
        string[] used =
        [
            .. typeof(ImmStore).Assembly.GetReferencedAssemblies().Select(assembly => assembly.Name!)
                .Where(name => File.Exists(Path.Combine(AppContext.BaseDirectory, $"{name}.dll"))),
        ];

        Assert.Contains("Microsoft.Extensions.DependencyInjection.Abstractions", used);
        Assert.Equal(used.Order(StringComparer.Ordinal), declared.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_documentation_in_the_package_has_the_members_that_a_user_can_name_and_no_others()
    {
        XDocument shipped = Read("lib/net10.0/Imm.Core.xml");
        HashSet<string> visible = Visible();

        string[] names = [.. shipped.Descendants("member").Select(member => member.Attribute("name")!.Value)];
        Assert.True(names.Length > 300);
        Assert.Empty(names.Except(visible));
    }

    [Fact]
    public void The_symbols_carry_every_source_file()
    {
        using var symbols = new MemoryStream(package.SymbolEntries["lib/net10.0/Imm.Core.pdb"]);
        using var provider = MetadataReaderProvider.FromPortablePdbStream(symbols);
        MetadataReader reader = provider.GetMetadataReader();
        HashSet<EntityHandle> embedded =
        [
            .. reader.CustomDebugInformation.Select(reader.GetCustomDebugInformation)
                .Where(information => reader.GetGuid(information.Kind) == EmbeddedSource)
                .Select(information => information.Parent),
        ];

        Assert.True(reader.Documents.Count > 50);
        Assert.Empty(
            from document in reader.Documents
            where !embedded.Contains(document)
            select reader.GetString(reader.GetDocument(document).Name));
    }

    [Fact]
    public void The_library_is_marked_as_trimmable_and_ready_for_native_compilation()
    {
        Dictionary<string, string?> metadata = typeof(ImmStore).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .ToDictionary(attribute => attribute.Key, attribute => attribute.Value);

        Assert.Equal("True", metadata["IsTrimmable"]);
        Assert.Equal("True", metadata["IsAotCompatible"]);
    }

    private string Metadata(string name) => package.Manifest.Elements().Single(element => element.Name.LocalName == name).Value;

    private XDocument Read(string entry) => XDocument.Load(new MemoryStream(package.Entries[entry]));

    /// <summary>The names, as documentation has them, of all that code outside the library can name.</summary>
    private static HashSet<string> Visible()
    {
        var library = MetadataReference.CreateFromFile(typeof(ImmStore).Assembly.Location);
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Names",
            references: ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
                .Where(path => path != typeof(ImmStore).Assembly.Location)
                .Select(path => (MetadataReference)MetadataReference.CreateFromFile(path))
                .Append(library));
        var names = new HashSet<string>();
        Add(((IAssemblySymbol)compilation.GetAssemblyOrModuleSymbol(library)!).GlobalNamespace);
        return names;

        void Add(INamespaceOrTypeSymbol container)
        {
            foreach (ISymbol member in container.GetMembers())
            {
                if (member is INamespaceSymbol inner)
                {
                    Add(inner);
                }
                else if (member.DeclaredAccessibility is Accessibility.Public or Accessibility.Protected)
                {
                    names.Add(member.GetDocumentationCommentId()!);
                    if (member is INamedTypeSymbol type)
                    {
                        Add(type);
                    }
                }
            }
        }
    }
}
