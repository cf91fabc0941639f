using CommunityToolkit.Diagnostics;
using Imm.Core.Json;
using Imm.Core.Model;
using Imm.Core.Shared;
using Imm.Core.Storage;
using Microsoft.Extensions.Options;

namespace Imm.Core;

/// <content>What is in a store as a whole: its accounts and regions, export and import.</content>
public sealed partial class ImmStore
{
    private const int ProjectsAtOnce = 1024;

    /// <summary>The number of records, also of datasets and buckets, at which a change of an import takes no more projects.</summary>
    private const int RecordsAtOnce = 16_384;

    private const int MaxTemporaryNames = 100;

    /// <summary>
    /// The accounts and regions that have projects, or a quota of their own: in ordinal order by account, then region; each with exact
    /// values of one moment.
    /// </summary>
    /// <remarks>
    /// Accounts and regions that are not in memory are read from the file, one at a time, and not kept. The first call for a large store
    /// takes time. Safe to call from many threads.
    /// </remarks>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>: an account and region cannot be read from the file.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public IReadOnlyList<ImmScope> Scopes
    {
        get
        {
            _pipeline.ThrowIfClosed();
            if (_log is SharedLog shared)
            {
                return Array.AsReadOnly<ImmScope>(
                [
                    .. from listed in shared.List()
                       where listed.ProjectCount > 0 || listed.HasOwnQuota
                       select new ImmScope(listed.Scope.AccountId, listed.Scope.RegionId, listed.ProjectCount, listed.ProjectQuota),
                ]);
            }

            ImmScope[] scopes =
            [
                .. from scope in _scopes.Scopes.Order(Scope.Order)
                   let state = _scopes.Peek(scope)
                   where state.ProjectCount > 0 || state.OwnProjectQuota is not null
                   select new ImmScope(scope.AccountId, scope.RegionId, state.ProjectCount, state.ProjectQuota),
            ];
            return Array.AsReadOnly(scopes);
        }
    }

    /// <summary>
    /// Writes the content of the store at one moment as JSON (UTF-8), which <see cref="Import(string, Stream)"/> and
    /// <see cref="ImportInMemory"/> read: projects with datasets, bindings, counts, times and revisions, and the project quotas.
    /// </summary>
    /// <remarks>
    /// The text is written piece by piece, one account and region after the other: the call holds one of them in memory, and not the text.
    /// A store in a file is read from a snapshot as a backup is: changes and checkpoints go on meanwhile. Closing the store waits for the
    /// export. Equal content gives equal text, but for the time.
    /// </remarks>
    /// <param name="stream">The stream. It is neither flushed nor closed.</param>
    /// <param name="cancellationToken">Cancels the export between two pieces.</param>
    /// <exception cref="ArgumentException"><paramref name="stream"/> is null or cannot be written.</exception>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>: the store has failed or cannot be read. What was written is incomplete.
    /// </exception>
    /// <exception cref="OperationCanceledException">The export was cancelled. What was written is incomplete.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public Task ExportAsync(Stream stream, CancellationToken cancellationToken = default)
    {
        Guard.IsNotNull(stream, nameof(stream));
        Guard.CanWrite(stream, nameof(stream));
        _pipeline.ThrowIfClosed();
        long now = TimeProvider.GetUtcNow().UtcTicks;
        return Task.Run(
            () => SnapshotWriter.WriteAsync(
                stream,
                ProjectQuota,
                now,
                (_log.ReadScopes() ?? SnapshotWriter.Sort(Capture().Values)).Where(static state => !Commit.ScopeTable.IsEmpty(state)),
                cancellationToken),
            cancellationToken);
    }

    /// <summary>Makes the file of a new store from an export. The file is whole under its name, or not there.</summary>
    /// <remarks>
    /// <para>
    /// The content is written beside the name, as <c>path-new</c>, or <c>-new2</c> to <c>-new100</c> where something has that name. It is
    /// checked, and then renamed. No file is replaced. If the process is killed meanwhile, that file and its logs are left over.
    /// </para>
    /// <para>
    /// The text is read piece by piece. The call holds one account and region in memory, and what no checkpoint has applied yet. The
    /// project quota of the exported store is an option and not part of a file: pass it when the store is opened.
    /// </para>
    /// </remarks>
    /// <param name="path">The new file. A link of that name is not followed.</param>
    /// <param name="stream">
    /// The JSON (UTF-8) that <see cref="ExportAsync"/> wrote, or a snapshot of a fixture. Its revisions are from 0 to 2^62.
    /// </param>
    /// <exception cref="ArgumentException">
    /// <paramref name="path"/> is null, empty or white space, or <paramref name="stream"/> is null or cannot be read.
    /// </exception>
    /// <exception cref="FormatException">
    /// The text is not an export, or breaks a rule; the message names the place. There is no file.
    /// </exception>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>: something has that name or that of a log of the file, it is the name of a log of
    /// another file, or the file cannot be written. There is no file.
    /// </exception>
    public static void Import(string path, Stream stream)
    {
        Guard.IsNotNullOrWhiteSpace(path, nameof(path));
        Guard.IsNotNull(stream, nameof(stream));
        Guard.CanRead(stream, nameof(stream));
        Import(MakeAbsolute(path), stream, LocalDisk.Instance);
    }

    /// <summary>Makes a store in memory from an export.</summary>
    /// <param name="stream">The JSON (UTF-8) that <see cref="ExportAsync"/> wrote, or a snapshot of a fixture.</param>
    /// <param name="options">
    /// The options, of which <see cref="ImmStoreOptions.Path"/> is not looked at; null for the defaults, with the project quota of the
    /// export.
    /// </param>
    /// <exception cref="ArgumentException"><paramref name="stream"/> is null or cannot be read.</exception>
    /// <exception cref="OptionsValidationException">An option is out of its range; the message names every one that is.</exception>
    /// <exception cref="FormatException">The text is not an export, or breaks a rule; the message names the place.</exception>
    public static ImmStore ImportInMemory(Stream stream, ImmStoreOptions? options = null)
    {
        Guard.IsNotNull(stream, nameof(stream));
        Guard.CanRead(stream, nameof(stream));
        SnapshotReader reader = ReaderOf(stream);
        var image = reader.Read().ToDictionary(static state => state.Scope);
        if (options is null)
        {
            options = new ImmStoreOptions();
            options.ProjectQuota = reader.ProjectQuota ?? options.ProjectQuota;
        }

        return InMemory(options, image);
    }

    /// <summary>
    /// Recovers what is readable of a damaged store, or of one that another program has written to, into the file of a new store.
    /// </summary>
    /// <remarks>
    /// <para>
    /// The damaged files are only read. The data file is scanned page by page, without an index: a damaged page costs what is on it, and no
    /// more. Every value has a checksum, or is validated where another program has written it. Then come the batches of the logs that are
    /// whole. A project that lost datasets counts those that it has.
    /// </para>
    /// <para>
    /// The records of the damaged store are held in memory. The new file is written as <see cref="Import(string, Stream)"/> writes it. On
    /// Unix it has the permissions of the damaged one.
    /// </para>
    /// </remarks>
    /// <param name="damagedPath">The data file of the damaged store, of the present format; its logs stand beside it.</param>
    /// <param name="newPath">The new file. A link of that name is not followed.</param>
    /// <returns>The numbers of what was recovered, and all that is missing.</returns>
    /// <exception cref="ArgumentException">A path is null, empty or white space.</exception>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>: the damaged file does not exist, is open for changes, cannot be read or is not a
    /// store; or something has the new name or that of a log of the new file, it is the name of a log of another file, or the new file
    /// cannot be written. There is no new file.
    /// </exception>
    public static SalvageReport Salvage(string damagedPath, string newPath)
    {
        Guard.IsNotNullOrWhiteSpace(damagedPath, nameof(damagedPath));
        Guard.IsNotNullOrWhiteSpace(newPath, nameof(newPath));
        return Salvage(LocalDisk.Instance, damagedPath, MakeAbsolute(newPath));
    }

    internal static SalvageReport Salvage(Disk disk, string damagedPath, string newPath)
    {
        StoreSalvage? salvage = null;
        OrUnavailable(damagedPath, () => salvage = StoreSalvage.Run(
            disk, disk.Resolve(damagedPath), new FileStoreSettings(DefaultsOf(new ImmStoreOptions()))));
        (int scopes, long projects, long datasets) = (0, 0, 0);
        Create(newPath, Counted(), disk, settings => settings with { NewFileMode = salvage!.Mode });
        return new SalvageReport(scopes, projects, datasets, salvage!.DamagedPages, salvage.Problems);

        IEnumerable<ScopeState> Counted()
        {
            foreach (ScopeState state in salvage!.ReadScopes())
            {
                (scopes, projects, datasets) = (scopes + 1, projects + state.ProjectCount, datasets + state.DatasetCount);
                yield return state;
            }
        }
    }

    /// <summary>Brings an export into a store that is empty: the way to move into a database, or from one to another.</summary>
    /// <remarks>
    /// <para>
    /// The text is read piece by piece. Each account and region is brought in once all of it is read, by changes of at most 1,024 projects,
    /// and fewer where they have many datasets. No other process may use the store meanwhile. The project quota of the exported store is an
    /// option and not part of a store: pass it when the store is opened.
    /// </para>
    /// <para>
    /// If the text is wrong, the accounts and regions before the place stay, each whole. If the store fails, the one that was being brought
    /// in may be there in part. Begin anew with an empty store then: in a database by dropping the schema.
    /// </para>
    /// </remarks>
    /// <param name="stream">The JSON (UTF-8) that <see cref="ExportAsync"/> wrote, or a snapshot of a fixture.</param>
    /// <exception cref="ArgumentException"><paramref name="stream"/> is null or cannot be read.</exception>
    /// <exception cref="InvalidOperationException">
    /// The store is not empty: an account and region has or had projects, or has a project quota of its own.
    /// </exception>
    /// <exception cref="FormatException">The text is not an export, or breaks a rule; the message names the place.</exception>
    /// <exception cref="ImmException"><see cref="ImmErrorCode.ServiceUnavailable"/>: the store cannot be read or written.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public void Import(Stream stream)
    {
        Guard.IsNotNull(stream, nameof(stream));
        Guard.CanRead(stream, nameof(stream));
        _pipeline.ThrowIfClosed();
        if (!IsEmpty)
        {
            throw new InvalidOperationException("The store is not empty: it has or had projects, or quotas. Import into a new store.");
        }

        foreach (ScopeState state in ReaderOf(stream).Read())
        {
            Import(state);
        }
    }

    internal static void Import(
        string path, Stream stream, Disk disk, Func<FileStoreSettings, FileStoreSettings>? adjust = null) =>
        Create(path, ReaderOf(stream).Read(), disk, adjust);

    /// <summary>Makes the file of a new store that holds the given scopes.</summary>
    private static void Create(
        string path, IEnumerable<ScopeState> scopes, Disk disk, Func<FileStoreSettings, FileStoreSettings>? adjust = null)
    {
        string temporary = "";
        OrUnavailable(path, () => temporary = FindTemporary(disk, path));
        using ImmStore store = Open(
            new ImmStoreOptions { Path = temporary, Durability = Durability.Relaxed, MaxLoadedProjects = 1 }, disk, adjust);
        if (store._log.StoredScopes.Count > 0)
        {
            // It came under the name since it was free.
            OrUnavailable(path, () => throw new StoreFileException(
                ImmUnavailableReason.NameTaken, $"The file '{temporary}' is in use. Move it away."));
        }

        // The data file stays open until it has its name, or is deleted: another file may come under a name meanwhile.
        FileStore file = store.Files!;
        file.IsTemporary = true;
        try
        {
            foreach (ScopeState state in scopes)
            {
                store.Import(state);
            }

            if (store.Check() is [var problem, ..])
            {
                OrUnavailable(path, () => throw new DamagedFileException(temporary, problem));
            }

            store.Dispose();
            OrUnavailable(path, () =>
            {
                if (store.Status.Failure is { } failure)
                {
                    throw new StoreFileException(StoreFileException.ReasonOf(failure), failure.Message, failure);
                }

                file.Data.ThrowIfMoved();
                disk.Rename(temporary, path);
                temporary = path;
                disk.FlushDirectory(path);
            });
            file.Data.Dispose();
        }
        catch
        {
            store.Dispose();
            file.Data.Delete(disk, temporary);
            throw;
        }
    }

    private static SnapshotReader ReaderOf(Stream stream) => new(stream, DefaultsOf(new ImmStoreOptions()));

    private static ServiceDefaults DefaultsOf(ImmStoreOptions options) =>
        new(options.ProjectQuota, options.ProjectQueriesPerSecond, options.EngineConcurrency);

    /// <summary>Makes the path of a new file absolute, which fails where the working directory is gone.</summary>
    private static string MakeAbsolute(string path)
    {
        string absolute = "";
        OrUnavailable(path, () => absolute = Path.GetFullPath(path));
        return absolute;
    }

    private static void OrUnavailable(string path, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw ImmRefusal
                .Unavailable(StoreFileException.ReasonOf(e), $"The store '{path}' cannot be used. {e.Message}", e)
                .ToException();
        }
    }

    /// <summary>Finds a name beside that of a new store under which, and under whose names for logs, nothing stands.</summary>
    private static string FindTemporary(Disk disk, string path)
    {
        if (FirstTaken(disk, path) is { } taken)
        {
            throw new StoreFileException(
                ImmUnavailableReason.NameTaken, $"The file '{taken}' exists already. No file is replaced: use another path.");
        }

        NewFileName.VerifyIsOfNoLog(disk, path);
        for (int i = 1; i <= MaxTemporaryNames; i++)
        {
            string temporary = path + (i == 1 ? "-new" : $"-new{i}");
            if (FirstTaken(disk, temporary) is null)
            {
                return temporary;
            }
        }

        throw new StoreFileException(
            ImmUnavailableReason.NameTaken, $"The names from '{path}-new' on are all taken by other files. Move them away.");
    }

    private static string? FirstTaken(Disk disk, string path)
    {
        (string first, string second) = WriteAheadLog.Paths(path);
        return Array.Find([path, first, second], name => NewFileName.IsTaken(disk, name));
    }

    private static IEnumerable<ScopeState> Cancellable(IEnumerable<ScopeState> scopes, CancellationToken cancellationToken)
    {
        foreach (ScopeState state in scopes.Where(static state => !Commit.ScopeTable.IsEmpty(state)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return state;
        }
    }

    /// <summary>True if no scope was ever changed. An import sets revisions, and these must not fall.</summary>
    private bool IsEmpty => _log is SharedLog shared
        ? shared.List().All(static scope => scope is { Revision: 0, HasOwnQuota: false })
        : _scopes.Scopes.All(scope => Commit.ScopeTable.IsEmpty(_scopes.Peek(scope)));

    private void Import(ScopeState state)
    {
        var view = new ScopeView(_scopes, state.Scope);
        var projects = new List<Project>();
        long records = 0;
        foreach (Project project in state.Projects.After(null))
        {
            projects.Add(project);
            records += 1 + project.DatasetCount + project.Attachments.Count;
            if (projects.Count == ProjectsAtOnce || records >= RecordsAtOnce)
            {
                _pipeline.Run(OperationCall.Unlisted(new ImportProjects([.. projects])), view);
                projects.Clear();
                records = 0;
            }
        }

        _pipeline.Run(OperationCall.Unlisted(new ImportProjects([.. projects])), view);
        _pipeline.Run(OperationCall.Unlisted(new ImportScope(state.OwnProjectQuota, state.Revision)), view);
    }
}
