using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Imm.Core.Testing;
using Xunit;

namespace Imm.Core.Tests.Conventions;

/// <summary>What holds for the whole library, and the few exceptions, each with its reason.</summary>
public sealed partial class ConventionTests
{
    private const BindingFlags Declared = BindingFlags.DeclaredOnly | BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    private static readonly Assembly Library = typeof(ImmStore).Assembly;

    private static readonly Type[] PublicTypes = Library.GetExportedTypes();

    /// <summary>Public types that can change.</summary>
    private static readonly Dictionary<Type, string> Mutable = new()
    {
        [typeof(CreateProjectRequest)] = "a request is filled in by its caller",
        [typeof(UpdateProjectRequest)] = "a request is filled in by its caller",
        [typeof(ListProjectsRequest)] = "a request is filled in by its caller",
        [typeof(CreateDatasetRequest)] = "a request is filled in by its caller",
        [typeof(UpdateDatasetRequest)] = "a request is filled in by its caller",
        [typeof(ListDatasetsRequest)] = "a request is filled in by its caller",
        [typeof(ImmStoreOptions)] = "options are filled in by their owner, and read once",
        [typeof(ImmApiOptions)] = "options are filled in by their owner, and read once",
        [typeof(ImmStore)] = "the store is what changes",
        [typeof(ProjectRegistry)] = "a registry remembers where it found the state of its account and region",
        [typeof(ImmFixtureOptions)] = "options are filled in by their owner, and read once",
        [typeof(ImmFixtureClock)] = "a clock moves",
        [typeof(ImmCall)] = "a call that is under way has no outcome yet",
        [typeof(ImmCalls)] = "the record grows with the calls",
        [typeof(ImmFault)] = "a fault ends",
        [typeof(ImmFaults)] = "faults are added and end",
        [typeof(ImmFaultRule)] = "a rule is put together step by step",
        [typeof(ImmSeed)] = "a seed is put together step by step",
    };

    [Fact]
    public void No_public_signature_names_a_type_of_LiteDB() => Assert.Empty(
        from type in PublicTypes
        from member in type.GetMembers(Declared).Where(IsVisible).Append(type)
        from part in References.Signature(member)
        where part.Assembly.GetName().Name == "LiteDB"
        select $"{type}.{member.Name}: {part}");

    [Fact]
    public void Only_the_storage_room_names_LiteDB()
    {
        (string Where, Type Type)[] references = [.. Library.GetTypes().SelectMany(References.Of).Where(reference => reference.Type.Assembly.GetName().Name == "LiteDB")];

        Assert.Contains(references, reference => reference.Where.StartsWith("Imm.Core.Storage.", StringComparison.Ordinal));
        Assert.Empty(references.Where(reference => !reference.Where.StartsWith("Imm.Core.Storage.", StringComparison.Ordinal)).Select(reference => $"{reference.Where}: {reference.Type}"));
    }

    [Fact]
    public void The_compiled_model_knows_nothing_but_the_base_class_library_and_the_public_types()
    {
        HashSet<Type> model = [.. Library.GetTypes().Where(type => type.Namespace == "Imm.Core.Model"), .. ModelFiles().Select(file => Library.GetType($"Imm.Core.{file.Name}")).OfType<Type>()];
        Assert.Contains(typeof(Project), model);

        Assert.Empty(
            from type in model
            from reference in References.Of(type)
            let used = reference.Type
            where !IsBaseClassLibrary(used.Assembly)
                && !(used.Assembly == Library && (used.Namespace is "Imm.Core.Model" or "Imm.Core" || used.Namespace is null || IsGenerated(used)))
            select $"{reference.Where}: {used}");
    }

    [Fact]
    public void The_source_of_the_model_uses_only_the_base_class_library_and_itself()
    {
        (string Name, string Text)[] files = ModelFiles();
        Assert.True(files.Length > 10);

        Assert.Empty(
            from file in files
            from Match match in Usings().Matches(file.Text)
            let name = match.Groups[1].Value
            where name != "Imm.Core.Model" && name != "System" && !name.StartsWith("System.", StringComparison.Ordinal)
            select $"{file.Name}: {name}");
        Assert.Empty(
            from file in files
            from Match match in Strangers().Matches(file.Text)
            select $"{file.Name}: {match.Value}");
    }

    [Fact]
    public void Every_public_type_is_immutable_or_exempt_for_a_reason()
    {
        HashSet<Type> changing = [.. PublicTypes.Where(IsMutable)];

        Assert.Equal(Mutable.Keys.Select(type => type.Name).Order(), changing.Select(type => type.Name).Order());
    }

    [Fact]
    public void Every_public_class_is_sealed() => Assert.Empty(
        PublicTypes.Where(type => type is { IsClass: true, IsSealed: false, IsAbstract: false }).Select(type => type.Name));

    [Fact]
    public void Every_public_type_and_member_says_what_it_is_and_each_exception_when()
    {
        Dictionary<string, XElement> documentation = XDocument.Load(Path.ChangeExtension(Library.Location, ".xml"))
            .Descendants("member")
            .ToDictionary(member => member.Attribute("name")!.Value);
        var members = new List<string>();
        foreach (Type type in PublicTypes)
        {
            members.Add($"T:{type.FullName}");
            members.AddRange(type.GetMembers(Declared).Where(IsVisible).Where(IsWritten).Select(member => DocumentationName(type, member)).Distinct());
        }

        Assert.True(members.Count > 150);
        foreach (string name in members)
        {
            XElement[] found = [.. documentation.Where(member => member.Key == name || member.Key.StartsWith(name + "(", StringComparison.Ordinal)).Select(member => member.Value)];
            Assert.True(found.Length > 0, $"{name} is not documented.");
            Assert.All(found, member => Assert.True(
                member.Element("inheritdoc") is not null || !string.IsNullOrWhiteSpace(member.Element("summary")?.Value), $"{member.Attribute("name")!.Value} has no summary."));
        }

        Assert.Empty(
            from member in documentation
            from part in member.Value.Elements().Where(element => element.Name.LocalName is "param" or "exception" or "returns" or "value")
            where !part.Nodes().Any()
            select $"{member.Key}: {part}");
    }

    [Fact]
    public void The_record_of_the_public_surface_holds_nothing_twice()
    {
        string[] shipped = Lines("PublicAPI.Shipped.txt");
        string[] unshipped = Lines("PublicAPI.Unshipped.txt");

        Assert.Empty(shipped.Concat(unshipped).GroupBy(line => line).Where(group => group.Count() > 1).Select(group => group.Key));
        Assert.True(shipped.Length + unshipped.Length > 100);

        static string[] Lines(string file) => [.. File.ReadAllLines(Repository.File("Imm.Core", file)).Where(line => line.Length > 0 && !line.StartsWith('#'))];
    }

    [Fact]
    public void Namespaces_follow_the_rooms()
    {
        // The public namespace stays flat, so a public type may stand in any room; the others stand in the namespace of theirs.
        string[] rooms = [.. Directory.GetDirectories(Repository.File("Imm.Core")).Select(path => Path.GetFileName(path)).Where(name => name is not ("bin" or "obj"))];

        Assert.Empty(
            from room in rooms
            from file in Directory.GetFiles(Repository.File("Imm.Core", room), "*.cs")
            let text = File.ReadAllText(file)
            let name = Namespace().Match(text).Groups[1].Value
            where name != "Imm.Core" && name != $"Imm.Core.{room}"
            select $"{room}/{Path.GetFileName(file)}: {name}");
    }

    private static (string Name, string Text)[] ModelFiles() =>
        [.. Directory.GetFiles(Repository.File("Imm.Core", "Model"), "*.cs", SearchOption.AllDirectories).Select(path => (Path.GetFileNameWithoutExtension(path), File.ReadAllText(path)))];

    private static bool IsBaseClassLibrary(Assembly assembly) =>
        assembly.GetName().Name is { } name && (name == "netstandard" || name == "System" || name.StartsWith("System.", StringComparison.Ordinal));

    private static bool IsGenerated(Type type) => type.IsDefined(typeof(CompilerGeneratedAttribute)) || (type.DeclaringType is { } outer && IsGenerated(outer));

    private static bool IsMutable(Type type) => !type.IsInterface && !type.IsEnum && !(type.IsAbstract && type.IsSealed)
        && (type.GetFields(Declared).Any(field => !field.IsStatic && !field.IsInitOnly && !field.IsLiteral)
            || type.GetProperties(Declared).Any(property => property.SetMethod is { IsPublic: true } setter && !IsInit(setter)));

    private static bool IsInit(MethodInfo setter) => setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));

    private static bool IsVisible(MemberInfo member) => member switch
    {
        MethodBase method => method.IsPublic,
        FieldInfo field => field.IsPublic && !field.IsSpecialName,
        PropertyInfo property => property.GetMethod?.IsPublic == true || property.SetMethod?.IsPublic == true,
        EventInfo @event => @event.AddMethod?.IsPublic == true,
        Type type => type.IsNestedPublic,
        _ => false,
    };

    /// <summary>Whether somebody wrote the member: not an accessor, and not what the compiler adds to records, enumerations and types without a constructor.</summary>
    private static bool IsWritten(MemberInfo member) =>
        !member.IsDefined(typeof(CompilerGeneratedAttribute))
        && member is not Type
        && member is not MethodInfo { IsSpecialName: true, Name: not ['o', 'p', '_', ..] }
        && !(member is ConstructorInfo constructor && constructor.GetParameters().Length == 0);

    private static string DocumentationName(Type type, MemberInfo member)
    {
        char kind = member switch
        {
            MethodBase => 'M',
            PropertyInfo => 'P',
            FieldInfo => 'F',
            _ => 'E',
        };
        string name = member is ConstructorInfo ? "#ctor" : member.Name;
        return $"{kind}:{type.FullName!.Replace('+', '.')}.{name}";
    }

    [GeneratedRegex(@"^(?:global )?using (?:static )?(?:\w+ = )?([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Usings();

    [GeneratedRegex(@"\b(?:LiteDB|CommunityToolkit|Microsoft\.Extensions|Imm\.Core\.(?!Model\b)\w+|Core\.Storage|Storage\.\w+)", RegexOptions.None)]
    private static partial Regex Strangers();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();
}
