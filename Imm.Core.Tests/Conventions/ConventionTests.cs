using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Imm.Core.Testing;
using Xunit;

namespace Imm.Core.Tests.Conventions;

/// <summary>Conventions of the whole public surface, and the exceptions, each with its reason.</summary>
public sealed partial class ConventionTests
{
    private const BindingFlags Declared =
        BindingFlags.DeclaredOnly | BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    private static readonly Assembly Library = typeof(ImmStore).Assembly;

    private static readonly Type[] PublicTypes = Library.GetExportedTypes();

    /// <summary>Public types that can change.</summary>
    private static readonly Dictionary<Type, string> Mutable = new()
    {
        [typeof(ImmRequest)] = "a request is filled in by its caller",
        [typeof(ResourceRequest)] = "a request is filled in by its caller",
        [typeof(ProjectRequest)] = "a request is filled in by its caller",
        [typeof(UpdateProjectRequest)] = "a request is filled in by its caller",
        [typeof(UpdateDatasetRequest)] = "a request is filled in by its caller",
        [typeof(PageRequest)] = "a request is filled in by its caller",
        [typeof(ListRequest)] = "a request is filled in by its caller",
        [typeof(AttachOssBucketRequest)] = "a request is filled in by its caller",
        [typeof(ListAttachedOssBucketsRequest)] = "a request is filled in by its caller",
        [typeof(ListBindingsRequest)] = "a request is filled in by its caller",
        [typeof(ListProjectsRequest)] = "a request is filled in by its caller",
        [typeof(DatasetRequest)] = "a request is filled in by its caller",
        [typeof(ListDatasetsRequest)] = "a request is filled in by its caller",
        [typeof(ImmStoreOptions)] = "options are filled in by their owner, and read once",
        [typeof(ImmApiOptions)] = "options are filled in by their owner, and read once",
        [typeof(ImmRamOptions)] = "options are filled in by their owner, and read once",
        [typeof(RamAuthorizer)] = "policies can be replaced while a store is open",
        [typeof(ImmFixtureOptions)] = "options are filled in by their owner, and read once",
        [typeof(ImmFixtureClock)] = "a clock moves",
        [typeof(ImmCall)] = "a call that is under way has no outcome yet",
        [typeof(ImmCalls)] = "the record grows with the calls",
        [typeof(ImmFault)] = "a fault ends",
        [typeof(ImmFaultRule)] = "a rule is put together step by step",
        [typeof(ImmSeed)] = "a seed is put together step by step",
    };

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
    public void Every_public_type_and_member_has_a_summary_and_no_element_of_its_documentation_is_empty()
    {
        Dictionary<string, XElement> documentation = XDocument.Load(Path.ChangeExtension(Library.Location, ".xml"))
            .Descendants("member")
            .ToDictionary(member => member.Attribute("name")!.Value);

        Findings.AreNone(
            "Members without a summary",
            from type in PublicTypes
            from name in type.GetMembers(Declared)
                .Where(IsVisible)
                .Where(IsWritten)
                .Select(member => DocumentationName(type, member))
                .Append($"T:{type.FullName}")
                .Distinct()
            let found = documentation
                .Where(member => member.Key == name || member.Key.StartsWith($"{name}(", StringComparison.Ordinal))
                .Select(member => member.Value)
                .ToArray()
            where found.Length == 0 || !found.All(HasSummary)
            select name);
        Findings.AreNone(
            "Empty elements of documentation",
            from member in documentation
            from part in member.Value.Elements()
            where part.Name.LocalName is "param" or "exception" or "returns" or "value" && !part.Nodes().Any()
            select $"{member.Key}: {part}");

        static bool HasSummary(XElement member) =>
            member.Element("inheritdoc") is not null || !string.IsNullOrWhiteSpace(member.Element("summary")?.Value);
    }

    [Fact]
    public void The_record_of_the_public_surface_has_each_line_once()
    {
        string[] lines = [.. Lines("PublicAPI.Shipped.txt"), .. Lines("PublicAPI.Unshipped.txt")];

        Assert.NotEmpty(lines);
        Findings.AreNone("Repeated lines", lines.GroupBy(line => line).Where(group => group.Count() > 1).Select(group => group.Key));

        static IEnumerable<string> Lines(string file) =>
            File.ReadAllLines(Repository.File("Imm.Core", file)).Where(line => line.Length > 0 && !line.StartsWith('#'));
    }

    /// <summary>
    /// The public namespace is flat, so a public type may stand in any room. The other types stand in the namespace of their room.
    /// </summary>
    [Fact]
    public void Namespaces_follow_the_folders() => Findings.AreNone(
        "Files in another namespace",
        from file in LibrarySources.Files
        let name = Namespace().Match(Repository.Text($"Imm.Core/{file}")).Groups[1].Value
        where name != "Imm.Core" && name != $"Imm.Core.{file.Split('/')[0]}"
        select $"{file}: {name}");

    /// <summary>
    /// A listener to the activity source changes the way of every operation of its process, and other tests use memory. A worker has a
    /// process of its own.
    /// </summary>
    [Fact]
    public void Tests_that_listen_to_the_process_run_alone() => Findings.AreNone(
        "Files that listen to the process beside other tests",
        from file in Repository.CodeFiles
        where file.StartsWith("Imm.Core.Tests/", StringComparison.Ordinal)
            && file is not ("Imm.Core.Tests/Conventions/ConventionTests.cs" or "Imm.Core.Tests/Storage/WithoutPool.cs")
        let text = Repository.Text(file)
        where (text.Contains(nameof(ActivityListener), StringComparison.Ordinal)
                || text.Contains(nameof(GC.GetTotalMemory), StringComparison.Ordinal))
            && !text.Contains("[Collection(nameof(ListensToTheProcess))]", StringComparison.Ordinal)
        select file);

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

    /// <summary>
    /// True if the member is in the sources: not an accessor, and not what the compiler adds to records, enumerations and types without a
    /// constructor.
    /// </summary>
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

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();
}
