using System.Globalization;
using System.Text;
using FsCheck.Xunit;
using Imm.Core.Testing;
using Xunit;

namespace Imm.Core.Tests.Testing;

/// <summary>
/// Property tests of snapshots: a store that is exported and imported, cloned, or restored has the same content and behaviour.
/// </summary>
public sealed class SnapshotPropertyTests
{
    private static readonly (
        string AccountId, string RegionId)[] Scopes = [("1", "cn-hangzhou"), ("1", "cn-beijing"), ("A_b-2", "cn-hangzhou")];
    private static readonly char[] Pieces = [.. "\"{}[]:,0-9e.\\u\0x", '\ud800'];
    private static readonly string[] Names = ["a", "b", "B", "_", "a-1"];
    private static readonly string[] Texts = ["", "x", " \t\0", "队\U0001F600", "\"\\/<'&+\u007f\u2028"];
    private static readonly Tag[][] TagSets = [[], [new Tag("k", "v")], [new Tag("k"), new Tag("队", "\U0001F600")]];

    [Property(MaxTest = 100)]
    public void A_store_read_from_exported_JSON_behaves_the_same(int seed, byte steps) => Check(seed, steps, origin =>
        new ImmFixture(ImmSnapshot.FromJson(origin.Snapshot().ToJson())));

    [Property(MaxTest = 100)]
    public void Clone(int seed, byte steps) => Check(seed, steps, origin => origin.Clone());

    [Property(MaxTest = 100)]
    public void Restore(int seed, byte steps) => Check(seed, steps, origin =>
    {
        // The fixture that is restored has changed since, as has the origin of the clone.
        var fixture = new ImmFixture(origin.Snapshot());
        ImmSnapshot snapshot = fixture.Snapshot();
        RunRandomCalls(fixture, new Random(seed ^ 1), 50);
        fixture.Restore(snapshot);
        fixture.Clock.SetUtcNow(origin.Clock.GetUtcNow());
        return fixture;
    });

    [Property(MaxTest = 100)]
    public void A_snapshot_is_unchanged_when_fixtures_that_share_it_change(int seed, byte steps)
    {
        using var origin = new ImmFixture(new ImmFixtureOptions { ProjectQuota = 6 });
        RunRandomCalls(origin, new Random(seed), steps);
        ImmSnapshot snapshot = origin.Snapshot();
        string before = snapshot.ToJson();

        using ImmFixture clone = origin.Clone();
        Parallel.Invoke(() => RunRandomCalls(origin, new Random(seed + 1), 60), () => RunRandomCalls(clone, new Random(seed + 2), 60));

        Assert.Equal(before, snapshot.ToJson());
    }

    [Property(MaxTest = 300)]
    public void Damaged_JSON_is_read_or_throws_FormatException(int seed)
    {
        var random = new Random(seed);
        using var origin = new ImmFixture();
        RunRandomCalls(origin, random, 20);
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
        RunRandomCalls(origin, new Random(seed), steps);
        string answers = ReadAll(origin);

        using ImmFixture other = copy(origin);

        Assert.Equal(answers, ReadAll(other));
        Assert.Equal(RunRandomCalls(origin, new Random(seed + 7), 40), RunRandomCalls(other, new Random(seed + 7), 40));
        Assert.Equal(ReadAll(origin), ReadAll(other));
    }

    /// <summary>Makes random calls of all kinds with few names, so that they meet, and returns their outcomes.</summary>
    private static string RunRandomCalls(ImmFixture fixture, Random random, int steps)
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
                    ProjectName = project,
                    Description = Pick(Texts),
                    TemplateId = Pick(["", "Official:AllFunction"]),
                    ServiceRole = Pick(["", "role"]),
                    Tag = Pick(TagSets),
                    ProjectMaxDatasetCount = Pick<long?>([null, 1, 2]),
                    DatasetMaxFileCount = Pick<long?>([null, 5]),
                }),
                4 => () => registry.Update(new UpdateProjectRequest
                {
                    ProjectName = project,
                    Description = Pick(Texts),
                    Tag = Pick(TagSets),
                    ProjectMaxDatasetCount = 1,
                    DatasetMaxEntityCount = long.MaxValue,
                }),
                5 => () => Done(() => registry.Delete(project)),
                6 => () => Done(() => registry.SetProjectQuota(random.Next(8))),
                < 10 => () => registry.CreateDataset(new CreateDatasetRequest
                {
                    ProjectName = project,
                    DatasetName = dataset,
                    Description = Pick(Texts),
                    DatasetMaxTotalFileSize = Pick<long?>([null, 100, long.MaxValue]),
                }),
                10 => () => registry.UpdateDataset(new UpdateDatasetRequest
                {
                    ProjectName = project,
                    DatasetName = dataset,
                    DatasetMaxBindCount = 1,
                    Description = Pick(Texts),
                }),
                11 => () => Done(() => registry.DeleteDataset(project, dataset)),
                12 => () => registry.CreateBinding(project, dataset, uri),
                13 => () => Done(() => registry.DeleteBinding(project, dataset, uri)),
                14 => () => registry.AddFiles(project, dataset, random.Next(4), Pick([0, 70, long.MaxValue / 2])),
                _ => () => registry.RemoveFiles(project, dataset, random.Next(2), random.Next(50)),
            };
            transcript.AppendLine(Describe(call));
        }

        return transcript.ToString();

        T Pick<T>(T[] choices) => choices[random.Next(choices.Length)];

        static object? Done(Action action)
        {
            action();
            return null;
        }
    }

    /// <summary>Reads everything in all accounts and regions.</summary>
    private static string ReadAll(ImmFixture fixture)
    {
        var answers = new StringBuilder();
        foreach ((string accountId, string regionId) in Scopes)
        {
            ProjectRegistry registry = fixture.Store.Registry(accountId, regionId);
            answers.AppendLine(CultureInfo.InvariantCulture, $"{accountId}/{regionId}: {registry.ProjectQuota}");
            foreach (ListProjectsRequest request in new ListProjectsRequest[] { new(), new() { MaxResults = 1 }, new() { Prefix = "a" },
            new() { Tag = [new Tag("k", "v")] } })
            {
                do
                {
                    ProjectPage page = registry.List(request);
                    answers.AppendJoin('\n', page.Projects.Select(Describe)).AppendLine(page.NextToken);
                    request.NextToken = page.NextToken;
                }
                while (request.NextToken is not null);
            }

            foreach (string project in Names)
            {
                answers.AppendLine(Describe(() => registry.Get(project)));
                foreach (string dataset in Names)
                {
                    answers.AppendLine(Describe(() => registry.GetDataset(project, dataset)));
                    answers.AppendLine(Describe(() => string.Join(", ", registry.ListBindings(project, dataset).Select(Describe))));
                }

                answers.AppendLine(Describe(() => string.Join(
                    ", ", registry.ListDatasets(new ListDatasetsRequest { ProjectName = project, MaxResults = 1 }).NextToken)));
            }
        }

        return answers.ToString();
    }

    private static string Describe(Func<object?> call)
    {
        try
        {
            return call() switch
            {
                Project project => Describe(project),
                Dataset dataset => $"{dataset} {dataset.CreateTime:O} {dataset.UpdateTime:O}",
                Binding binding => Describe(binding),
                var other => other?.ToString() ?? "done",
            };
        }
        catch (ImmException e)
        {
            return $"{e.Code} {e.Parameter} {e.Requested} {e.Used} {e.Limit}";
        }
    }

    private static string Describe(Binding binding) => $"{binding} {binding.CreateTime:O}";

    private static string Describe(Project project) => ImmJson.WriteProject(project, TimeSpan.Zero);
}
