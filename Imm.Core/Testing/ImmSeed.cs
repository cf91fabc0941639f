using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using CommunityToolkit.Diagnostics;
using Imm.Core.Model;
using Imm.Core.Wire;

namespace Imm.Core.Testing;

/// <summary>
/// Prepares what a test begins with, step by step, in one account and region:
/// <c>fixture.Seed.Projects(99).Project("photos").Dataset("photos", "raw").FileSlotsLeft("photos", "raw", 1)</c>.
/// </summary>
/// <remarks>
/// <para>
/// Each step is done when its method returns, at the time that the clock shows, and obeys the rules: what breaks one is the
/// <see cref="ImmException"/> that a registry would throw, whose message says which step it was. Nobody is asked and nobody watches:
/// neither authorizer nor faults nor the record.
/// </para>
/// <para>Not thread-safe.</para>
/// </remarks>
public sealed class ImmSeed
{
    // Beyond this a step that makes things one by one is a mistake, such as filling a quota that nobody lowered.
    private const long MaxThings = 1_000_000;

    private readonly ImmStore _store;
    private readonly ProjectRegistry _registry;
    private int _step;

    internal ImmSeed(ImmStore store, string accountId, string regionId, int step = 0)
    {
        _store = store;
        _registry = store.Registry(accountId, regionId);
        _step = step;
    }

    /// <summary>Goes on in another account or region.</summary>
    /// <param name="accountId">The account.</param>
    /// <param name="regionId">The region.</param>
    /// <exception cref="ArgumentException">An id is null or malformed.</exception>
    public ImmSeed In(string accountId, string regionId) => new(_store, accountId, regionId, _step);

    /// <summary>Sets how many projects there may be.</summary>
    /// <param name="projectQuota">From 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="projectQuota"/> is below 0.</exception>
    public ImmSeed ProjectQuota(int projectQuota)
    {
        Guard.IsGreaterThanOrEqualTo(projectQuota, 0, nameof(projectQuota));
        return Step(nameof(ProjectQuota), [projectQuota], () => _registry.Apply(new SetProjectQuota(projectQuota)));
    }

    /// <summary>Creates a project.</summary>
    /// <param name="projectName">The name.</param>
    /// <param name="configure">Sets other parameters of the request; null for none.</param>
    /// <exception cref="ImmException">It cannot be created.</exception>
    public ImmSeed Project(string projectName, Action<CreateProjectRequest>? configure = null) =>
        Step(nameof(Project), [projectName], () => Create(projectName, configure));

    /// <summary>
    /// Creates so many projects, named with numbers from 1 that have as many digits as their last, and at least three: <c>project-001</c>.
    /// </summary>
    /// <param name="count">How many, from 0.</param>
    /// <param name="prefix">What stands before the number.</param>
    /// <param name="configure">Sets other parameters of each request; null for none.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is below 0.</exception>
    /// <exception cref="ImmException">One of them cannot be created; those before it are.</exception>
    public ImmSeed Projects(int count, string prefix = "project-", Action<CreateProjectRequest>? configure = null)
    {
        Guard.IsGreaterThanOrEqualTo(count, 0, nameof(count));
        return Step(nameof(Projects), [count, prefix], () => Repeat(count, prefix, name => Create(name, configure)));
    }

    /// <summary>Creates projects, named <c>filler-001</c> and so on, until there may be only so many more.</summary>
    /// <param name="slots">How many more, from 0.</param>
    /// <exception cref="InvalidOperationException">
    /// There may be fewer more already, or it would take more than 1,000,000 projects.
    /// </exception>
    public ImmSeed ProjectSlotsLeft(int slots) => Step(
        nameof(ProjectSlotsLeft),
        [slots],
        () =>
        {
            ScopeState state = _registry.State;
            Repeat(ToAdd(state.ProjectQuota, state.ProjectCount, slots), "filler-", name => Create(name, null));
        });

    /// <summary>Updates a project.</summary>
    /// <param name="projectName">The name.</param>
    /// <param name="configure">Sets the parameters of the request.</param>
    /// <exception cref="ArgumentNullException"><paramref name="configure"/> is null.</exception>
    /// <exception cref="ImmException">It cannot be updated.</exception>
    public ImmSeed UpdateProject(string projectName, Action<UpdateProjectRequest> configure)
    {
        Guard.IsNotNull(configure, nameof(configure));
        return Step(nameof(UpdateProject), [projectName], () =>
        {
            var request = new UpdateProjectRequest { ProjectName = projectName };
            configure(request);
            Apply(Model.UpdateProject.Parse(request, out UpdateProject? command), command);
        });
    }

    /// <summary>Creates a dataset.</summary>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The name.</param>
    /// <param name="configure">Sets other parameters of the request; null for none.</param>
    /// <exception cref="ImmException">It cannot be created.</exception>
    public ImmSeed Dataset(string projectName, string datasetName, Action<CreateDatasetRequest>? configure = null) =>
        Step(nameof(Dataset), [projectName, datasetName], () => CreateDataset(projectName, datasetName, configure));

    /// <summary>Creates datasets, named <c>filler-001</c> and so on, until the project may have only so many more.</summary>
    /// <param name="projectName">
    /// The project; give it a <see cref="ProjectRequest.ProjectMaxDatasetCount"/> that can be reached.
    /// </param>
    /// <param name="slots">How many more, from 0.</param>
    /// <exception cref="ImmException">There is no such project.</exception>
    /// <exception cref="InvalidOperationException">
    /// It may have fewer more already, or it would take more than 1,000,000 datasets.
    /// </exception>
    public ImmSeed DatasetSlotsLeft(string projectName, long slots) => Step(
        nameof(DatasetSlotsLeft),
        [projectName, slots],
        () =>
        {
            Project project = Found(projectName);
            Repeat(
                ToAdd(project.ProjectMaxDatasetCount, project.DatasetCount, slots),
                "filler-",
                name => CreateDataset(projectName, name, null));
        });

    /// <summary>Updates a dataset.</summary>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="configure">Sets the parameters of the request.</param>
    /// <exception cref="ArgumentNullException"><paramref name="configure"/> is null.</exception>
    /// <exception cref="ImmException">It cannot be updated.</exception>
    public ImmSeed UpdateDataset(string projectName, string datasetName, Action<UpdateDatasetRequest> configure)
    {
        Guard.IsNotNull(configure, nameof(configure));
        return Step(nameof(UpdateDataset), [projectName, datasetName], () =>
        {
            var request = new UpdateDatasetRequest { ProjectName = projectName, DatasetName = datasetName };
            configure(request);
            Apply(Model.UpdateDataset.Parse(request, out UpdateDataset? command), command);
        });
    }

    /// <summary>Binds buckets to a dataset.</summary>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="uris">The buckets, as <c>oss://{bucket}</c>.</param>
    /// <exception cref="ImmException">One of them cannot be bound; those before it are.</exception>
    public ImmSeed Bindings(string projectName, string datasetName, params string[] uris)
    {
        Guard.IsNotNull(uris, nameof(uris));
        return Step(nameof(Bindings), [projectName, datasetName, .. uris], () =>
        {
            foreach (string uri in uris)
            {
                Apply(NameRule.CheckNames(projectName, datasetName) ?? Binding.Check(uri), new CreateBinding(projectName, datasetName, uri));
            }
        });
    }

    /// <summary>Counts files and bytes into a dataset.</summary>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="fileCount">How many files.</param>
    /// <param name="totalFileSize">How many bytes they have together.</param>
    /// <exception cref="ImmException">They cannot be added.</exception>
    public ImmSeed Files(string projectName, string datasetName, long fileCount, long totalFileSize) => Step(
        nameof(Files),
        [projectName, datasetName, fileCount, totalFileSize],
        () => AddFiles(projectName, datasetName, fileCount, totalFileSize));

    /// <summary>Counts empty files into a dataset, until it may have only so many more.</summary>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="slots">How many more, from 0.</param>
    /// <exception cref="ImmException">There is no such project or dataset.</exception>
    /// <exception cref="InvalidOperationException">It may have fewer more already.</exception>
    public ImmSeed FileSlotsLeft(string projectName, string datasetName, long slots) => Step(
        nameof(FileSlotsLeft),
        [projectName, datasetName, slots],
        () =>
        {
            Dataset dataset = Found(projectName, datasetName);
            AddFiles(projectName, datasetName, ToAdd(dataset.DatasetMaxFileCount, dataset.FileCount, slots), 0);
        });

    /// <summary>Counts bytes into a dataset, without a file, until it may have only so many more.</summary>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="bytes">How many more, from 0.</param>
    /// <exception cref="ImmException">There is no such project or dataset.</exception>
    /// <exception cref="InvalidOperationException">It may have fewer more already.</exception>
    public ImmSeed BytesLeft(string projectName, string datasetName, long bytes) => Step(
        nameof(BytesLeft),
        [projectName, datasetName, bytes],
        () =>
        {
            Dataset dataset = Found(projectName, datasetName);
            AddFiles(projectName, datasetName, 0, ToAdd(dataset.DatasetMaxTotalFileSize, dataset.TotalFileSize, bytes));
        });

    /// <summary>
    /// Takes over projects as the service answered them: all fields and times, so that reading them gives the same answer. Where a project
    /// has datasets, as many are made up to hold its files and bytes, named <c>recorded-001</c> and so on, since the answer does not show
    /// them.
    /// </summary>
    /// <param name="json">
    /// The JSON of a project, of an answer of CreateProject, GetProject or UpdateProject, or of a page of ListProjects. Fields that are not
    /// known are skipped; a project's name and times are required.
    /// </param>
    /// <exception cref="ArgumentNullException"><paramref name="json"/> is null.</exception>
    /// <exception cref="FormatException">The text is no such JSON, or what it says breaks a rule; the message names the field.</exception>
    /// <exception cref="ImmException">A project cannot be created; those before it are.</exception>
    public ImmSeed Recorded([StringSyntax(StringSyntaxAttribute.Json)] string json)
    {
        Guard.IsNotNull(json, nameof(json));
        return Step(nameof(Recorded), [], () =>
        {
            foreach (ProjectDocument? document in ReadAnswer(json))
            {
                Project project = ProjectReader.ToProject(document ?? throw new FormatException("A project is null."));
                CheckHolds(project);
                _registry.Apply(new TakeOverProject(project, [.. Names(project.DatasetCount, "recorded-")]));
            }
        });
    }

    private static ProjectDocument?[] ReadAnswer(string json)
    {
        try
        {
            RecordedAnswer answer = JsonSerializer.Deserialize(json, RecordedJsonContext.Default.RecordedAnswer)
                ?? throw new FormatException("The JSON is null, and no answer.");
            return answer.Projects ?? [answer.Project ?? answer];
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            // An argument is wrong where the text holds a surrogate without its partner.
            throw new FormatException($"The JSON is not that of a project or a page of projects. {e.Message}", e);
        }
    }

    private static void CheckHolds(Project project)
    {
        long datasets = project.DatasetCount;
        if (datasets > MaxThings)
        {
            throw new FormatException(
                string.Create(CultureInfo.InvariantCulture, $"The project has {datasets} datasets, more than are made up here."));
        }

        if ((UInt128)project.FileCount > (UInt128)datasets * (UInt128)Limit.DatasetMaxFileCount.Maximum
            || (project.TotalFileSize > 0 && datasets == 0))
        {
            throw new FormatException(string.Create(
                CultureInfo.InvariantCulture,
                $"The project has {project.FileCount} files and {project.TotalFileSize} bytes, "
                + $"more than its {datasets} datasets can hold."));
        }
    }

    private static long ToAdd(long limit, long used, long left)
    {
        Guard.IsGreaterThanOrEqualTo(left, 0, nameof(left));
        return limit - used >= left
            ? limit - used - left
            : throw new InvalidOperationException(string.Create(
                CultureInfo.InvariantCulture, $"{left} cannot be left: {used} of {limit} are in use already."));
    }

    private static void Repeat(long count, string prefix, Action<string> make)
    {
        if (count > MaxThings)
        {
            throw new InvalidOperationException(string.Create(
                CultureInfo.InvariantCulture, $"It would take {count} of them to get there; set a lower limit first."));
        }

        foreach (string name in Names(count, prefix))
        {
            make(name);
        }
    }

    private static IEnumerable<string> Names(long count, string prefix)
    {
        int digits = Math.Max(3, count.ToString(CultureInfo.InvariantCulture).Length);
        string format = $"D{digits}";
        for (long i = 1; i <= count; i++)
        {
            yield return prefix + i.ToString(format, CultureInfo.InvariantCulture);
        }
    }

    private Project Found(string projectName) =>
        NameRule.Check(nameof(CreateDatasetRequest.ProjectName), projectName) is { } malformed ? throw malformed.ToException()
        : _registry.State.TryFind(projectName, out Project? project) ? project
        : throw Refusal.NotFound("project", nameof(CreateDatasetRequest.ProjectName)).ToException();

    private Dataset Found(string projectName, string datasetName)
    {
        DatasetEntry? dataset = null;
        return (NameRule.CheckNames(projectName, datasetName) ?? _registry.State.Find(projectName, datasetName, out _, out dataset)) is { } refusal
            ? throw refusal.ToException()
            : dataset!.Dataset;
    }

    private void Create(string projectName, Action<CreateProjectRequest>? configure)
    {
        var request = new CreateProjectRequest { ProjectName = projectName };
        configure?.Invoke(request);
        Apply(CreateProject.Parse(request, out CreateProject? command), command);
    }

    private void CreateDataset(string projectName, string datasetName, Action<CreateDatasetRequest>? configure)
    {
        var request = new CreateDatasetRequest { ProjectName = projectName, DatasetName = datasetName };
        configure?.Invoke(request);
        Apply(Model.CreateDataset.Parse(request, out CreateDataset? command), command);
    }

    private void AddFiles(string projectName, string datasetName, long fileCount, long totalFileSize) => Apply(
        ChangeFiles.Parse([new FileChange(projectName, datasetName, fileCount, totalFileSize)], adds: true, out ChangeFiles? command),
        command);

    private void Apply<TAnswer>(Refusal? malformed, Command<TAnswer>? command) =>
        _registry.Apply(malformed is null ? command! : throw malformed.ToException());

    private ImmSeed Step(string name, object?[] arguments, Action work)
    {
        _step++;
        try
        {
            work();
            return this;
        }
        catch (ImmException e)
        {
            throw (e.Refusal with { Message = Tell(e) }).ToException(e);
        }
        catch (FormatException e)
        {
            throw new FormatException(Tell(e), e);
        }
        catch (InvalidOperationException e) when (e is not ObjectDisposedException)
        {
            throw new InvalidOperationException(Tell(e), e);
        }

        string Tell(Exception e) => string.Create(
            CultureInfo.InvariantCulture,
            $"Seed step {_step}, {name}("
            + $"{string.Join(", ", arguments.Select(argument =>
                argument is string text ? $"\"{text}\"" : Convert.ToString(argument, CultureInfo.InvariantCulture) ?? "null"))}"
            + $") in {_registry.AccountId}/{_registry.RegionId}: {e.Message}");
    }
}
