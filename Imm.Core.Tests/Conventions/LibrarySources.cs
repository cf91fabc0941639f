using System.Text.Json.Serialization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Imm.Core.Tests.Conventions;

/// <summary>A symbol that a file uses.</summary>
/// <param name="User">The file that uses it, relative to the library's folder, with slashes.</param>
/// <param name="Symbol">The symbol, with its type.</param>
/// <param name="Declarer">The file of the library that declares it; null for a symbol of another assembly.</param>
/// <param name="Assembly">The name of the assembly that declares it.</param>
internal sealed record SymbolUse(string User, string Symbol, string? Declarer, string Assembly)
{
    public override string ToString() => $"{User} -> {Symbol} ({Declarer ?? Assembly})";
}

/// <summary>
/// The sources of the library as the compiler understands them. Names in documentation comments are not uses: a reader may be told about
/// a member of any room.
/// </summary>
internal static class LibrarySources
{
    // What the SDK adds to every project.
    private const string ImplicitUsings =
        "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; "
        + "global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;";

    private const string Library = "Imm.Core";

    private static readonly SymbolDisplayFormat MemberOfType = new(
        memberOptions: SymbolDisplayMemberOptions.IncludeContainingType,
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypes);

    /// <summary>The files of the library, relative to its folder, with slashes.</summary>
    public static IReadOnlyList<string> Files { get; } =
    [
        .. Repository.CodeFiles
            .Where(file => file.StartsWith($"{Library}/", StringComparison.Ordinal)
                && !file.StartsWith($"{Library}/samples/", StringComparison.Ordinal))
            .Select(file => file[(Library.Length + 1)..]),
    ];

    private static readonly Lazy<CSharpCompilation> Compiled = new(Compile);
    private static readonly Lazy<IReadOnlyList<SymbolUse>> AllUses = new(() => [.. Files.SelectMany(file => UsesOf(Compiled.Value, file))]);

    /// <summary>Every use of a symbol in the library, one for each file that uses it.</summary>
    public static IReadOnlyList<SymbolUse> Uses => AllUses.Value;

    /// <summary>The public types, each with the files that declare it.</summary>
    public static IEnumerable<(string Type, string File)> PublicTypes =>
        from file in Files
        let tree = TreeOf(Compiled.Value, file)
        let model = Compiled.Value.GetSemanticModel(tree)
        from node in tree.GetRoot().DescendantNodes()
        where node is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax
        let type = model.GetDeclaredSymbol(node)
        where type.DeclaredAccessibility == Accessibility.Public
        select (type.ToDisplayString(MemberOfType), file);

    /// <summary>The uses in a file, if it were added to the library.</summary>
    public static IReadOnlyList<SymbolUse> UsesIfAdded(string file, string text) =>
        [.. UsesOf(Compiled.Value.AddSyntaxTrees(CSharpSyntaxTree.ParseText(text, path: file)), file)];

    private static CSharpCompilation Compile()
    {
        string platform = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        var compilation = CSharpCompilation.Create(
            Library,
            [
                .. Files.Select(file => CSharpSyntaxTree.ParseText(Repository.Text($"{Library}/{file}"), path: file)),
                CSharpSyntaxTree.ParseText(ImplicitUsings),
            ],
            platform.Split(Path.PathSeparator)
                .Where(path => !Path.GetFileName(path).StartsWith(Library, StringComparison.Ordinal))
                .Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));

        // The use of a name that the compiler does not understand would not be found.
        Findings.AreNone(
            "Errors in the sources of the library",
            compilation.GetDiagnostics()
                .Where(found => found.Severity == DiagnosticSeverity.Error && !IsOfMissingCode(compilation, found)));
        return compilation;
    }

    // Source generators do not run here: partial methods have no implementation, and contexts of JSON lack their members.
    private static bool IsOfMissingCode(CSharpCompilation compilation, Diagnostic error)
    {
        if (error.Id == "CS8795")
        {
            return true;
        }

        SyntaxTree tree = error.Location.SourceTree!;
        SemanticModel model = compilation.GetSemanticModel(tree);
        SyntaxNode node = tree.GetRoot().FindNode(error.Location.SourceSpan);
        INamedTypeSymbol? type = node is TypeDeclarationSyntax declaration
            ? model.GetDeclaredSymbol(declaration)
            : node.Parent is MemberAccessExpressionSyntax access ? model.GetTypeInfo(access.Expression).Type as INamedTypeSymbol : null;
        while (type is not null && type.Name != nameof(JsonSerializerContext))
        {
            type = type.BaseType;
        }

        return type is not null;
    }

    private static IEnumerable<SymbolUse> UsesOf(CSharpCompilation compilation, string file)
    {
        SyntaxTree tree = TreeOf(compilation, file);
        SemanticModel model = compilation.GetSemanticModel(tree);
        return tree.GetRoot().DescendantNodes()
            .Where(node => node is ExpressionSyntax or ConstructorInitializerSyntax)
            .SelectMany(node => new[] { model.GetSymbolInfo(node).Symbol, ConversionOf(model, node) })
            .Select(Declared)
            .OfType<ISymbol>()
            .SelectMany(symbol => UsesOf(file, symbol))
            .Where(use => use.Declarer != file)
            .Distinct();
    }

    private static SyntaxTree TreeOf(CSharpCompilation compilation, string file) =>
        compilation.SyntaxTrees.Single(tree => tree.FilePath == file);

    private static IMethodSymbol? ConversionOf(SemanticModel model, SyntaxNode node) =>
        node is ExpressionSyntax expression ? model.GetConversion(expression).MethodSymbol : null;

    /// <summary>The type or member that was written, not one that is constructed or generated from it.</summary>
    private static ISymbol? Declared(ISymbol? symbol) => symbol switch
    {
        IAliasSymbol alias => Declared(alias.Target),
        IMethodSymbol { ReducedFrom: { } extension } => Declared(extension),
        IMethodSymbol { AssociatedSymbol: { } owner } => Declared(owner),
        INamedTypeSymbol or IMethodSymbol or IPropertySymbol or IFieldSymbol or IEventSymbol =>
            symbol.OriginalDefinition is { IsImplicitlyDeclared: true, ContainingType: { } type }
                ? Declared(type)
                : symbol.OriginalDefinition,
        _ => null,
    };

    private static IEnumerable<SymbolUse> UsesOf(string file, ISymbol symbol)
    {
        string name = symbol.ToDisplayString(MemberOfType);
        string assembly = symbol.ContainingAssembly?.Name ?? "";
        return assembly == Library
            ? symbol.DeclaringSyntaxReferences.Select(reference => new SymbolUse(file, name, reference.SyntaxTree.FilePath, assembly))
            : [new SymbolUse(file, name, null, assembly)];
    }
}
