using System.Xml.Linq;
using Xunit;

namespace Imm.Core.Tests.Documents;

/// <summary>The examples in the documentation of the main types compile as they stand.</summary>
public sealed class ExampleTests
{
    private static readonly Dictionary<string, string> Examples = XDocument
        .Load(Path.ChangeExtension(typeof(ImmStore).Assembly.Location, ".xml"))
        .Descendants("member")
        .SelectMany(member => member.Elements("example"), (member, example) => (member, example))
        .Select(pair => (Name: pair.member.Attribute("name")!.Value, Code: pair.example.Element("code")!.Value))
        .ToDictionary(example => example.Name, example => example.Code);

    public static TheoryData<string> Names => [.. Examples.Keys];

    [Theory]
    [InlineData(typeof(ImmStore))]
    [InlineData(typeof(ImmStoreOptions))]
    [InlineData(typeof(ProjectRegistry))]
    [InlineData(typeof(CreateProjectRequest))]
    [InlineData(typeof(ImmException))]
    [InlineData(typeof(ImmRefusal))]
    [InlineData(typeof(ImmApi))]
    [InlineData(typeof(ImmHttpMessageHandler))]
    [InlineData(typeof(ImmJson))]
    [InlineData(typeof(ImmServiceCollectionExtensions))]
    [InlineData(typeof(RamPolicy))]
    [InlineData(typeof(Core.Testing.ImmFixture))]
    public void A_main_type_has_an_example(Type type) => Assert.Contains($"T:{type.FullName}", Examples.Keys);

    [Theory]
    [MemberData(nameof(Names))]
    public void An_example_compiles_without_a_warning(string name)
    {
        using var program = new DocumentProgram(new Block(name, 1, "csharp", Examples[name]));

        Assert.Empty(program.Problems());
    }
}
