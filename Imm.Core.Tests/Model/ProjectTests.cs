using System.Reflection;
using Imm.Core.Model;
using Xunit;

namespace Imm.Core.Tests.Model;

/// <summary>What a project is apart from how it came to be.</summary>
public sealed class ProjectTests
{
    private static readonly ScopeState Empty = ScopeState.Empty(new Scope("account", "region"), new ServiceFigures(100, 100, 100));

    private static Project Made => Make("a");

    public static TheoryData<string> Fields => [.. typeof(Project).GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(property => property.Name)];

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
    public void Projects_of_equal_fields_are_equal_wherever_they_stand()
    {
        ScopeState later = Empty.With(null, Make("before") with { Number = 7 }, null, 7);
        Project one = Create(Empty, "a"), two = Create(later, "a");

        Assert.NotEqual(one.Number, two.Number);
        Assert.Equal(one, two);
        Assert.Equal(one.GetHashCode(), two.GetHashCode());
        Assert.True(one == two);

        var dataset = new Dataset(one.ProjectName, "d", "", "", DatasetQuota.Default, 1, 1);
        Project with = one.With(new DatasetEntry(2, 1, dataset, []), null);
        Assert.NotEqual(one, with);
        Assert.Equal(one, with.Without(new DatasetEntry(2, 1, dataset, []), null));
    }

    private static Project Other(Project project, string field) => field switch
    {
        nameof(Project.ProjectName) => Make("b"),
        nameof(Project.ServiceRole) => project with { ServiceRole = "other" },
        nameof(Project.TemplateId) => project with { TemplateId = "other" },
        nameof(Project.Description) => project with { Description = "other" },
        nameof(Project.CreateTime) => Make("a", createTicks: 1),
        nameof(Project.UpdateTime) => project with { UpdateTicks = project.UpdateTicks + 1 },
        nameof(Project.ProjectQueriesPerSecond) => Make("a", figures: new ProjectFigures(99, 100)),
        nameof(Project.EngineConcurrency) => Make("a", figures: new ProjectFigures(100, 99)),
        nameof(Project.DatasetCount) => project with { DatasetCount = 1 },
        nameof(Project.FileCount) => project with { FileCount = 1 },
        nameof(Project.TotalFileSize) => project with { TotalFileSize = 1 },
        nameof(Project.Tags) => Make("a", tag: new Tag("key", "value")),
        nameof(Project.ProjectMaxDatasetCount) or nameof(Project.Quota) => project with { Quota = Quota.Create(5, DatasetQuota.Default) },
        nameof(Project.DatasetMaxBindCount) => project with { Quota = Quota.Create(1_000_000_000, DatasetQuota.Create(5, 100, 100, 100, 100)) },
        nameof(Project.DatasetMaxFileCount) => project with { Quota = Quota.Create(1_000_000_000, DatasetQuota.Create(10, 5, 100, 100, 100)) },
        nameof(Project.DatasetMaxEntityCount) => project with { Quota = Quota.Create(1_000_000_000, DatasetQuota.Create(10, 100, 5, 100, 100)) },
        nameof(Project.DatasetMaxRelationCount) => project with { Quota = Quota.Create(1_000_000_000, DatasetQuota.Create(10, 100, 100, 5, 100)) },
        nameof(Project.DatasetMaxTotalFileSize) => project with { Quota = Quota.Create(1_000_000_000, DatasetQuota.Create(10, 100, 100, 100, 5)) },
        _ => throw new ArgumentOutOfRangeException(nameof(field), field, "A new field: say here how a project differs in it."),
    };

    private static Project Make(string name, long createTicks = 0, ProjectFigures? figures = null, Tag? tag = null)
    {
        Assert.Null(TagSet.TryCreate(tag is null ? null : [tag], out TagSet tags));
        return new Project(
            ProjectName.Parse(name), "", "role", "", Quota.Default, tags, createTicks, 10, figures ?? new ProjectFigures(100, 100));
    }

    private static Project Create(ScopeState state, string name)
    {
        Assert.Null(CreateProject.TryRead(new CreateProjectRequest { ProjectName = name, Tag = [new Tag("key", "value")] }, out CreateProject? command));
        return command!.Decide(state, 1, null).Answer!;
    }
}
