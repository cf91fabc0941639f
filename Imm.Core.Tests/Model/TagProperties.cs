using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Imm.Core.Model;
using Xunit;

namespace Imm.Core.Tests.Model;

public sealed class TagProperties
{
    private static readonly Gen<string> Reserved = Gen.Elements(
        "aliyun", "ALIYUN-x", "aLiYun", "acs:", "ACS:x", "Acs:", "http://", "HTTP://x", "x http://", "https://", "x HTTPS://y", "hTTps://");

    private static readonly Gen<string> NearlyReserved = Gen.Elements(
        "aliyu", "xaliyun", " aliyun", "al\u0131yun", "AL\u0130YUN", "acs", "xacs:", " acs:", "a\u0441s:", "acs\uff1a",
        "http:/", "http:", "https:/", "ttp://", "htps://", "http\0://");

    private static readonly Gen<string> Keys = Gen.Frequency(
        (8, Gen.Elements("a", "A", "b", "c", "d", "\u00e4", "a\u0308", " ", "\0", "e", "f", "g")),
        (2, Generators.Utf16(128)),
        (1, Reserved),
        (2, NearlyReserved));

    private static readonly Gen<string?> Values = Gen.Frequency<string?>(
        (8, Gen.Elements<string?>("", null, "v", "aliyun", "ALIYUN")),
        (2, Generators.Utf16(128).Select(text => (string?)text)),
        (1, Reserved.Select(text => (string?)text)),
        (2, NearlyReserved.Select(text => (string?)text)));

    private static readonly Gen<Tag[]> Lists =
        from count in Gen.Frequency((6, Gen.Choose(0, 4)), (1, Gen.Choose(19, 22)))
        from distinct in Gen.Elements(true, false)
        from tags in Gen.ArrayOf(
            Gen.Frequency((30, Keys.Zip(Values).Select(pair => new Tag(pair.Item1, pair.Item2))), (1, Gen.Constant<Tag>(null!))), count)
        select distinct && count > 4 ? [.. tags.Select((_, i) => new Tag($"k{i}", "v"))] : tags;

    [Property(MaxTest = 3000)]
    public Property Tags_are_refused_by_the_first_rule_that_they_break_and_else_kept_in_order() => Prop.ForAll(Lists.ToArbitrary(), tags =>
    {
        using ImmStore store = ImmStore.InMemory();
        ProjectRegistry registry = store.Registry("account", "region");
        registry.Create(new CreateProjectRequest { ProjectName = "old" });
        var create = new CreateProjectRequest { ProjectName = "new", Tag = tags };
        var update = new UpdateProjectRequest { ProjectName = "old", Tag = tags };
        var list = new ListProjectsRequest { Tag = tags };
        if (FirstBreach(tags) is not { } breach)
        {
            Assert.Equal(tags, registry.Create(create).Tags);
            Assert.Equal(tags, registry.Update(update).Tags);
            Assert.Equal(2, registry.List(list).Projects.Count);
            return;
        }

        foreach (ImmException refusal in (ImmException[])
            [
                Assert.Throws<ImmException>(() => registry.Create(create)),
                Assert.Throws<ImmException>(() => registry.Update(update)),
                Assert.Throws<ImmException>(() => registry.List(list)),
            ])
        {
            Assert.Equal((breach.Code, "Tag"), (refusal.Code, refusal.Parameter));
            Assert.Equal(
                breach.Code == ImmErrorCode.LimitExceededError ? ((long?)tags.Length, (long?)20) : (null, null),
                (refusal.Requested, refusal.Limit));
            Assert.Contains(breach.Message, refusal.Message, StringComparison.Ordinal);
        }
    });

    [Fact]
    public void A_key_may_have_128_characters_and_a_value_too()
    {
        string camera = string.Concat(Enumerable.Repeat("\U0001F4F7", 128));
        Tag[] tags = [new(camera, camera), new("empty", ""), new("none", null)];
        using ImmStore store = ImmStore.InMemory();

        Project project = store.Registry("account", "region").Create(new CreateProjectRequest { ProjectName = "a", Tag = tags });

        Assert.Equal(tags, project.Tags);
        Assert.Equal(["", ""], project.Tags.Skip(1).Select(tag => tag.Value));
    }

    [Fact]
    public void A_tag_rejects_a_null_key_and_nothing_else()
    {
        Assert.Throws<ArgumentNullException>(() => new Tag(null!, "v"));
        Assert.Equal("", new Tag("").Value);
        Assert.Equal("k=v", new Tag("k", "v").ToString());
        Assert.NotEqual(new Tag("k", "v"), new Tag("K", "v"));
        Assert.NotEqual(new Tag("k", "v"), new Tag("k", "V"));
        Assert.Equal(new Tag("k", "v"), new Tag("k", "v"));
    }

    [Fact]
    public void A_change_of_the_list_after_the_call_does_not_change_the_project()
    {
        List<Tag> tags = [new("a"), new("b")];
        using ImmStore store = ImmStore.InMemory();
        Project project = store.Registry("account", "region").Create(new CreateProjectRequest { ProjectName = "a", Tag = tags });

        tags[0] = new Tag("c");
        tags.Clear();

        Assert.Equal([new Tag("a"), new Tag("b")], project.Tags);
    }

    [Fact]
    public void A_list_that_claims_too_many_entries_is_refused_before_it_is_read()
    {
        using ImmStore store = ImmStore.InMemory();

        var refusal = Assert.Throws<ImmException>(
            () => store.Registry("account", "region").Create(new CreateProjectRequest { ProjectName = "a", Tag = new EndlessList() }));

        Assert.Equal((ImmErrorCode.LimitExceededError, (long?)int.MaxValue, (long?)20), (refusal.Code, refusal.Requested, refusal.Limit));
    }

    [Fact]
    public void Tag_sets_are_equal_if_their_tags_and_order_are_equal()
    {
        TagSet set = Set(new("a"), new("b"));

        Assert.True(set.Equals(Set(new("a"), new("b"))));
        Assert.Equal(set.GetHashCode(), Set(new("a"), new("b")).GetHashCode());
        Assert.False(set.Equals(Set(new("b"), new("a"))));
        Assert.False(set.Equals(Set(new Tag("a"))));
        Assert.False(set.Equals(null));
        Assert.False(set.Equals((object)"[a=, b=]"));
        Assert.NotEqual(set.GetHashCode(), Set(new("b"), new("a")).GetHashCode());
        Assert.Equal("[a=, b=]", set.ToString());
        Assert.Equal((2, new Tag("b")), (set.Count, set[1]));
        Assert.Equal([new("a"), new("b")], ((System.Collections.IEnumerable)set).Cast<Tag>());
    }

    private static TagSet Set(params Tag[] tags)
    {
        Assert.Null(TagSet.Parse(tags, out TagSet set));
        return set;
    }

    /// <summary>The rules written a second time: the count, then for each entry its key, its value, and a key that stands twice.</summary>
    private static (string Code, string Message)? FirstBreach(Tag[] tags)
    {
        if (tags.Length > 20)
        {
            return (ImmErrorCode.LimitExceededError, "20");
        }

        var seen = new HashSet<string>();
        for (int i = 0; i < tags.Length; i++)
        {
            string? what = tags[i] is not { } tag ? $"entry {i + 1} is null"
                : tag.Key.Length == 0 || IsBad(tag.Key) || tag.Key.ToUpperInvariant().StartsWith("ALIYUN", StringComparison.Ordinal)
                    ? $"the key of entry {i + 1} "
                : IsBad(tag.Value) ? $"the value of entry {i + 1} "
                : !seen.Add(tag.Key) ? "keys are distinct"
                : null;
            if (what is not null)
            {
                return (ImmErrorCode.InvalidArgument, what);
            }
        }

        return null;
    }

    private static bool IsBad(string text)
    {
        int characters = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]))
            {
                if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                {
                    return true;
                }

                i++;
            }

            characters++;
        }

        string upper = text.ToUpperInvariant();
        return characters > 128
            || upper.StartsWith("ACS:", StringComparison.Ordinal)
            || upper.Contains("HTTP://", StringComparison.Ordinal)
            || upper.Contains("HTTPS://", StringComparison.Ordinal);
    }

    private sealed class EndlessList : IReadOnlyList<Tag>
    {
        public int Count => int.MaxValue;

        public Tag this[int index] => throw new InvalidOperationException("Nobody reads so much.");

        public IEnumerator<Tag> GetEnumerator() => throw new InvalidOperationException("Nobody reads so much.");

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
