using Imm.Core.Collections;
using Imm.Core.Model;
using Xunit;

namespace Imm.Core.Tests.Model;

/// <summary>The cache of values that repeat, and what projects share by it.</summary>
public sealed class InternCacheTests
{
    private const int Attempts = 100;

    [Fact]
    public void Equal_values_become_one_object()
    {
        var cache = new InternCache<string>(8);
        string first = New("team");

        Assert.Same(first, cache.Intern(first));
        Assert.Same(first, cache.Intern(New("team")));
    }

    [Fact]
    public void Four_values_of_one_hash_are_known_and_a_fifth_takes_the_slot_of_the_first()
    {
        var cache = new InternCache<Collides>(8);
        Collides[] made = [.. Enumerable.Range(0, 4).Select(i => cache.Intern(new($"{i}")))];
        Assert.All(made, (known, i) => Assert.Same(known, cache.Intern(new($"{i}"))));

        Collides fifth = cache.Intern(new("4"));

        Assert.Same(fifth, cache.Intern(new("4")));
        Assert.All(made[1..], (known, i) => Assert.Same(known, cache.Intern(new($"{i + 1}"))));
        Collides again = cache.Intern(new("0"));
        Assert.NotSame(made[0], again);
        Assert.Same(again, cache.Intern(new("0")));
    }

    [Fact]
    public void Settings_that_differ_in_roles_of_one_length_are_all_known()
    {
        Assert.Null(TagSet.Parse(null, out TagSet none));
        ProjectSettings Of(int role) => ProjectSettings.Of($"Role-{role:d4}", "", Quota.Default, none, new(100, 100));

        // Other tests use the cache too.
        Assert.Contains(Enumerable.Range(0, Attempts), _ =>
        {
            ProjectSettings[] known = [.. Enumerable.Range(0, 4).Select(Of)];
            return known.Select((settings, i) => ReferenceEquals(settings, Of(i))).All(isKnown => isKnown);
        });
    }

    [Fact]
    public void Projects_share_equal_tags_roles_and_templates()
    {
        using ImmStore store = ImmStore.InMemory(new() { ProjectQuota = int.MaxValue });
        ProjectRegistry registry = store.Registry("1", "r");

        AssertShared(i => (Create(registry, $"a{i}"), Create(registry, $"b{i}")));
    }

    [Fact]
    public void Projects_that_are_loaded_share_equal_tags_roles_and_templates()
    {
        using var directory = new TempDirectory();
        string path = directory.File("imm.db");
        using (ImmStore store = ImmStore.Open(path))
        {
            Create(store.Registry("1", "r"), "a");
            Create(store.Registry("1", "r"), "b");
        }

        AssertShared(_ =>
        {
            using ImmStore store = ImmStore.Open(path);
            return (store.Registry("1", "r").Get("a"), store.Registry("1", "r").Get("b"));
        });
    }

    /// <summary>Asserts that two projects share their values, at one of many attempts: other tests use the caches too.</summary>
    private static void AssertShared(Func<int, (Project, Project)> make) => Assert.Contains(Enumerable.Range(0, Attempts), i =>
    {
        (Project one, Project other) = make(i);
        Assert.Equal("team=media", $"{one.Tags[0]}");
        return ReferenceEquals(one.Tags, other.Tags)
            && ReferenceEquals(one.ServiceRole, other.ServiceRole)
            && ReferenceEquals(one.TemplateId, other.TemplateId);
    });

    private static Project Create(ProjectRegistry registry, string name) => registry.Create(new()
    {
        ProjectName = name,
        ServiceRole = New("Role"),
        TemplateId = New("Official:ImageManagement"),
        Tag = [new Tag(New("team"), New("media")), new Tag(New("stage"), New("test"))],
    });

    private static string New(string text) => new([.. text]);

    private sealed record Collides(string Text)
    {
        public override int GetHashCode() => 7;
    }
}
