using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Imm.Core.Tests.Registry;

public sealed class UpdateProperties
{
    private static readonly Gen<string?> Text = Gen.Elements<string?>(null, "", "x", "y");

    private static readonly Gen<long?> Limit =
        Gen.Frequency((2, Gen.Constant<long?>(null)), (1, Gen.Choose(1, 10).Select(value => (long?)value)));

    private static readonly Gen<Tag[]?> Tags = Gen.Elements<Tag[]?>(null, [], [new("a")], [new("b", "1"), new("a")]);

    private static readonly Gen<UpdateProjectRequest> Update =
        from texts in Gen.Three(Text)
        from limits in Gen.ArrayOf(Limit, 6)
        from tags in Tags
        select new UpdateProjectRequest
        {
            ProjectName = "a",
            Description = texts.Item1,
            ServiceRole = texts.Item2,
            TemplateId = texts.Item3,
            ProjectMaxDatasetCount = limits[0],
            DatasetMaxBindCount = limits[1],
            DatasetMaxFileCount = limits[2],
            DatasetMaxEntityCount = limits[3],
            DatasetMaxRelationCount = limits[4],
            DatasetMaxTotalFileSize = limits[5],
            Tag = tags,
        };

    /// <summary>The step of the clock before an update, in ticks: back, none, or forward.</summary>
    private static readonly Gen<long> ClockStep = Gen.Elements(-TimeSpan.TicksPerHour, -1, 0, 0, 1, TimeSpan.TicksPerHour);

    [Property(MaxTest = 1000)]
    public Property An_absent_field_is_kept_an_empty_one_is_reset_and_a_value_is_set() => Prop.ForAll(
        Gen.ListOf(Update.Zip(ClockStep)).ToArbitrary(),
        updates =>
        {
            var clock = new FakeTimeProvider();
            using ImmStore store = ImmStore.InMemory(new ImmStoreOptions { TimeProvider = clock });
            ProjectRegistry registry = store.Registry("account", "region");
            Project before = registry.Create(
                new() { ProjectName = "a", Description = "d", ServiceRole = "r", TemplateId = "t", Tag = [new("z")] });
            foreach ((UpdateProjectRequest update, long step) in updates)
            {
                clock.AdjustTime(clock.GetUtcNow().AddTicks(step));
                if (SetsNothing(update))
                {
                    Assert.Equal(Shown.Refusal(ImmErrorCode.InvalidArgument, 400), Shown.Outcome(() => registry.Update(update)));
                    Project now = registry.Get("a");
                    Assert.Equal((before, before.Revision), (now, now.Revision));
                    continue;
                }

                Project after = registry.Update(update);
                long updateTicks = Math.Max(clock.GetUtcNow().UtcTicks, before.UpdateTime.UtcTicks + 1);
                Assert.Equal(
                    Shown.Fields(
                        "a",
                        update.ServiceRole is "" ? "AliyunIMMDefaultRole" : update.ServiceRole ?? before.ServiceRole,
                        update.TemplateId ?? before.TemplateId,
                        before.CreateTime.UtcTicks,
                        updateTicks,
                        update.Description ?? before.Description,
                        100,
                        100,
                        update.ProjectMaxDatasetCount ?? before.ProjectMaxDatasetCount,
                        update.DatasetMaxBindCount ?? before.DatasetMaxBindCount,
                        update.DatasetMaxFileCount ?? before.DatasetMaxFileCount,
                        update.DatasetMaxEntityCount ?? before.DatasetMaxEntityCount,
                        update.DatasetMaxRelationCount ?? before.DatasetMaxRelationCount,
                        update.DatasetMaxTotalFileSize ?? before.DatasetMaxTotalFileSize,
                        0,
                        0,
                        0,
                        string.Join(',', (update.Tag ?? before.Tags).AsEnumerable())),
                    Shown.Of(after));
                Assert.Same(after, registry.Get("a"));
                before = after;
            }
        });

    [Fact]
    public void An_update_that_changes_no_value_advances_the_update_time()
    {
        using ImmStore store = ImmStore.InMemory(new ImmStoreOptions { TimeProvider = new FakeTimeProvider() });
        ProjectRegistry registry = store.Registry("account", "region");
        Project before = registry.Create(new CreateProjectRequest { ProjectName = "a", Description = "d" });

        Project after = registry.Update(new UpdateProjectRequest { ProjectName = "a", Description = "d" });

        Assert.Equal(before.UpdateTime.AddTicks(1), after.UpdateTime);
        Assert.Equal(before.CreateTime, after.CreateTime);
    }

    [Theory]
    [MemberData(nameof(SingleFields))]
    public void An_update_may_set_any_single_field(string field)
    {
        using ImmStore store = ImmStore.InMemory();
        ProjectRegistry registry = store.Registry("account", "region");
        registry.Create(new CreateProjectRequest { ProjectName = "a" });
        var request = new UpdateProjectRequest { ProjectName = "a" };
        System.Reflection.PropertyInfo property = typeof(UpdateProjectRequest).GetProperty(field)!;
        property.SetValue(
            request,
            property.PropertyType == typeof(string) ? "" : property.PropertyType == typeof(long?) ? 1L : Array.Empty<Tag>());

        Assert.True(registry.Update(request).UpdateTime > registry.Get("a").CreateTime);
    }

    public static TheoryData<string> SingleFields => [.. typeof(UpdateProjectRequest).GetProperties()
        .Select(property => property.Name)
        .Where(name => name is not (nameof(UpdateProjectRequest.ProjectName) or nameof(UpdateProjectRequest.ExpectedRevision)))];

    private static bool SetsNothing(UpdateProjectRequest request) =>
        request.Description is null && request.ServiceRole is null && request.TemplateId is null && request.Tag is null
        && request.ProjectMaxDatasetCount is null && request.DatasetMaxBindCount is null && request.DatasetMaxFileCount is null
        && request.DatasetMaxEntityCount is null && request.DatasetMaxRelationCount is null && request.DatasetMaxTotalFileSize is null;
}
