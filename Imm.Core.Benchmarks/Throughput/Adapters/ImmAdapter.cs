using System.Runtime.CompilerServices;
using System.Text;
using Imm.Core.Benchmarks.Throughput.Measuring;
using Npgsql;

namespace Imm.Core.Benchmarks.Throughput.Adapters;

/// <summary>Imm.Core.</summary>
internal sealed class ImmAdapter : EngineAdapter
{
    public const string Account = "1234567890";
    public const string Region = "cn-hangzhou";

    private static readonly Dictionary<string, CreateAnswer> Refusals = new()
    {
        [ImmErrorCode.ResourceAlreadyExists] = CreateAnswer.NameIsTaken,
        [ImmErrorCode.LimitExceededError] = CreateAnswer.QuotaIsUsedUp,
    };

    private readonly ImmStore _store;
    private readonly ProjectRegistry[] _registries;
    private readonly NpgsqlDataSource? _source;
    private int _seed;

    private ImmAdapter(ImmStoreOptions options, SharedRow.ScopeRange scopes)
    {
        options.ProjectQuota = int.MaxValue;
        _source = (NpgsqlDataSource?)options.DataSource;
        _store = ImmStore.Open(options);
        _registries =
            [.. Enumerable.Range(scopes.First, scopes.Count).Select(n => _store.Registry(n == 0 ? Account : $"{Account}-{n}", Region))];
    }

    public override int ProjectQuota
    {
        set => Array.ForEach(_registries, registry => registry.SetProjectQuota(value));
    }

    public override long LogLength => _store.Status.LogLength;

    public static ImmAdapter OpenFile(string folder, Durability durability, int scopes = 1) =>
        new(new ImmStoreOptions { Path = Path.Combine(folder, "imm.db"), Durability = durability }, new(0, scopes));

    /// <summary>Opens the store in the schema that a connection string names.</summary>
    /// <param name="connectionString">The connection string.</param>
    /// <param name="scopes">The scopes to use.</param>
    /// <param name="seed">A number that no other open adapter on the schema has.</param>
    public static ImmAdapter OpenShared(string connectionString, SharedRow.ScopeRange scopes, int seed) =>
        new(
            new ImmStoreOptions
            {
                DataSource = NpgsqlDataSource.Create(connectionString),
                Schema = new NpgsqlConnectionStringBuilder(connectionString).SearchPath!,
            },
            scopes)
        { _seed = seed << 16 };

    public static ImmAdapter InMemory() => new(new ImmStoreOptions(), SharedRow.ScopeRange.One);

    public override void Load(IEnumerable<NewProject> projects, bool withDatasets)
    {
        if (_source is not null)
        {
            Task.WaitAll([.. projects.Select((project, n) => _registries[n % _registries.Length].CreateAsync(Request(project)).AsTask())]);
            return;
        }

        long number = 0;
        foreach (NewProject project in projects)
        {
            ProjectRegistry registry = _registries[number++ % _registries.Length];
            registry.Create(Request(project));
            foreach (string dataset in withDatasets ? DatasetNames : [])
            {
                registry.CreateDataset(new() { ProjectName = project.Name, DatasetName = dataset });
            }
        }
    }

    public override Session OpenSession() => _registries.Length == 1 ? new OneScope(_registries[0]) : new ManyScopes(_registries, _seed++);

    public override void Dispose()
    {
        _store.Dispose();
        _source?.Dispose();
    }

    /// <summary>Builds the token of the page that begins after a name.</summary>
    public static string TokenAfter(string name) => Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Account}:{name}"));

    public static CreateProjectRequest Request(NewProject project) => new()
    {
        ProjectName = project.Name,
        Description = project.Description,
        TemplateId = project.TemplateId,
        Tag = project.Tags,
    };

    private sealed class OneScope(ProjectRegistry registry) : Session
    {
        private readonly ListProjectsRequest _list = new();

        public override ValueTask<CreateAnswer> CreateAsync(NewProject project) => ImmAdapter.CreateAsync(registry, project);

        public override CreateAnswer Create(NewProject project)
        {
            try
            {
                registry.Create(Request(project));
                return CreateAnswer.Created;
            }
            catch (ImmException e) when (Refusals.TryGetValue(e.Code, out CreateAnswer answer))
            {
                return answer;
            }
        }

        public override object Get(string name) => registry.Get(name);

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
        public override async ValueTask<object> GetAsync(string name) => await registry.GetAsync(name);

        public override int List(string position, int count)
        {
            _list.NextToken = position;
            _list.MaxResults = count;
            return registry.List(_list).Projects.Count;
        }

        public override string PositionOf(string name) => name.Length == 0 ? "" : TokenAfter(name);

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
        public override async ValueTask UpdateAsync(string name, string description) =>
            await registry.UpdateAsync(new() { ProjectName = name, Description = description });

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
        public override async ValueTask<bool> AddFilesAsync(string project, string dataset, long files, long bytes)
        {
            try
            {
                await registry.AddFilesAsync(project, dataset, files, bytes);
                return true;
            }
            catch (ImmException e) when (e.Code == ImmErrorCode.LimitExceededError)
            {
                return false;
            }
        }
    }

    /// <summary>Creates and gets projects in scopes drawn at random.</summary>
    private sealed class ManyScopes(ProjectRegistry[] registries, int seed) : Session
    {
        private readonly Random _random = new(seed);

        public override ValueTask<CreateAnswer> CreateAsync(NewProject project) =>
            ImmAdapter.CreateAsync(Next(), project);

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
        public override async ValueTask<object> GetAsync(string name) => await Next().GetAsync(name);

        private ProjectRegistry Next() => registries[_random.Next(registries.Length)];
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<CreateAnswer> CreateAsync(ProjectRegistry registry, NewProject project)
    {
        try
        {
            await registry.CreateAsync(Request(project));
            return CreateAnswer.Created;
        }
        catch (ImmException e) when (Refusals.TryGetValue(e.Code, out CreateAnswer answer))
        {
            return answer;
        }
    }
}
