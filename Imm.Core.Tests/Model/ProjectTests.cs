using System.Reflection;
using Imm.Core.Collections;
using Imm.Core.Model;
using Xunit;

namespace Imm.Core.Tests.Model;

/// <summary>Equality of projects.</summary>
public sealed class ProjectTests
{
    private static readonly ScopeState Empty = ScopeState.Empty(new Scope("account", "region"), new ServiceDefaults(100, 100, 100));

    private static Project Made => Make("a");

    public static TheoryData<string> Fields =>
        [
            .. typeof(Project).GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Select(property => property.Name)
                .Where(name => name != nameof(Project.Revision)),
        ];

    [Theory]
    [MemberData(nameof(Fields))]
    public void Projects_that_differ_in_a_field_are_not_equal(string field)
    {
        Project made = Made, other = Other(made, field);

        Assert.NotEqual(typeof(Project).GetProperty(field)!.GetValue(made), typeof(Project).GetProperty(field)!.GetValue(other));
        Assert.NotEqual(made, other);
        Assert.False(made == other);
        Assert.False(made.Equals(null));
    }

    [Fact]
    public void Projects_with_equal_fields_are_equal_whatever_their_numbers_and_revisions()
    {
        ScopeState later = Empty.With(null, Make("before") with { Number = 7 }, null, 7);
        Project one = Create(Empty, "a"), two = Create(later, "a");

        Assert.NotEqual(one.Number, two.Number);
        two = two with { Revision = one.Revision + 1 };
        Assert.Equal(one, two);
        Assert.Equal(one.GetHashCode(), two.GetHashCode());
        Assert.True(one == two);

        var dataset = new Dataset(one.ProjectName, "d", "", "", DatasetQuota.Default, 1, 1);
        Project with = one.With(new DatasetEntry(2, dataset, []), null);
        Assert.NotEqual(one, with);
        Assert.Equal(one, with.Without(new DatasetEntry(2, dataset, []), 2, null));
    }

    [Theory]
    [InlineData(0, 1, 0)]
    [InlineData(3, 1, 0)]
    [InlineData(3, 2_000_000, 127)]
    [InlineData(3, (1L << 40) - 1, 128)]
    [InlineData(3, 128, long.MaxValue)]
    public void A_packed_project_is_what_it_was(long createTicks, long number, long revision)
    {
        string[] names = ["a", "_", new('n', 39), new('n', 40), new('n', 128)];
        string[] texts =
        [
            "", "a", "\0", "\u007F", "\u0080", "é", "相册", "\uD83D\uDE00", "\uD83D", new('t', 80), new('相', 150), new('t', 256),
            new('相', 231),
        ];
        foreach (string name in names)
        {
            foreach (string text in texts)
            {
                Project project = Make(name, createTicks) with
                {
                    Description = text,
                    UpdateTicks = revision % 2 == 0 ? 10 : DateTime.MaxValue.Ticks,
                    Number = number,
                    Revision = revision,
                };
                NamedItem packed = NamedItem.Pack(project);

                Assert.Equal(name, packed.Name());
                Assert.True(packed.IsNamed(name) && !packed.IsNamed(name + "a") && !packed.IsNamed("z"));
                Assert.Equal(new NameKey(name, 7), packed.KeyOf(7));
                var read = Assert.IsType<Project>(packed.Read());
                Assert.Equal(project, read);
                Assert.Equal((number, revision), (read.Number, read.Revision));
                Assert.Same(read, packed.Read());

                // What is long is kept as it is.
                Assert.Equal(text.Length == 231, ReferenceEquals(project, read));
            }
        }
    }

    [Fact]
    public void A_project_with_datasets_is_kept_as_it_is()
    {
        var dataset = new Dataset(ProjectName.Parse("a"), "d", "", "", DatasetQuota.Default, 1, 1);
        Project project = Made.With(new DatasetEntry(2, dataset, []), null);

        Assert.Same(project, NamedItem.Pack(project).Read());
    }

    private static Project Other(Project project, string field) => field switch
    {
        nameof(Project.ProjectName) => Make("b"),
        nameof(Project.ServiceRole) => With(project, project.Settings with { ServiceRole = "other" }),
        nameof(Project.TemplateId) => With(project, project.Settings with { TemplateId = "other" }),
        nameof(Project.Description) => project with { Description = "other" },
        nameof(Project.CreateTime) => Make("a", createTicks: 1),
        nameof(Project.UpdateTime) => project with { UpdateTicks = project.UpdateTicks + 1 },
        nameof(Project.ProjectQueriesPerSecond) => Make("a", capacity: new ProjectCapacity(99, 100)),
        nameof(Project.EngineConcurrency) => Make("a", capacity: new ProjectCapacity(100, 99)),
        nameof(Project.DatasetCount) => project with { DatasetCount = 1 },
        nameof(Project.FileCount) => project with { FileCount = 1 },
        nameof(Project.TotalFileSize) => project with { TotalFileSize = 1 },
        nameof(Project.Tags) => Make("a", tag: new Tag("key", "value")),
        nameof(Project.Quota) => WithLimit(project, Limit.DatasetMaxBindCount),
        _ => WithLimit(project, LimitTests.Named(field)),
    };

    private static Project With(Project project, ProjectSettings settings) => project with { Settings = settings };

    private static Project WithLimit(Project project, Limit limit) =>
        With(project, project.Settings with { Quota = Quota.Default.With(new LimitSet<long?> { [limit] = 5 }) });

    private static Project Make(string name, long createTicks = 0, ProjectCapacity? capacity = null, Tag? tag = null)
    {
        Assert.Null(TagSet.Parse(tag is null ? null : [tag], out TagSet tags));
        return new Project(
            ProjectName.Parse(name), "", "role", "", Quota.Default, tags, createTicks, 10, capacity ?? new ProjectCapacity(100, 100));
    }

    private static Project Create(ScopeState state, string name)
    {
        Assert.Null(CreateProject.Parse(new() { ProjectName = name, Tag = [new Tag("key", "value")] }, out CreateProject? command));
        return command!.Decide(state, 1, null).Answer!;
    }
}
