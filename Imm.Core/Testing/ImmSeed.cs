using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using CommunityToolkit.Diagnostics;
using Imm.Core.Json;
using Imm.Core.Model;

namespace Imm.Core.Testing;

/// <summary>
/// Prepares the initial content for a test, step by step, in one account and region:
/// <c>fixture.Seed.Projects(99).Project("photos").Dataset("photos", "raw").FileSlotsLeft("photos", "raw", 1)</c>.
/// </summary>
/// <remarks>
/// <para>
/// Each step is carried out before its method returns, at the time of the clock and under the rules of the service. A step that breaks a
/// rule throws the <see cref="ImmException"/> of a registry, with the step in its message. Steps bypass authorizer, faults and record.
/// </para>
/// <para>Not thread-safe.</para>
/// </remarks>
public sealed class ImmSeed
{
    // A step that needs more is a mistake, such as filling a quota that was not lowered.
    private const long MaxCount = 1_000_000;

    private readonly ImmStore _store;
    private readonly ProjectRegistry _registry;
    private int _step;

    internal ImmSeed(ImmStore store, string accountId, string regionId, int step = 0)
    {
        _store = store;
        _registry = store.Registry(accountId, regionId);
        _step = step;
    }

    /// <summary>Continues in another account or region.</summary>
    /// <param name="accountId">The account: 1 to 64 of the ASCII letters, digits, <c>_</c> and <c>-</c>.</param>
    /// <param name="regionId">The region: 1 to 64 of the lower-case ASCII letters, digits and <c>-</c>.</param>
    /// <exception cref="ArgumentException">An id is null or malformed.</exception>
    public ImmSeed In(string accountId, string regionId) => new(_store, accountId, regionId, _step);

    /// <summary>Sets the project quota.</summary>
    /// <param name="projectQuota">The number of projects that there may be, 0 to 2,147,483,647.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="projectQuota"/> is below 0.</exception>
    public ImmSeed ProjectQuota(int projectQuota)
    {
        Guard.IsGreaterThanOrEqualTo(projectQuota, 0, nameof(projectQuota));
        return Step(nameof(ProjectQuota), [projectQuota], () => _registry.Apply(new SetProjectQuota(projectQuota)));
    }

    /// <summary>Creates a project.</summary>
    /// <param name="projectName">The name.</param>
    /// <param name="configure">Sets other parameters of the request; null for none.</param>
    /// <exception cref="ImmException">The request is refused.</exception>
    public ImmSeed Project(string projectName, Action<CreateProjectRequest>? configure = null) =>
        Step(nameof(Project), [projectName], () => Create(projectName, configure));

    /// <summary>
    /// Creates projects, named with numbers from 1 that have as many digits as the last one, and at least three: <c>project-001</c>.
    /// </summary>
    /// <param name="count">The number of projects, 0 to 1,000,000.</param>
    /// <param name="prefix">The text before the number.</param>
    /// <param name="configure">Sets other parameters of each request; null for none.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is below 0.</exception>
    /// <exception cref="InvalidOperationException"><paramref name="count"/> is above 1,000,000.</exception>
    /// <exception cref="ImmException">A request is refused; those before it have been carried out.</exception>
    public ImmSeed Projects(int count, string prefix = "project-", Action<CreateProjectRequest>? configure = null)
    {
        Guard.IsGreaterThanOrEqualTo(count, 0, nameof(count));
        return Step(nameof(Projects), [count, prefix], () => CreateMany(count, prefix, name => Create(name, configure)));
    }

    /// <summary>Creates projects, named <c>filler-001</c> and so on, until a given part of the project quota is left.</summary>
    /// <param name="slots">The number of projects that can still be created afterwards, from 0.</param>
    /// <exception cref="InvalidOperationException">
    /// Fewer can be created already, or the step would need more than 1,000,000 projects.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="slots"/> is below 0.</exception>
    public ImmSeed ProjectSlotsLeft(int slots) => Step(
        nameof(ProjectSlotsLeft),
        [slots],
        () =>
        {
            ScopeState state = _registry.State;
            CreateMany(CountToAdd(state.ProjectQuota, state.ProjectCount, slots), "filler-", name => Create(name, null));
        });

    /// <summary>Updates a project.</summary>
    /// <param name="projectName">The name.</param>
    /// <param name="configure">Sets the parameters of the request.</param>
    /// <exception cref="ArgumentNullException"><paramref name="configure"/> is null.</exception>
    /// <exception cref="ImmException">The request is refused.</exception>
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
    /// <exception cref="ImmException">The request is refused.</exception>
    public ImmSeed Dataset(string projectName, string datasetName, Action<CreateDatasetRequest>? configure = null) =>
        Step(nameof(Dataset), [projectName, datasetName], () => CreateDataset(projectName, datasetName, configure));

    /// <summary>Creates datasets, named <c>filler-001</c> and so on, until a given part of the project's limit is left.</summary>
    /// <param name="projectName">
    /// The project; give it a <see cref="ProjectRequest.ProjectMaxDatasetCount"/> that can be reached.
    /// </param>
    /// <param name="slots">The number of datasets that can still be created afterwards, from 0.</param>
    /// <exception cref="ImmException">There is no such project.</exception>
    /// <exception cref="InvalidOperationException">
    /// Fewer can be created already, or the step would need more than 1,000,000 datasets.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="slots"/> is below 0.</exception>
    public ImmSeed DatasetSlotsLeft(string projectName, long slots) => Step(
        nameof(DatasetSlotsLeft),
        [projectName, slots],
        () =>
        {
            Project project = GetProject(projectName);
            CreateMany(
                CountToAdd(project.ProjectMaxDatasetCount, project.DatasetCount, slots),
                "filler-",
                name => CreateDataset(projectName, name, null));
        });

    /// <summary>Updates a dataset.</summary>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="configure">Sets the parameters of the request.</param>
    /// <exception cref="ArgumentNullException"><paramref name="configure"/> is null.</exception>
    /// <exception cref="ImmException">The request is refused.</exception>
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
    /// <exception cref="ArgumentNullException"><paramref name="uris"/> is null.</exception>
    /// <exception cref="ImmException">A binding is refused; those before it have been created.</exception>
    public ImmSeed Bindings(string projectName, string datasetName, params string[] uris)
    {
        Guard.IsNotNull(uris, nameof(uris));
        return Step(nameof(Bindings), [projectName, datasetName, .. uris], () =>
        {
            foreach (string uri in uris)
            {
                Apply(
                    NameRule.CheckNames(projectName, datasetName) ?? Binding.Check(uri), new CreateBinding(projectName, datasetName, uri));
            }
        });
    }

    /// <summary>Attaches buckets to a project.</summary>
    /// <param name="projectName">The project.</param>
    /// <param name="ossBuckets">The names of the buckets.</param>
    /// <exception cref="ArgumentNullException"><paramref name="ossBuckets"/> is null.</exception>
    /// <exception cref="ImmException">An attachment is refused; those before it have been made.</exception>
    public ImmSeed AttachedOssBuckets(string projectName, params string[] ossBuckets)
    {
        Guard.IsNotNull(ossBuckets, nameof(ossBuckets));
        return Step(nameof(AttachedOssBuckets), [projectName, .. ossBuckets], () =>
        {
            foreach (string ossBucket in ossBuckets)
            {
                var request = new AttachOssBucketRequest { ProjectName = projectName, OssBucket = ossBucket };
                Apply(AttachOssBucket.Parse(request, out AttachOssBucket? command), command);
            }
        });
    }

    /// <summary>Adds files and bytes to a dataset.</summary>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="fileCount">The number of files, from 0 to what the dataset's limit leaves.</param>
    /// <param name="totalFileSize">The number of bytes in the files together, from 0 to what the dataset's limit leaves.</param>
    /// <exception cref="ImmException">The change is refused.</exception>
    public ImmSeed Files(string projectName, string datasetName, long fileCount, long totalFileSize) => Step(
        nameof(Files),
        [projectName, datasetName, fileCount, totalFileSize],
        () => AddFiles(projectName, datasetName, fileCount, totalFileSize));

    /// <summary>Adds empty files to a dataset, until a given part of its limit is left.</summary>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="slots">The number of files that can still be added afterwards, from 0.</param>
    /// <exception cref="ImmException">There is no such project or dataset.</exception>
    /// <exception cref="InvalidOperationException">Fewer can be added already.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="slots"/> is below 0.</exception>
    public ImmSeed FileSlotsLeft(string projectName, string datasetName, long slots) => Step(
        nameof(FileSlotsLeft),
        [projectName, datasetName, slots],
        () =>
        {
            Dataset dataset = GetDataset(projectName, datasetName);
            AddFiles(projectName, datasetName, CountToAdd(dataset.DatasetMaxFileCount, dataset.FileCount, slots), 0);
        });

    /// <summary>Adds bytes to a dataset, without a file, until a given part of its limit is left.</summary>
    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="bytes">The number of bytes that can still be added afterwards, from 0.</param>
    /// <exception cref="ImmException">There is no such project or dataset.</exception>
    /// <exception cref="InvalidOperationException">Fewer can be added already.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bytes"/> is below 0.</exception>
    public ImmSeed BytesLeft(string projectName, string datasetName, long bytes) => Step(
        nameof(BytesLeft),
        [projectName, datasetName, bytes],
        () =>
        {
            Dataset dataset = GetDataset(projectName, datasetName);
            AddFiles(projectName, datasetName, 0, CountToAdd(dataset.DatasetMaxTotalFileSize, dataset.TotalFileSize, bytes));
        });

    /// <summary>
    /// Imports projects from an answer of the service with all fields and times, so that reading them gives the same answer. An answer does
    /// not contain the datasets of a project: as many are made up, named <c>recorded-001</c> and so on, to hold its files and bytes.
    /// </summary>
    /// <param name="json">
    /// The JSON of a project, of an answer of CreateProject, GetProject or UpdateProject, or of a page of ListProjects. The name and the
    /// times of a project are required. Unknown fields are skipped.
    /// </param>
    /// <exception cref="ArgumentNullException"><paramref name="json"/> is null.</exception>
    /// <exception cref="FormatException">The text is not such JSON, or a field breaks a rule; the message names the field.</exception>
    /// <exception cref="ImmException">A project is refused; those before it have been imported.</exception>
    public ImmSeed Recorded([StringSyntax(StringSyntaxAttribute.Json)] string json)
    {
        Guard.IsNotNull(json, nameof(json));
        return Step(nameof(Recorded), [], () =>
        {
            var place = new DocumentPlace("answer", "$");
            AnswerDocument answer = DocumentJsonContext.Read(
                json, "project or a page of projects", DocumentJsonContext.Default.AnswerDocument);
            if (answer.Projects is null)
            {
                Import(answer.Project ?? answer, place);
            }

            for (int i = 0; i < answer.Projects?.Length; i++)
            {
                DocumentPlace at = place.Entry(nameof(answer.Projects), i);
                Import(at.Required(answer.Projects[i]), at);
            }
        });
    }

    private void Import(ProjectDocument document, DocumentPlace place)
    {
        Project project = DocumentReader.ReadProject(document, place);
        CheckUse(project);
        _registry.Apply(new ImportProject(project, [.. Names(project.DatasetCount, "recorded-")]));
    }

    private static void CheckUse(Project project)
    {
        long datasets = project.DatasetCount;
        if (datasets > MaxCount)
        {
            throw new FormatException(
                string.Create(CultureInfo.InvariantCulture, $"The project has {datasets} datasets; at most {MaxCount} can be made up."));
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

    private static long CountToAdd(long limit, long used, long left)
    {
        Guard.IsGreaterThanOrEqualTo(left, 0, nameof(left));
        return limit - used >= left
            ? limit - used - left
            : throw new InvalidOperationException(string.Create(
                CultureInfo.InvariantCulture, $"{left} cannot be left: {used} of {limit} are in use already."));
    }

    private static void CreateMany(long count, string prefix, Action<string> create)
    {
        if (count > MaxCount)
        {
            throw new InvalidOperationException(string.Create(
                CultureInfo.InvariantCulture, $"The step would need {count} resources, more than {MaxCount}. Set a lower limit first."));
        }

        foreach (string name in Names(count, prefix))
        {
            create(name);
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

    private Project GetProject(string projectName) =>
        NameRule.Check(nameof(CreateDatasetRequest.ProjectName), projectName) is { } malformed ? throw malformed.ToException()
        : _registry.State.TryFind(projectName, out Project? project) ? project
        : throw ImmRefusal.NotFound("project", nameof(CreateDatasetRequest.ProjectName)).ToException();

    private Dataset GetDataset(string projectName, string datasetName)
    {
        DatasetEntry? dataset = null;
        return (NameRule.CheckNames(projectName, datasetName)
            ?? _registry.State.Find(projectName, datasetName, out _, out dataset)) is { } refusal
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

    private void Apply<TAnswer>(ImmRefusal? malformed, Command<TAnswer>? command) =>
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
            throw e.Refusal.WithMessage(Describe(e), cause: e).ToException();
        }
        catch (FormatException e)
        {
            throw new FormatException(Describe(e), e);
        }
        catch (InvalidOperationException e) when (e is not ObjectDisposedException)
        {
            throw new InvalidOperationException(Describe(e), e);
        }

        static string? DescribeArgument(object? argument) => argument switch
        {
            null => "null",
            string text => $"\"{text}\"",
            _ => Convert.ToString(argument, CultureInfo.InvariantCulture),
        };

        string Describe(Exception e) => string.Create(
            CultureInfo.InvariantCulture,
            $"Seed step {_step}, {name}("
            + $"{string.Join(", ", arguments.Select(DescribeArgument))}) in {_registry.AccountId}/{_registry.RegionId}: {e.Message}");
    }
}
