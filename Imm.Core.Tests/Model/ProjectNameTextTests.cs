using Imm.Core.Tests.Documents;
using Xunit;

namespace Imm.Core.Tests.Model;

/// <summary>Tests of a project name where a program has a text: each obvious line compiles and is right, or does not compile.</summary>
public sealed class ProjectNameTextTests : IDisposable
{
    private readonly ImmStore _store = ImmStore.InMemory();
    private readonly ProjectRegistry _registry;
    private readonly Project _project;

    public ProjectNameTextTests()
    {
        _registry = _store.Registry();
        _project = _registry.Create(new() { ProjectName = "photos" });
    }

    public void Dispose() => _store.Dispose();

    [Fact]
    public void A_name_is_passed_and_assigned_as_a_text()
    {
        string text = _project.ProjectName;
        ProjectName? none = null;
        string? noText = none;

        Assert.Equal("photos", text);
        Assert.Null(noText);
        Assert.Equal(_project, _registry.Get(_project.ProjectName));
        Assert.True(_registry.TryGet(_project.ProjectName, out _));
        Assert.False(_registry.TryGet(none, out _));
        Assert.Equal("photos/2", _project.ProjectName + "/2");
        Assert.Equal("photos/2", $"{_project.ProjectName}/2");
        Assert.Equal("photos/2", string.Join('/', (string)_project.ProjectName, "2"));
        Assert.Equal("photos", new CreateProjectRequest { ProjectName = _project.ProjectName }.ProjectName);
    }

    [Fact]
    public void A_name_is_compared_with_a_text_by_every_character()
    {
        ProjectName? none = null;

        Assert.True(_project.ProjectName == "photos");
        Assert.True("photos" == _project.ProjectName);
        Assert.False(_project.ProjectName == "Photos");
        Assert.True(_project.ProjectName != "phot\u00ados");
        Assert.False("photos" != _project.ProjectName);
        Assert.True(_project.ProjectName.Equals("photos"));
        bool fromText = "photos".Equals(_project.ProjectName, StringComparison.Ordinal);
        Assert.True(fromText);
        Assert.False(_project.ProjectName.Equals("Photos"));
        Assert.False(_project.ProjectName == null);
        Assert.True(none == null);
        Assert.False(none == "photos");
        Assert.False(_project.ProjectName.Equals(null));
        Assert.False(_project.ProjectName.Equals((string?)null));
        Assert.True(_project.ProjectName == ProjectName.Parse("photos"));
        Assert.Equal("photos", _project.ProjectName);
    }

    [Fact]
    public void As_an_object_a_name_is_equal_to_names_only_from_either_side()
    {
        object name = _project.ProjectName;

        Assert.False(name.Equals("photos"));
        Assert.False("photos".Equals(name));
        Assert.True(name.Equals(ProjectName.Parse("photos")));
    }

    [Fact]
    public void A_name_finds_its_entry_in_collections_of_texts_and_of_names()
    {
        var byText = new Dictionary<string, int> { ["photos"] = 1 };
        var byName = new Dictionary<ProjectName, int> { [ProjectName.Parse("photos")] = 2 };
        string[] texts = ["photos"];

        Assert.Equal(1, byText[_project.ProjectName]);
        Assert.True(byText.ContainsKey(_project.ProjectName));
        Assert.Equal(2, byName[_project.ProjectName]);
        Assert.Contains<string>(_project.ProjectName, texts);
        Assert.Equal(1, Array.IndexOf(["music", "photos"], (string)_project.ProjectName));
        Assert.Equal("photos".GetHashCode(StringComparison.Ordinal), _project.ProjectName.GetHashCode());
        Assert.Equal(["music", "photos"], texts.Append("music").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("ProjectName name = \"photos\";", "CS0029")]
    [InlineData("_ = registry.Get(\"photos\").ProjectName is \"photos\";", "CS0029")]
    [InlineData("_ = registry.Get(\"photos\").ProjectName < \"q\";", "CS0019")]
    [InlineData("_ = new Dictionary<ProjectName, int>().ContainsKey(\"photos\");", "CS1503")]
    [InlineData("_ = registry.Get(\"photos\").ProjectName.CompareTo(\"q\");", "CS1503")]
    public void A_text_is_no_name_until_it_is_parsed(string line, string error)
    {
        using var program = new DocumentProgram(new Block("", 1, "csharp", line));

        Assert.Contains(error, Assert.Single(program.Problems()), StringComparison.Ordinal);
    }
}
