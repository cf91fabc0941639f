using System.Text;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Imm.Core.Tests.Model;
using Xunit;

namespace Imm.Core.Tests.Registry;

public sealed partial class PagingProperties
{
    private static readonly Gen<Tag[]> Tags =
        Gen.SubListOf(new Tag("a", "1"), new Tag("b", "1"), new Tag("c")).Select(tags => tags.ToArray());

    private static readonly Gen<string?> Prefix = Gen.Frequency(
        (3, Gen.Constant<string?>(null)),
        (1, Gen.Constant<string?>("")),
        (3, Generators.ProjectName.Select(name => (string?)name[..1])),
        (3, Generators.ProjectName.Select(name => (string?)name)),
        (1, Gen.Elements<string?>("\0", " ", "a.", "\u00e4", "\U0001F4F7", "zzz", new string('a', 128))));

    [Property(MaxTest = 1000)]
    public Property Consecutive_pages_are_the_matching_projects_in_ordinal_order() => Prop.ForAll(
        (from names in Gen.ListOf(Generators.ProjectName.Zip(Tags))
         from prefix in Prefix
         from filter in Gen.Frequency(
             (2, Gen.Constant<Tag[]?>(null)), (2, Tags.Select(tags => (Tag[]?)tags)), (1, Gen.Constant<Tag[]?>([new("a", "2")])))
         from size in Gen.Choose(1, 6)
         select (names, prefix, filter, size)).ToArbitrary(),
        query =>
        {
            using ImmStore store = ImmStore.InMemory(new ImmStoreOptions { ProjectQuota = int.MaxValue });
            ProjectRegistry registry = store.Registry("account", "region");
            var expected = new SortedDictionary<string, Tag[]>(StringComparer.Ordinal);
            foreach ((string name, Tag[] tags) in query.names)
            {
                if (expected.TryAdd(name, tags))
                {
                    registry.Create(new CreateProjectRequest { ProjectName = name, Tag = tags });
                }
            }

            List<string> matching = [.. expected
                .Where(pair => pair.Key.StartsWith(query.prefix ?? "", StringComparison.Ordinal))
                .Where(pair => (query.filter ?? []).All(pair.Value.Contains))
                .Select(pair => pair.Key)];
            var request = new ListProjectsRequest { MaxResults = query.size, Prefix = query.prefix, Tag = query.filter };
            for (int start = 0; ; start += query.size)
            {
                ProjectPage page = registry.List(request);
                Assert.Equal(matching.Skip(start).Take(query.size), page.Projects.Select(project => project.ProjectName.Value));
                Assert.Equal(start + query.size < matching.Count, page.NextToken is not null);
                if (page.NextToken is null)
                {
                    break;
                }

                Assert.Equal(
                    $"account:{matching[start + query.size - 1]}",
                    Encoding.ASCII.GetString(Convert.FromBase64String(page.NextToken)));
                request.NextToken = page.NextToken;
            }
        });

    [Property(MaxTest = 500)]
    public Property Creates_and_deletes_between_pages_never_skip_or_repeat_another_project() => Prop.ForAll(
        (from stay in Gen.NonEmptyListOf(Generators.ProjectName)
         from others in Gen.ListOf(Generators.ProjectName.Zip(Gen.Elements(true, false)))
         from size in Gen.Choose(1, 4)
         select (stay: stay.Distinct().ToList(), others, size)).ToArbitrary(),
        world =>
        {
            using ImmStore store = ImmStore.InMemory(new ImmStoreOptions { ProjectQuota = int.MaxValue });
            ProjectRegistry registry = store.Registry("account", "region");
            world.stay.ForEach(name => registry.Create(new CreateProjectRequest { ProjectName = name }));
            var passing = new Queue<(string Name, bool AtFirst)>(
                world.others.Where(other => !world.stay.Contains(other.Item1)).DistinctBy(other => other.Item1));
            foreach ((string name, bool _) in passing.Where(other => other.AtFirst))
            {
                registry.Create(new CreateProjectRequest { ProjectName = name });
            }

            var seen = new List<string>();
            var request = new ListProjectsRequest { MaxResults = world.size };
            do
            {
                ProjectPage page = registry.List(request);
                seen.AddRange(page.Projects.Select(project => project.ProjectName.Value));
                request.NextToken = page.NextToken;
                for (int i = 0; i < 2 && passing.TryDequeue(out (string Name, bool AtFirst) other); i++)
                {
                    if (other.AtFirst)
                    {
                        registry.Delete(other.Name);
                    }
                    else
                    {
                        registry.Create(new CreateProjectRequest { ProjectName = other.Name });
                    }
                }
            }
            while (request.NextToken is not null);

            Assert.Equal(seen.Distinct().Order(StringComparer.Ordinal), seen);
            Assert.Empty(world.stay.Except(seen));
        });

    [Fact]
    public void A_page_has_at_most_100_projects_by_default_and_at_most_200_on_request()
    {
        using ImmStore store = ImmStore.InMemory(new ImmStoreOptions { ProjectQuota = int.MaxValue });
        ProjectRegistry registry = store.Registry("account", "region");
        for (int i = 0; i < 201; i++)
        {
            registry.Create(new CreateProjectRequest { ProjectName = $"p{i:D3}" });
        }

        Assert.Equal(
            [100, 100, 100, 1, 99, 101, 199, 200],
            ((ListProjectsRequest?[])[null, new(), .. ((int[])[0, 1, 99, 101, 199, 200]).Select(WithSize)])
                .Select(request => registry.List(request).Projects.Count));
        Assert.Equal("p100", registry.List(new() { NextToken = registry.List().NextToken }).Projects[0].ProjectName.Value);
        registry.Delete("p000");
        Assert.Null(registry.List(new() { MaxResults = 200 }).NextToken);
        Assert.Equal(200, Shown.All(registry, maxResults: 7).Count);

        static ListProjectsRequest WithSize(int size) => new() { MaxResults = size };
    }

    [Fact]
    public void A_token_continues_after_its_name_even_if_that_does_not_exist_or_match_the_prefix()
    {
        using ImmStore store = ImmStore.InMemory();
        ProjectRegistry registry = store.Registry("account", "region");
        foreach (string name in (string[])["a", "b1", "b2", "c"])
        {
            registry.Create(new CreateProjectRequest { ProjectName = name });
        }

        Assert.Equal(["b1", "b2"], List("A", "b"));
        Assert.Equal(["b1", "b2"], List("a", "b"));
        Assert.Equal(["b1", "b2"], List("b", "b"));
        Assert.Equal(["b2"], List("b1", "b"));
        Assert.Equal([], List("b2", "b"));
        Assert.Equal([], List("c", "b"));
        Assert.Equal(["c"], List("bb", ""));
        Assert.Equal(["b2", "c"], List("b1z", ""));
        Assert.Equal(["a", "b1", "b2", "c"], ListWith(token: "", prefix: ""));

        IEnumerable<string> List(string after, string prefix) => ListWith(Token($"account:{after}"), prefix);

        IEnumerable<string> ListWith(string token, string prefix) =>
            registry.List(new() { NextToken = token, Prefix = prefix }).Projects.Select(project => project.ProjectName.Value);
    }

    [Fact]
    public void A_token_is_valid_in_every_region_of_its_account()
    {
        using ImmStore store = ImmStore.InMemory();
        store.Registry("account", "one").Create(new CreateProjectRequest { ProjectName = "a" });
        store.Registry("account", "one").Create(new CreateProjectRequest { ProjectName = "b" });
        store.Registry("account", "two").Create(new CreateProjectRequest { ProjectName = "b" });

        string? token = store.Registry("account", "one").List(new() { MaxResults = 1 }).NextToken;

        Assert.Equal("b", Assert.Single(store.Registry("account", "two").List(new() { NextToken = token }).Projects).ProjectName.Value);
    }

    public static TheoryData<string> BadTokens
    {
        get
        {
            string good = Token("account:abc");
            return
            [
                "a", "====", "\u00e4", " ", "\0", $" {good}", $"{good} ", $"{good}\n", good[..4] + "\r\n" + good[4..],
                good[..^1], good + "=", good + good, good.ToUpperInvariant(),
                Token(":"), Token("account"), Token("account:"), Token(":abc"), Token("account:1bc"), Token("account: abc"),
                Token("account:abc\n"), Token("account:a:b"), Token("account:abc:"), Token("account:\u00e4"), Token("\u00e4ccount:abc"),
                Token("Account:abc"), Token("account\0:abc"), Token("accoun:abc"), Token("accounts:abc"), Token("accoun/:abc"),
                Token($"account:{new string('a', 129)}"), Token($"{new string('a', 65)}:abc"),
                Token($"account:{new string('a', 5000)}"),
                "YWNjb3VudDphYg==x", "YWNjb3VudDphYh==", "YWNjb3VudDphYmM_", "YWNjb3VudDphYmM-",
            ];
        }
    }

    [Theory]
    [MemberData(nameof(BadTokens))]
    public void A_token_that_no_page_of_the_account_returned_is_refused(string token)
    {
        using ImmStore store = ImmStore.InMemory();

        string outcome = Shown.Outcome(() => Shown.Page(store.Registry("account", "region").List(new() { NextToken = token })));

        Assert.Equal(Shown.Refusal(ImmErrorCode.InvalidArgument, 400, "NextToken"), outcome);
    }

    [Fact]
    public void The_longest_account_and_name_fit_a_token()
    {
        string account = new('A', 64);
        using ImmStore store = ImmStore.InMemory();
        ProjectRegistry registry = store.Registry(account, "region");
        registry.Create(new CreateProjectRequest { ProjectName = new string('a', 128) });
        registry.Create(new CreateProjectRequest { ProjectName = "b" });

        string? token = registry.List(new() { MaxResults = 1 }).NextToken;

        Assert.Equal(Token($"{account}:{new string('a', 128)}"), token);
        Assert.Equal("b", Assert.Single(registry.List(new() { NextToken = token }).Projects).ProjectName.Value);
    }

    [Property(MaxTest = 3000)]
    public Property A_damaged_token_is_refused_unless_a_page_could_have_returned_it() => Prop.ForAll(
        (from name in Generators.ProjectName
         from at in Gen.Choose(0, 1000)
         from kind in Gen.Choose(0, 2)
         from stranger in Gen.Elements("ABYZabyz019+/=-_ \n\0\u00e4".ToCharArray())
         select Damage(Token($"account:{name}"), at, kind, stranger)).ToArbitrary(),
        token =>
        {
            using ImmStore store = ImmStore.InMemory();
            bool good = token.Length == 0 || (TryDecode(token) is { } text && TokenGrammar().IsMatch(text));

            string outcome = Shown.Outcome(() => Shown.Page(store.Registry("account", "region").List(new() { NextToken = token })));

            Assert.Equal(good ? ", next none" : Shown.Refusal(ImmErrorCode.InvalidArgument, 400, "NextToken"), outcome);
        });

    private static string Token(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Damage(string token, int at, int kind, char stranger)
    {
        at %= token.Length;
        return kind switch
        {
            0 => token.Remove(at, 1),
            1 => token.Insert(at, stranger.ToString()),
            _ => token.Remove(at, 1).Insert(at, stranger.ToString()),
        };
    }

    private static string? TryDecode(string token)
    {
        try
        {
            string text = Encoding.Latin1.GetString(Convert.FromBase64String(token));
            return Convert.ToBase64String(Encoding.Latin1.GetBytes(text)) == token ? text : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"\Aaccount:[A-Za-z_][A-Za-z0-9_-]{0,127}\z", RegexOptions.CultureInvariant)]
    private static partial Regex TokenGrammar();
}
