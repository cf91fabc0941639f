using System.Globalization;
using System.Text;
using FsCheck.Xunit;
using Imm.Core.Testing;
using Xunit;

namespace Imm.Core.Tests.Testing;

/// <summary>A store that was exported and imported, cloned, or brought back answers every question as it did, and goes on as it would have.</summary>
public sealed class SnapshotPropertyTests
{
    private static readonly (string AccountId, string RegionId)[] Scopes = [("1", "cn-hangzhou"), ("1", "cn-beijing"), ("A_b-2", "cn-hangzhou")];
    private static readonly char[] Pieces = [.. "\"{}[]:,0-9e.\\u\0x", '\ud800'];
    private static readonly string[] Names = ["a", "b", "B", "_", "a-1"];
    private static readonly string[] Texts = ["", "x", " \t\0", "队\U0001F600", "\"\\/<'&+\u007f\u2028"];
    private static readonly Tag[][] TagSets = [[], [new Tag("k", "v")], [new Tag("k"), new Tag("队", "\U0001F600")]];

    [Property(MaxTest = 100)]
    public void Export_and_import(int seed, byte steps) => Check(seed, steps, origin => new ImmFixture(ImmSnapshot.FromJson(origin.Snapshot().ToJson())));

    [Property(MaxTest = 100)]
    public void Clone(int seed, byte steps) => Check(seed, steps, origin => origin.Clone());

    [Property(MaxTest = 100)]
    public void Restore(int seed, byte steps) => Check(seed, steps, origin =>
    {
        // The one that is brought back has had a life of its own since, as has the origin of the clone.
        var fixture = new ImmFixture(origin.Snapshot());
        ImmSnapshot snapshot = fixture.Snapshot();
        Live(fixture, new Random(seed ^ 1), 50);
        fixture.Restore(snapshot);
        fixture.Clock.SetUtcNow(origin.Clock.GetUtcNow());
        return fixture;
    });

    [Property(MaxTest = 100)]
    public void A_snapshot_stays_as_it_was_whatever_becomes_of_those_that_share_it(int seed, byte steps)
    {
        using var origin = new ImmFixture(new ImmFixtureOptions { ProjectQuota = 6 });
        Live(origin, new Random(seed), steps);
        ImmSnapshot snapshot = origin.Snapshot();
        string before = snapshot.ToJson();

        using ImmFixture clone = origin.Clone();
        Parallel.Invoke(() => Live(origin, new Random(seed + 1), 60), () => Live(clone, new Random(seed + 2), 60));

        Assert.Equal(before, snapshot.ToJson());
    }

    [Property(MaxTest = 300)]
    public void Broken_json_is_refused_with_a_format_exception_or_read(int seed)
    {
        var random = new Random(seed);
        using var origin = new ImmFixture();
        Live(origin, random, 20);
        var json = new StringBuilder(origin.Snapshot().ToJson());
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            int at = random.Next(json.Length);
            switch (random.Next(3))
            {
                case 0:
                    json[at] = Pieces[random.Next(Pieces.Length)];
                    break;
                case 1:
                    json.Remove(at, Math.Min(random.Next(1, 40), json.Length - at));
                    break;
                default:
                    json.Insert(at, json.ToString(at, Math.Min(random.Next(1, 40), json.Length - at)));
                    break;
            }
        }

        Exception? failure = Record.Exception(() => ImmSnapshot.FromJson(json.ToString()));

        Assert.True(failure is null or FormatException { Message.Length: > 20 }, failure?.ToString());
    }

    private static void Check(int seed, byte steps, Func<ImmFixture, ImmFixture> copy)
    {
        using var origin = new ImmFixture(new ImmFixtureOptions { ProjectQuota = 6 });
        Live(origin, new Random(seed), steps);
        string answers = Ask(origin);

        using ImmFixture other = copy(origin);

        Assert.Equal(answers, Ask(other));
        Assert.Equal(Live(origin, new Random(seed + 7), 40), Live(other, new Random(seed + 7), 40));
        Assert.Equal(Ask(origin), Ask(other));
    }

    /// <summary>Calls of all kinds, in small worlds where they meet; gives what came of each.</summary>
    private static string Live(ImmFixture fixture, Random random, int steps)
    {
        var transcript = new StringBuilder();
        for (int i = 0; i < steps; i++)
        {
            (string accountId, string regionId) = Pick(Scopes);
            ProjectRegistry registry = fixture.Store.Registry(accountId, regionId);
            (string project, string dataset) = (Pick(Names), Pick(Names));
            string uri = $"oss://{Pick(["a", "b", "c"])}";
            fixture.Clock.SetUtcNow(fixture.Clock.GetUtcNow() + TimeSpan.FromTicks(random.Next(-10, 1000)));
            Func<object?> call = random.Next(16) switch
            {
                < 4 => () => registry.Create(new CreateProjectRequest
                {
                    ProjectName = project, Description = Pick(Texts), TemplateId = Pick(["", "Official:AllFunction"]), ServiceRole = Pick(["", "role"]),
                    Tag = Pick(TagSets), ProjectMaxDatasetCount = Pick<long?>([null, 1, 2]), DatasetMaxFileCount = Pick<long?>([null, 5]),
                }),
                4 => () => registry.Update(new UpdateProjectRequest
                {
                    ProjectName = project, Description = Pick(Texts), Tag = Pick(TagSets), ProjectMaxDatasetCount = 1, DatasetMaxEntityCount = long.MaxValue,
                }),
                5 => () => Done(() => registry.Delete(project)),
                6 => () => Done(() => registry.SetProjectQuota(random.Next(8))),
                < 10 => () => registry.CreateDataset(new CreateDatasetRequest
                {
                    ProjectName = project, DatasetName = dataset, Description = Pick(Texts), DatasetMaxTotalFileSize = Pick<long?>([null, 100, long.MaxValue]),
                }),
                10 => () => registry.UpdateDataset(new UpdateDatasetRequest { ProjectName = project, DatasetName = dataset, DatasetMaxBindCount = 1, Description = Pick(Texts) }),
                11 => () => Done(() => registry.DeleteDataset(project, dataset)),
                12 => () => registry.CreateBinding(project, dataset, uri),
                13 => () => Done(() => registry.DeleteBinding(project, dataset, uri)),
                14 => () => registry.AddFiles(project, dataset, random.Next(4), Pick([0, 70, long.MaxValue / 2])),
                _ => () => registry.RemoveFiles(project, dataset, random.Next(2), random.Next(50)),
            };
            transcript.AppendLine(Tell(call));
        }

        return transcript.ToString();

        T Pick<T>(T[] choices) => choices[random.Next(choices.Length)];

        static object? Done(Action action)
        {
            action();
            return null;
        }
    }

    /// <summary>Everything that can be asked, in all accounts and regions.</summary>
    private static string Ask(ImmFixture fixture)
    {
        var answers = new StringBuilder();
        foreach ((string accountId, string regionId) in Scopes)
        {
            ProjectRegistry registry = fixture.Store.Registry(accountId, regionId);
            answers.AppendLine(CultureInfo.InvariantCulture, $"{accountId}/{regionId}: {registry.ProjectQuota}");
            foreach (ListProjectsRequest request in new ListProjectsRequest[] { new(), new() { MaxResults = 1 }, new() { Prefix = "a" }, new() { Tag = [new Tag("k", "v")] } })
            {
                do
                {
                    ProjectPage page = registry.List(request);
                    answers.AppendJoin('\n', page.Projects.Select(Tell)).AppendLine(page.NextToken);
                    request.NextToken = page.NextToken;
                }
                while (request.NextToken is not null);
            }

            foreach (string project in Names)
            {
                answers.AppendLine(Tell(() => registry.Get(project)));
                foreach (string dataset in Names)
                {
                    answers.AppendLine(Tell(() => registry.GetDataset(project, dataset)));
                    answers.AppendLine(Tell(() => string.Join(", ", registry.ListBindings(project, dataset))));
                }

                answers.AppendLine(Tell(() => string.Join(", ", registry.ListDatasets(new ListDatasetsRequest { ProjectName = project, MaxResults = 1 }).NextToken)));
            }
        }

        return answers.ToString();
    }

    private static string Tell(Func<object?> call)
    {
        try
        {
            return call() switch
            {
                Project project => Tell(project),
                Binding binding => binding.ToString(),
                var other => other?.ToString() ?? "done",
            };
        }
        catch (ImmException e)
        {
            return $"{e.Code} {e.Parameter} {e.Requested} {e.Used} {e.Limit}";
        }
    }

    private static string Tell(Project project) => ImmJson.WriteProject(project, TimeSpan.Zero);
}
