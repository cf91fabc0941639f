using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Data.Common;
using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Experimental;
using FsCheck.Fluent;
using Imm.Core.Storage;
using Imm.Core.Tests.Shared;
using Imm.Core.Tests.Storage;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace Imm.Core.Tests.Registry;

/// <summary>
/// Random sequences of operations on a store and on a model of sorted dictionaries and counters. After each operation its outcome and the
/// whole content of the store equal those of the model, also after the store is reopened, and after a power loss.
/// </summary>
public sealed class RegistryMachine
{
    /// <summary>Every outcome that the operations can have. A run that misses one covers too little.</summary>
    private static readonly string[] AllOutcomes =
    [
        "done",
        "created",
        "there",
        "400 InvalidArgument",
        "400 InvalidArgument of ProjectName",
        "400 InvalidArgument of Description",
        "400 InvalidArgument of Tag",
        "400 InvalidArgument of DatasetMaxBindCount",
        "400 LimitExceededError of DatasetMaxBindCount",
        "400 LimitExceededError of ProjectName",
        "400 ResourceAlreadyExists of ProjectName",
        "404 ResourceNotFound of ProjectName",
        "400 StatusConflict of ProjectName",
        "404 ResourceNotFound of DatasetName",
        "400 ResourceAlreadyExists of DatasetName",
        "400 LimitExceededError of ProjectMaxDatasetCount",
        "400 LimitExceededError of DatasetMaxFileCount",
        "400 InvalidArgument of FileCount",
        "400 StatusConflict of DatasetName",
        "400 InvalidArgument of ExpectedRevision",
        "409 RevisionMismatch of ExpectedRevision",
        "watched",
    ];

    private static readonly string[] Names = ["a", "b", "B", "c"];

    private static readonly string[] Regions = ["one", "two"];

    [Fact]
    public void A_store_in_memory_behaves_like_the_model() => Run(200, () => new Subject(null, canReopen: false), AllOutcomes);

    [Fact]
    public void A_store_in_a_file_behaves_like_the_model_also_after_it_is_reopened()
    {
        using var directory = new TempDirectory();
        int number = 0;
        Run(
            25,
            () => new Subject(LocalDisk.Instance, canReopen: true, directory.File($"{Interlocked.Increment(ref number)}.db")),
            "reopened");
    }

    [Fact]
    public void A_store_in_a_file_behaves_like_the_model_also_after_a_power_loss() =>
        Run(80, () => new Subject(new SimulatedDisk(), canReopen: true), "reopened", "power loss");

    [FactIfPostgres]
    public void A_store_in_a_database_behaves_like_the_model_also_in_another_process()
    {
        using var source = NpgsqlDataSource.Create(PostgresServer.Shared.ConnectionString);
        Run(25, () => new Subject(source), "reopened", "another process");
    }

    private static void Run(int runs, Func<Subject> open, params string[] kinds)
    {
        var outcomes = new ConcurrentDictionary<string, int>();
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(runs).WithEndSize(60),
            new Machine(open, outcomes).ToProperty());
        Assert.Empty(kinds.Except(outcomes.Keys));
    }

    /// <summary>The store under test. An operation may reopen it.</summary>
    private sealed class Subject : IDisposable
    {
        private const string DefaultPath = "/store/projects.db";

        private readonly string? _path;
        private readonly bool _canReopen;
        private readonly FakeTimeProvider _clock = new();
        private readonly DbDataSource? _source;
        private readonly string _schema = PostgresServer.NewSchema();
        private Disk? _disk;
        private ImmStore _store;
        private ImmStore? _other;

        public Subject(Disk? disk, bool canReopen, string path = DefaultPath)
        {
            _disk = disk;
            _canReopen = canReopen;
            _path = disk is null ? null : path;
            _store = Open();
        }

        /// <param name="source">The database of a store, which two stores use in turn as two processes would.</param>
        public Subject(DbDataSource source)
        {
            (_source, _canReopen) = (source, true);
            _store = Open();
        }

        /// <summary>The revision of the last change that a watch has reported, by region.</summary>
        public Dictionary<string, long> Watched { get; } = Regions.ToDictionary(region => region, _ => 0L);

        public string? LastOutcome { get; set; }

        public ProjectRegistry Registry(string region) => _store.Registry("account", region);

        public long Step(long ticks)
        {
            _clock.AdjustTime(_clock.GetUtcNow().AddTicks(ticks));
            return _clock.GetUtcNow().UtcTicks;
        }

        public string Reopen(int seed)
        {
            if (!_canReopen)
            {
                return "read";
            }

            if (_disk is SimulatedDisk disk && seed % 2 == 0)
            {
                ImmStore lost = _store;
                _disk = disk.Crash(new Random(seed)).Disk;
                _store = Open();
                lost.Dispose();
                return "power loss";
            }

            if (_source is not null && seed % 4 != 0)
            {
                (_store, _other) = (_other ?? Open(), _store);
                return "another process";
            }

            _store.Dispose();
            _store = Open();
            return "reopened";
        }

        public string Content() => string.Join(
            Environment.NewLine, Regions.SelectMany(region => new[] { Shown.Content(Registry(region)), Revisions(Registry(region)) }));

        private static string Revisions(ProjectRegistry registry) => World.Revisions(
            registry.List().Revision,
            from project in Shown.All(registry)
            select (project.ProjectName.Value, project.Revision, registry
                .ListDatasets(new() { ProjectName = project.ProjectName.Value, MaxResults = 200 }).Datasets
                .Select(dataset => dataset.Revision)));

        public void Dispose()
        {
            Assert.Empty(_store.Check());
            _store.Dispose();
            _other?.Dispose();
        }

        // Logs of a few records, so that checkpoints happen in the middle of a run.
        private ImmStore Open() => ImmStore.Open(
            new ImmStoreOptions { Path = _path, DataSource = _source, Schema = _schema, ProjectQuota = 2, TimeProvider = _clock },
            _disk ?? LocalDisk.Instance,
            settings => settings with { CheckpointLength = 4096 });
    }

    private sealed class Machine(Func<Subject> open, ConcurrentDictionary<string, int> outcomes)
        : Machine<Subject, World>(50)
    {
        private static readonly Gen<string> Name = Gen.Frequency((12, Gen.Elements(Names)), (1, Gen.Elements("", "1", "a b")));

        private static readonly Gen<string?> Description = Gen.Frequency(
            (3, Gen.Constant<string?>(null)),
            (3, Gen.Elements<string?>("", "x", "\0\U0001F4F7")),
            (1, Gen.Constant<string?>(new string('d', 257))));

        private static readonly Gen<long?> Limit = Gen.Frequency(
            (4, Gen.Constant<long?>(null)), (3, Gen.Choose(1, 3).Select(v => (long?)v)), (1, Gen.Elements<long?>(0, 11)));

        private static readonly Gen<Tag[]?> Tags = Gen.Frequency(
            (3, Gen.Constant<Tag[]?>(null)),
            (2, Gen.Elements<Tag[]?>([], [new("k", "v")], [new("k"), new("l", "v")])),
            (1, Gen.Constant<Tag[]?>([new("acs:k")])));

        private static readonly Gen<Change> AnyChange =
            from description in Description
            from bindCount in Limit
            from datasetCount in Gen.Elements<long?>(null, 1, 1, 2)
            from tags in Tags
            select new Change(description, bindCount, datasetCount, tags);

        private static readonly Gen<long> ClockStep = Gen.Elements(0L, 0, 1, 5, -3, TimeSpan.TicksPerHour);

        public override Arbitrary<Setup<Subject, World>> Setup => Gen.Fresh<Setup<Subject, World>>(() => new Start(open)).ToArbitrary();

        public override TearDown<Subject> TearDown => new End();

        // Mostly names that exist, so that the checks after that of existence are reached too.
        public override Gen<Operation<Subject, World>> Next(World world) =>
            from place in Gen.Frequency(
                (2, Gen.Elements(Regions).Zip(Name).Select(pair => (pair.Item1, pair.Item2, "d"))), (3, Gen.Elements(world.Places())))
            let region = place.Item1
            let name = place.Item2
            from dataset in Gen.Frequency((3, Gen.Constant(place.Item3)), (1, Gen.Elements("d", "e")))
            from step in ClockStep
            from change in AnyChange
            from number in Gen.Choose(0, 4)
            from seed in Gen.Choose(0, int.MaxValue - 1)
            from expected in Gen.Frequency((6, Gen.Constant<int?>(null)), (2, Gen.Constant<int?>(0)), (1, Gen.Elements<int?>(-1, -100)))
            from operation in Gen.Frequency(
                (8, Gen.Constant<Step>(new Create(region, name, change))),
                (3, Gen.Constant<Step>(new GetOrCreate(region, name, change))),
                (5, Gen.Constant<Step>(new Update(region, name, change, expected))),
                (2, Gen.Constant<Step>(new Delete(region, name, expected))),
                (1, Gen.Constant<Step>(new SetQuota(region, number))),
                (4, Gen.Constant<Step>(new CreateDataset(region, name, dataset))),
                (2, Gen.Constant<Step>(new DeleteDataset(region, name, dataset, expected))),
                (6, Gen.Constant<Step>(new Files(region, name, dataset, number - 1))),
                (2, Gen.Constant<Step>(new Watch(region))),
                (2, Gen.Constant<Step>(new Reopen(seed))))
            select (Operation<Subject, World>)new Recorded(operation, step, outcomes);
    }

    private sealed class Start(Func<Subject> open) : Setup<Subject, World>
    {
        public override Subject Actual() => open();

        public override World Model() => World.Empty;
    }

    private sealed class End : TearDown<Subject>
    {
        public override void Actual(Subject subject) => subject.Dispose();
    }

    /// <summary>One operation, after which the whole content of the store is compared with the model.</summary>
    private sealed class Recorded(Step step, long clockStep, ConcurrentDictionary<string, int> outcomes) : Operation<Subject, World>
    {
        public override World Run(World world)
        {
            World later = world with { Now = world.Now + clockStep };
            try
            {
                return step.Apply(later);
            }
            catch (Refused refused)
            {
                return later with { Outcome = refused.Message };
            }
        }

        public override Property Check(Subject subject, World world)
        {
            Assert.Equal(world.Now, subject.Step(clockStep) - new FakeTimeProvider().GetUtcNow().UtcTicks);
            string outcome = step.Apply(subject);
            outcomes.AddOrUpdate(outcome.Split(',')[0], 1, (_, count) => count + 1);
            if (step is not Reopen)
            {
                Assert.Equal(world.Outcome, outcome);
            }

            Assert.Equal(world.ToString(), subject.Content());
            return true.ToProperty();
        }

        public override string ToString() => $"{step} after {clockStep}";
    }

    /// <summary>A refusal of the model.</summary>
    private sealed class Refused(string message) : Exception(message);

    private sealed record Change(string? Description, long? BindCount, long? DatasetCount, Tag[]? Tags)
    {
        public void Check()
        {
            World.Require(Description is null || Description.Length <= 256, "400 InvalidArgument of Description");
            World.Require(BindCount is not 0, "400 InvalidArgument of DatasetMaxBindCount");
            World.Require(BindCount is not 11, "400 LimitExceededError of DatasetMaxBindCount, requested 11, limit 10");
            World.Require(
                Tags is null || Tags.All(tag => !tag.Key.StartsWith("acs:", StringComparison.Ordinal)), "400 InvalidArgument of Tag");
        }

        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture,
            $"description {Description?.Length ?? -1}, bindings {BindCount}, datasets {DatasetCount}, "
            + $"tags {(Tags is null ? "-" : string.Join(',', (object[])Tags))}");
    }

    private abstract record Step
    {
        public abstract World Apply(World world);

        public abstract string Apply(Subject subject);
    }

    private sealed record Create(string Region, string Name, Change Change) : Step
    {
        public override World Apply(World world)
        {
            World.RequireName(Name);
            Change.Check();
            Scope scope = world.Scopes[Region];
            World.Require(!scope.Projects.ContainsKey(Name), "400 ResourceAlreadyExists of ProjectName");
            int quota = scope.Quota ?? 2;
            World.Require(
                scope.Projects.Count < quota,
                $"400 LimitExceededError of ProjectName, requested 1, used {scope.Projects.Count}, limit {quota}");
            return world.With(Region, scope.With(new Entry(
                Name,
                Change.Description ?? "",
                Change.BindCount ?? 10,
                Change.DatasetCount ?? 1_000_000_000,
                Change.Tags ?? [],
                world.Now,
                world.Now,
                World.NoDatasets,
                0), "Created"));
        }

        public override string Apply(Subject subject) => Shown.Outcome(() =>
        {
            subject.Registry(Region).Create(new CreateProjectRequest
            {
                ProjectName = Name,
                Description = Change.Description,
                DatasetMaxBindCount = Change.BindCount,
                ProjectMaxDatasetCount = Change.DatasetCount,
                Tag = Change.Tags,
            });
        });
    }

    private sealed record GetOrCreate(string Region, string Name, Change Change) : Step
    {
        public override World Apply(World world)
        {
            World.RequireName(Name);
            Change.Check();
            return world.Scopes[Region].Projects.ContainsKey(Name)
                ? world with { Outcome = "there" }
                : new Create(Region, Name, Change).Apply(world) with { Outcome = "created" };
        }

        public override string Apply(Subject subject) => Shown.Outcome(() => subject.Registry(Region).GetOrCreate(new()
        {
            ProjectName = Name,
            Description = Change.Description,
            DatasetMaxBindCount = Change.BindCount,
            ProjectMaxDatasetCount = Change.DatasetCount,
            Tag = Change.Tags,
        }).IsNew ? "created" : "there");
    }

    /// <summary>The conditions of changes: none, or the present revision and an offset.</summary>
    private static class Condition
    {
        /// <summary>The revision from which a condition on something that does not exist is calculated.</summary>
        public const long OfNothing = 5;

        public static void CheckForm(int? offset, long revision) =>
            World.Require(offset is null || revision + offset >= 1, "400 InvalidArgument of ExpectedRevision");

        public static void Check(int? offset, long revision) => World.Require(
            offset is null or 0, $"409 RevisionMismatch of ExpectedRevision, requested {revision + offset}, used {revision}");

        public static long? Of(ProjectRegistry registry, string name, int? offset) =>
            offset is null ? null : (registry.TryGet(name, out Project? project) ? project.Revision : OfNothing) + offset;
    }

    private sealed record Update(string Region, string Name, Change Change, int? Expected) : Step
    {
        public override World Apply(World world)
        {
            World.RequireName(Name);
            Change.Check();
            World.Require(Change is not { Description: null, BindCount: null, DatasetCount: null, Tags: null }, "400 InvalidArgument");
            Scope scope = world.Scopes[Region];
            Condition.CheckForm(Expected, scope.RevisionOf(Name));
            Entry old = scope.Find(Name);
            Condition.Check(Expected, old.Revision);
            return world.With(Region, scope.With(old with
            {
                Description = Change.Description ?? old.Description,
                BindCount = Change.BindCount ?? old.BindCount,
                DatasetCount = Change.DatasetCount ?? old.DatasetCount,
                Tags = Change.Tags ?? old.Tags,
                Updated = world.Now > old.Updated ? world.Now : old.Updated + 1,
            }));
        }

        public override string Apply(Subject subject) => Shown.Outcome(() =>
        {
            subject.Registry(Region).Update(new UpdateProjectRequest
            {
                ProjectName = Name,
                Description = Change.Description,
                DatasetMaxBindCount = Change.BindCount,
                ProjectMaxDatasetCount = Change.DatasetCount,
                Tag = Change.Tags,
                ExpectedRevision = Condition.Of(subject.Registry(Region), Name, Expected),
            });
        });
    }

    private sealed record Delete(string Region, string Name, int? Expected) : Step
    {
        public override World Apply(World world)
        {
            World.RequireName(Name);
            Scope scope = world.Scopes[Region];
            Condition.CheckForm(Expected, scope.RevisionOf(Name));
            Entry old = scope.Find(Name);
            Condition.Check(Expected, old.Revision);
            World.Require(old.Datasets.IsEmpty, "400 StatusConflict of ProjectName");
            return world.With(Region, scope.Without(Name));
        }

        public override string Apply(Subject subject) => Shown.Outcome(() =>
        {
            ProjectRegistry registry = subject.Registry(Region);
            if (Condition.Of(registry, Name, Expected) is { } revision)
            {
                registry.Delete(Name, revision);
            }
            else
            {
                registry.Delete(Name);
            }
        });
    }

    private sealed record SetQuota(string Region, int Quota) : Step
    {
        public override World Apply(World world) => world.With(Region, world.Scopes[Region] with { Quota = Quota });

        public override string Apply(Subject subject) => Shown.Outcome(() => subject.Registry(Region).SetProjectQuota(Quota));
    }

    private sealed record CreateDataset(string Region, string Name, string Dataset) : Step
    {
        public override World Apply(World world)
        {
            World.RequireName(Name);
            Scope scope = world.Scopes[Region];
            Entry old = scope.Find(Name);
            World.Require(!old.Datasets.ContainsKey(Dataset), "400 ResourceAlreadyExists of DatasetName");
            World.Require(
                old.Datasets.Count < old.DatasetCount,
                $"400 LimitExceededError of ProjectMaxDatasetCount, requested 1, used {old.Datasets.Count}, limit {old.DatasetCount}");
            return world.With(Region, scope.With(old with
            {
                Datasets = old.Datasets.Add(Dataset, (old.BindCount, 0, world.Now, scope.Revision + 1)),
            }));
        }

        public override string Apply(Subject subject) => Shown.Outcome(() =>
        {
            subject.Registry(Region).CreateDataset(new() { ProjectName = Name, DatasetName = Dataset, DatasetMaxFileCount = 3 });
        });
    }

    private sealed record DeleteDataset(string Region, string Name, string Dataset, int? Expected) : Step
    {
        public override World Apply(World world)
        {
            World.RequireName(Name);
            Scope scope = world.Scopes[Region];
            long present = scope.Projects.TryGetValue(Name, out Entry? entry) && entry.Datasets.TryGetValue(Dataset, out var there)
                ? there.Revision
                : Condition.OfNothing;
            Condition.CheckForm(Expected, present);
            Entry old = scope.Find(Name);
            World.Require(old.Datasets.ContainsKey(Dataset), "404 ResourceNotFound of DatasetName");
            Condition.Check(Expected, present);
            World.Require(old.Datasets[Dataset].Files == 0, "400 StatusConflict of DatasetName");
            return world.With(Region, scope.With(old with { Datasets = old.Datasets.Remove(Dataset) }));
        }

        public override string Apply(Subject subject) => Shown.Outcome(() =>
        {
            ProjectRegistry registry = subject.Registry(Region);
            if (Expected is { } offset)
            {
                registry.DeleteDataset(Name, Dataset, RevisionOf(registry) + offset);
            }
            else
            {
                registry.DeleteDataset(Name, Dataset);
            }
        });

        private long RevisionOf(ProjectRegistry registry)
        {
            try
            {
                return registry.GetDataset(Name, Dataset).Revision;
            }
            catch (ImmException)
            {
                return Condition.OfNothing;
            }
        }
    }

    /// <summary>Adds files, or removes them where the number is negative.</summary>
    private sealed record Files(string Region, string Name, string Dataset, int Count) : Step
    {
        public override World Apply(World world)
        {
            World.RequireName(Name);
            Scope scope = world.Scopes[Region];
            Entry old = scope.Find(Name);
            World.Require(old.Datasets.ContainsKey(Dataset), "404 ResourceNotFound of DatasetName");
            (long bindCount, long files, long created, _) = old.Datasets[Dataset];
            World.Require(files + Count <= 3, $"400 LimitExceededError of DatasetMaxFileCount, requested {Count}, used {files}, limit 3");
            World.Require(files + Count >= 0, "400 InvalidArgument of FileCount");
            return Count == 0
                ? world with { Outcome = "done" }
                : world.With(Region, scope.With(old with
                {
                    Datasets = old.Datasets.SetItem(Dataset, (bindCount, files + Count, created, scope.Revision + 1)),
                }));
        }

        public override string Apply(Subject subject) => Shown.Outcome(() =>
        {
            ProjectRegistry registry = subject.Registry(Region);
            _ = Count >= 0 ? registry.AddFiles(Name, Dataset, Count, 10 * Count) : registry.RemoveFiles(Name, Dataset, -Count, -10 * Count);
        });
    }

    /// <summary>Goes on with a watch of a region, up to its present revision.</summary>
    private sealed record Watch(string Region) : Step
    {
        public override World Apply(World world)
        {
            Scope scope = world.Scopes[Region];
            string[] changes = [.. scope.Changes.Skip(scope.Watched)];
            return world.With(Region, scope with { Watched = scope.Changes.Count }) with { Outcome = Outcome(changes) };
        }

        public override string Apply(Subject subject)
        {
            ProjectRegistry registry = subject.Registry(Region);
            long revision = registry.List().Revision;
            var changes = new List<string>();
            IAsyncEnumerator<ProjectChange> watch = registry.Watch(subject.Watched[Region]).GetAsyncEnumerator();
            while (subject.Watched[Region] < revision)
            {
                Assert.True(watch.MoveNextAsync().AsTask().GetAwaiter().GetResult());
                ProjectChange change = watch.Current;
                Assert.Equal(change.Kind == ProjectChangeKind.Deleted, change.Project is null);
                Assert.Equal(change.Revision, change.Project?.Revision ?? change.Revision);
                changes.Add(change.ToString());
                subject.Watched[Region] = change.Revision;
            }

            return Outcome(changes);
        }

        private static string Outcome(IEnumerable<string> changes) => $"watched, {string.Join(", ", changes)}";
    }

    private sealed record Reopen(int Seed) : Step
    {
        public override World Apply(World world) => world with { Outcome = "" };

        public override string Apply(Subject subject) => subject.Reopen(Seed);
    }

    /// <summary>The model: the content, the time since the start, and the outcome of the last operation.</summary>
    private sealed record World(ImmutableSortedDictionary<string, Scope> Scopes, long Now, string Outcome)
    {
        public static readonly ImmutableSortedDictionary<string, (long BindCount, long Files, long Created, long Revision)> NoDatasets =
            ImmutableSortedDictionary.Create<string, (long, long, long, long)>(StringComparer.Ordinal);

        public static World Empty { get; } = new(
            Regions.ToImmutableSortedDictionary(
                region => region, _ => new Scope(null, ImmutableSortedDictionary.Create<string, Entry>(StringComparer.Ordinal), [], 0)),
            0,
            "");

        public static void Require(bool condition, string refusal)
        {
            if (!condition)
            {
                throw new Refused(refusal);
            }
        }

        public static void RequireName(string name) => Require(Names.Contains(name), "400 InvalidArgument of ProjectName");

        /// <summary>A region, a project and a dataset for each dataset, or for the project where it has none.</summary>
        public (string Region, string Name, string Dataset)[] Places()
        {
            (string, string, string)[] places = [..
                from scope in Scopes
                from project in scope.Value.Projects.Values
                from dataset in project.Datasets.IsEmpty ? ["d"] : project.Datasets.Keys
                select (scope.Key, project.Name, dataset)];
            return places.Length > 0 ? places : [(Regions[0], Names[0], "d")];
        }

        public static string Revisions(long revision, IEnumerable<(string Name, long Revision, IEnumerable<long> Datasets)> projects) =>
            string.Join(
                ' ',
                [$"revision {revision}", .. projects.Select(it => $"{it.Name}={it.Revision}({string.Join(',', it.Datasets)})")]);

        public World With(string region, Scope scope) => this with { Scopes = Scopes.SetItem(region, scope), Outcome = "done" };

        public override string ToString() => string.Join(Environment.NewLine, Regions.Select(region => Scopes[region]));
    }

    /// <summary>A region: its content, all changes of its projects, and the number of those that a watch has reported.</summary>
    private sealed record Scope(
        int? Quota, ImmutableSortedDictionary<string, Entry> Projects, ImmutableList<string> Changes, int Watched)
    {
        public long Revision => Changes.Count;

        public Entry Find(string name) =>
            Projects.TryGetValue(name, out Entry? entry) ? entry : throw new Refused("404 ResourceNotFound of ProjectName");

        public long RevisionOf(string name) => Projects.TryGetValue(name, out Entry? entry) ? entry.Revision : Condition.OfNothing;

        public Scope With(Entry entry, string change = "Updated") => this with
        {
            Projects = Projects.SetItem(entry.Name, entry with { Revision = Revision + 1 }),
            Changes = Changes.Add($"{Revision + 1} {change} {entry.Name}"),
        };

        public Scope Without(string name) => this with
        {
            Projects = Projects.Remove(name),
            Changes = Changes.Add($"{Revision + 1} Deleted {name}"),
        };

        public override string ToString() => string.Concat(
            [
                $"quota {Quota ?? 2}",
                .. Projects.Values,
                Environment.NewLine,
                World.Revisions(
                    Revision,
                    Projects.Values.Select(it => (it.Name, it.Revision, it.Datasets.Values.Select(dataset => dataset.Revision)))),
            ]);
    }

    private sealed record Entry(
        string Name,
        string Description,
        long BindCount,
        long DatasetCount,
        Tag[] Tags,
        long Created,
        long Updated,
        ImmutableSortedDictionary<string, (long BindCount, long Files, long Created, long Revision)> Datasets,
        long Revision)
    {
        private static readonly long Start = new FakeTimeProvider().GetUtcNow().UtcTicks;

        public override string ToString()
        {
            long files = Datasets.Values.Sum(dataset => dataset.Files);
            var text = new StringBuilder(Environment.NewLine);
            text.Append(Shown.Fields(
                Name, "AliyunIMMDefaultRole", "", Start + Created, Start + Updated, Description, 100, 100, DatasetCount, BindCount,
                100_000_000, 10_000_000_000, 100_000_000_000, 90_000_000_000_000_000, Datasets.Count, files, 10 * files,
                string.Join(',', (object[])Tags)));
            foreach ((string name, (long bindCount, long count, long created, _)) in Datasets)
            {
                text.AppendLine().Append(Shown.Fields(
                    Name, name, "", Start + created, Start + created, "", bindCount, 3, 10_000_000_000, 100_000_000_000,
                    90_000_000_000_000_000, 0, count, 10 * count));
            }

            return text.ToString();
        }
    }
}
