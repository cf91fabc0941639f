using Xunit;

namespace Imm.Core.Tests.Conventions;

/// <summary>
/// The rooms of the library and their order. A room is a folder, whatever the namespaces in it. A file uses its own room and those below.
/// </summary>
public sealed class RoomTests
{
    private const string FrontDoor = "the front door";

    private const string Converts = "a type names the converter of its JSON, which serializers look for";

    /// <summary>
    /// The rooms from the ground to the roof, by the names of their folders. The front door is the root of the library.
    /// </summary>
    private static readonly string[] Rooms =
    [
        "Collections", "Model", "Access", "Json", "Storage", "Commit", "Shared", "Telemetry", FrontDoor, "Wire", "Hosting", "Testing",
    ];

    /// <summary>Pairs of files that have to use each other, each with its reason.</summary>
    private static readonly Dictionary<(string, string), string> Circles = new()
    {
        [("Model/ImmException.cs", "Model/ImmRefusal.cs")] =
            "a refusal is thrown as the exception, whose properties are those of the refusal",
        [("Model/Project.cs", "Model/ProjectSettings.cs")] =
            "a project is packed as bytes beside its settings, which make it again",
        [("Model/Project.cs", "Json/ImmJsonConverter.cs")] = Converts,
        [("Model/Dataset.cs", "Json/ImmJsonConverter.cs")] = Converts,
        [("Model/ProjectPage.cs", "Json/ImmJsonConverter.cs")] = Converts,
        [("Model/DatasetPage.cs", "Json/ImmJsonConverter.cs")] = Converts,
        [("Model/Tag.cs", "Json/ImmJsonConverter.cs")] = Converts,
        [("Model/ProjectName.cs", "Json/ImmJsonConverter.cs")] = Converts,
    };

    [Fact]
    public void Every_folder_is_a_room() =>
        Findings.AreNone("Files outside the rooms", LibrarySources.Files.Where(file => LevelOf(file) < 0));

    [Fact]
    public void No_file_uses_a_symbol_of_a_room_above_its_own() => Findings.AreNone(
        "Uses of a room above", LibrarySources.Uses.Where(GoesUp));

    [Theory]
    [InlineData("Model/Planted.cs", "namespace Imm.Core.Model; class Planted { object Made = ImmStore.InMemory(); }", "ImmStore.InMemory")]
    [InlineData("Model/Planted.cs", "class Planted { string Of() => typeof(Imm.Core.Json.WireTime).Name; }", "WireTime")]
    [InlineData("Storage/Planted.cs", "using Imm.Core.Telemetry; class Planted { StoreTelemetry? Field; }", "StoreTelemetry")]
    [InlineData("Collections/Planted.cs", "class Planted { int Of(Imm.Core.Model.TagSet tags) => tags.Count; }", "TagSet.Count")]
    [InlineData("Planted.cs", "namespace Imm.Core; class Planted { ImmApi Made(ImmStore store) => new(store); }", "ImmApi.ImmApi")]
    [InlineData("Commit/Planted.cs", "class Planted { string Name = nameof(Imm.Core.ImmStoreOptions.Path); }", "ImmStoreOptions.Path")]
    [InlineData("Hosting/Planted.cs", "class Planted { void End(Imm.Core.Testing.ImmFixture it) => it.Dispose(); }", "ImmFixture.Dispose")]
    public void A_use_of_a_room_above_is_found(string file, string text, string symbol) =>
        Assert.Contains(symbol, LibrarySources.UsesIfAdded(file, text).Where(GoesUp).Select(use => use.Symbol));

    [Theory]
    [InlineData("Testing/Planted.cs", "using Imm.Core; class Planted { object Made = ImmStore.InMemory(); }")]
    [InlineData("Wire/Planted.cs", "class Planted { Imm.Core.Storage.FileStore? Field; }")]
    [InlineData("Model/Planted.cs", "/// <summary>See <see cref=\"Imm.Core.ImmStore\"/>.</summary>\nclass Planted { }")]
    public void A_use_of_a_room_below_and_a_name_in_documentation_are_allowed(string file, string text) =>
        Assert.DoesNotContain(LibrarySources.UsesIfAdded(file, text), GoesUp);

    [Fact]
    public void Files_do_not_use_each_other_in_a_circle_but_for_stated_pairs()
    {
        HashSet<(string User, string Used)> all = [.. LibrarySources.Uses.Where(use => use.Declarer is not null).Select(Files)];
        Findings.AreNone(
            "Pairs that are no circle any more",
            Circles.Keys.Where(pair => !all.Contains(pair) || !all.Contains((pair.Item2, pair.Item1))));

        SymbolUse[] left =
        [
            .. LibrarySources.Uses.Where(use => use.Declarer is not null && Files(use) is var (user, used)
                && user != used && !Circles.ContainsKey((user, used)) && !Circles.ContainsKey((used, user))),
        ];

        // A file that uses no other one, or is used by none, is in no circle. Without it the same is true of the next.
        int before;
        do
        {
            before = left.Length;
            HashSet<string> users = [.. left.Select(use => Files(use).User)];
            HashSet<string> used = [.. left.Select(use => Files(use).Used)];
            left = [.. left.Where(use => users.Contains(Files(use).Used) && used.Contains(Files(use).User))];
        }
        while (left.Length < before);

        Findings.AreNone("Uses that make a circle", left);
    }

    [Fact]
    public void Only_storage_uses_LiteDB()
    {
        SymbolUse[] uses = [.. LibrarySources.Uses.Where(use => use.Assembly == "LiteDB")];

        Assert.Contains(uses, use => use.User.StartsWith("Storage/", StringComparison.Ordinal));
        Findings.AreNone("Uses of LiteDB", uses.Where(use => !use.User.StartsWith("Storage/", StringComparison.Ordinal)));
    }

    [Fact]
    public void Storage_declares_no_public_type() => Findings.AreNone(
        "Public types in storage", LibrarySources.PublicTypes.Where(type => type.File.StartsWith("Storage/", StringComparison.Ordinal)));

    [Fact]
    public void The_collections_and_the_model_use_the_base_class_library_and_nothing_else() => Findings.AreNone(
        "Uses of other assemblies",
        LibrarySources.Uses.Where(use => use.Declarer is null && LevelOf(use.User) <= 1 && !IsBaseClassLibrary(use.Assembly)));

    private static bool IsBaseClassLibrary(string assembly) =>
        assembly is "netstandard" or "mscorlib" or "" || assembly.StartsWith("System.", StringComparison.Ordinal);

    /// <summary>
    /// True for a use of a room above. A type of the model may name the converter of its JSON, which serializers look for.
    /// </summary>
    private static bool GoesUp(SymbolUse use) => use.Declarer is { } declarer && LevelOf(declarer) > LevelOf(use.User)
        && (declarer, use.User.Split('/')[0]) is not ("Json/ImmJsonConverter.cs", "Model");

    private static int LevelOf(string file) =>
        Array.IndexOf(Rooms, file.Contains('/', StringComparison.Ordinal) ? file.Split('/')[0] : FrontDoor);

    private static (string User, string Used) Files(SymbolUse use) => (PartOf(use.User), PartOf(use.Declarer!));

    /// <summary>The file of a type that is written in several: <c>A.cs</c> for <c>A.Part.cs</c>.</summary>
    private static string PartOf(string file) =>
        $"{file[..file.IndexOf('.', file.LastIndexOf('/') + 1)]}.cs";
}
