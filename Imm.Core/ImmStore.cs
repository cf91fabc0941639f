using System.Collections.Frozen;
using System.Data.Common;
using CommunityToolkit.Diagnostics;
using Imm.Core.Access;
using Imm.Core.Commit;
using Imm.Core.Model;
using Imm.Core.Shared;
using Imm.Core.Storage;
using Imm.Core.Telemetry;
using Microsoft.Extensions.Options;

namespace Imm.Core;

/// <summary>
/// A store of projects, in a file or in memory. It owns its files alone from the moment it is opened until it is disposed.
/// </summary>
/// <remarks>
/// <para>
/// Every change is atomic, and durable when the call that makes it returns. All members are safe to call from many threads at once. After
/// <see cref="Dispose"/> every member of the store and of its registries throws <see cref="ObjectDisposedException"/>. No synchronous
/// member waits for a thread of the pool. Listeners, loggers and the clock, which the store calls, may neither change nor close it then.
/// </para>
/// <para>
/// After a failed read, write or flush the store takes no more changes: they are refused with <see cref="ImmErrorCode.ServiceUnavailable"/>
/// and the cause as <see cref="Exception.InnerException"/>. The same holds after one of its files was moved, deleted, replaced or cut. What
/// is in memory can still be read. Opening the store again finds everything that was acknowledged, if its files are as the store left them:
/// what stood only in a file that something else deleted or overwrote is lost with it.
/// </para>
/// <para>
/// A full disk is no failure: the change that finds no room is refused with <see cref="ImmErrorCode.ServiceUnavailable"/>, nothing of it is
/// written, and the next change is tried again.
/// </para>
/// </remarks>
/// <example>
/// <code>
/// using ImmStore photoStore = ImmStore.Open("photos.db");
/// ProjectRegistry projects = photoStore.Registry("1234567890", "cn-hangzhou");
/// (Project project, bool isNew) = projects.GetOrCreate(new() { ProjectName = "photos" });
/// </code>
/// </example>
public sealed partial class ImmStore : IMeasuredStore, IDisposable, IAsyncDisposable
{
    private static readonly ImmStoreOptionsValidator Validator = new();

    private readonly CommitLog _log;
    private readonly Func<FileStore>? _open;
    private readonly string? _path;
    private readonly Durability _durability;
    private readonly ScopeTable _scopes;
    private readonly CommitQueue _queue;
    private readonly OperationPipeline _pipeline;
    private readonly StoreTelemetry _telemetry;
    private readonly SharedReads? _reads;
    private readonly Scope _defaultScope;
    private readonly IImmAuthorizer? _authorizer;
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ImmStore(
        ImmStoreOptions options,
        FileStoreSettings settings,
        StoreTelemetry telemetry,
        CommitLog log,
        Func<FileStore>? open,
        OpenedStoreDetails details)
    {
        TimeOffset = options.TimeOffset;
        TimeProvider = options.TimeProvider;
        ProjectQuota = options.ProjectQuota;
        _defaultScope = new Scope(options.DefaultAccountId, options.DefaultRegionId);
        _telemetry = telemetry;
        _log = log;
        _open = open;
        _path = options.Path;
        _durability = options.Durability;
        _scopes = new ScopeTable(log, options.MaxLoadedProjects, options.KeptChanges);
        _queue = new CommitQueue(
            log, _scopes, options.TimeProvider, settings.Observer, options.MaxWaitingWrites, settings.StartThread, EndClose);
        try
        {
            if (log is SharedLog shared)
            {
                shared.RefuseWaiting = _queue.RefuseWaiting;
                shared.CatchUp.Attach(_scopes);
                _reads = new SharedReads(
                    shared.Database,
                    shared.CatchUp,
                    _scopes,
                    options.ReadConsistency.MaximumAge,
                    options.WatchInterval,
                    settings.StartThread);
                _scopes.Crowded = () => _queue.TryRunBetweenBatches(_scopes.RemoveUnused);
                _scopes.Confirm = scope => _reads.Confirm(scope);
            }

            _pipeline = new OperationPipeline(
                _queue,
                options.Authorizer,
                new OperationObservers(options.TimeProvider, [telemetry, .. options.Observers]),
                telemetry,
                options.TimeProvider,
                _reads);
            _authorizer = options.Authorizer;
            FollowFiles();
            telemetry.Opened(this, details, options.Authorizer?.Mode);
        }
        catch
        {
            // A thread that cannot be started, or an authorizer that throws: nobody gets a store to close.
            _reads?.Close();
            _queue.Abandon();
            throw;
        }
    }

    /// <summary>The offset from UTC of times on the wire.</summary>
    internal TimeSpan TimeOffset { get; }

    /// <summary>The clock of the store.</summary>
    internal TimeProvider TimeProvider { get; }

    /// <summary>The metrics, traces and logs of the store.</summary>
    internal StoreTelemetry Telemetry => _telemetry;

    /// <summary>The number of projects that a scope without a quota of its own may have.</summary>
    internal int ProjectQuota { get; }

    long IMeasuredStore.WaitingWrites => _queue.WaitingCount;

    long IMeasuredStore.LoadedProjects => _scopes.LoadedProjectCount;

    long IMeasuredStore.KnownProjects =>
        _log is SharedLog shared ? shared.CountProjects() : _scopes.CountProjects();

    long IMeasuredStore.LoadedDatasets => _scopes.LoadedDatasetCount;

    long IMeasuredStore.DataFileLength => Files?.DataLength ?? 0;

    long IMeasuredStore.LogLength => Files?.LogLength ?? 0;

    /// <summary>The files; null for a store in memory, and where they could not be opened again.</summary>
    private FileStore? Files => (_log as FileLog)?.Files;

    /// <summary>The number of scopes that have an entry: those that are stored or have content, as far as they were used.</summary>
    internal int ScopeCount => _scopes.Count;

    /// <summary>True if the store is closed, or being closed.</summary>
    internal bool IsClosed => _queue.IsClosed;

    /// <summary>Opens the store of a file; where there is no file, or an empty one, it makes a new store.</summary>
    /// <remarks>
    /// <para>
    /// The path is resolved once, now: it is made absolute, and links are followed to the file itself. A later change of the working
    /// directory or of a link has no effect. An empty file keeps its owner and permissions; the log files get the permissions of the data
    /// file.
    /// </para>
    /// <para>
    /// Opening a store that was closed writes nothing and needs no room on the disk: its first change does. One that was not closed needs
    /// up to about 18 MiB, and room for what its latest changes add to the data file.
    /// </para>
    /// </remarks>
    /// <param name="path">The data file, or a link to it. The log files stand beside the file itself.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is null, empty or white space.</exception>
    /// <exception cref="OptionsValidationException"><paramref name="path"/> holds a null character.</exception>
    /// <exception cref="ImmException">
    /// The file is open in this process or another; it is no regular file, no store of this version, or damaged; one of its logs is
    /// missing, damaged or older than it; it cannot be read, written or locked so that others are kept out; its name is too long for its
    /// logs; there is no room on the disk; or a thread cannot be started. The code is <see cref="ImmErrorCode.ServiceUnavailable"/>, the
    /// cause <see cref="Exception.InnerException"/>. Nothing was lost, and a file that was refused for what it holds is as it was.
    /// </exception>
    public static ImmStore Open(string path)
    {
        Guard.IsNotNullOrWhiteSpace(path, nameof(path));
        return Open(new ImmStoreOptions { Path = path });
    }

    /// <summary>Opens a store as the options say: that of the file <see cref="ImmStoreOptions.Path"/>, or one in memory.</summary>
    /// <inheritdoc cref="Open(string)" path="/remarks"/>
    /// <param name="options">The options; they are read now, and later changes to them have no effect.</param>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is null.</exception>
    /// <exception cref="OptionsValidationException">An option is out of its range; the message names every one that is.</exception>
    /// <exception cref="ImmException">
    /// The file is open in this process or another; it is no regular file, no store of this version, or damaged; one of its logs is
    /// missing, damaged or older than it; it cannot be read, written or locked so that others are kept out; its name is too long for its
    /// logs; there is no room on the disk; or a thread cannot be started. The code is <see cref="ImmErrorCode.ServiceUnavailable"/>, the
    /// cause <see cref="Exception.InnerException"/>. Nothing was lost, and a file that was refused for what it holds is as it was.
    /// </exception>
    public static ImmStore Open(ImmStoreOptions options) => Open(options, LocalDisk.Instance);

    /// <summary>Makes an empty store in memory, gone when it is disposed. It has no thread and no file.</summary>
    /// <param name="options">The options, of which <see cref="ImmStoreOptions.Path"/> is not looked at; null for the defaults.</param>
    /// <exception cref="OptionsValidationException">An option is out of its range; the message names every one that is.</exception>
    public static ImmStore InMemory(ImmStoreOptions? options = null) => InMemory(options ?? new ImmStoreOptions(), image: null);

    /// <summary>
    /// The registry of <see cref="ImmStoreOptions.DefaultAccountId"/> and <see cref="ImmStoreOptions.DefaultRegionId"/>, for programs that
    /// know no accounts and regions.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public ProjectRegistry Registry() => RegistryOf(_defaultScope);

    /// <summary>The registry of one account in one region. It is a light view: ask for it as often as you like, or keep it.</summary>
    /// <param name="accountId">The account: 1 to 64 of the ASCII letters, digits, <c>_</c> and <c>-</c>.</param>
    /// <param name="regionId">The region: 1 to 64 of the lower-case ASCII letters, digits and <c>-</c>.</param>
    /// <exception cref="ArgumentException">An id is null or malformed.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public ProjectRegistry Registry(string accountId, string regionId)
    {
        Scope.ThrowIfMalformed(accountId, regionId);
        return RegistryOf(new Scope(accountId, regionId));
    }

    /// <summary>
    /// The registry of one account in one region for a principal, whose operations the authorizer decides as that principal's.
    /// </summary>
    /// <param name="accountId">The account: 1 to 64 of the ASCII letters, digits, <c>_</c> and <c>-</c>.</param>
    /// <param name="regionId">The region: 1 to 64 of the lower-case ASCII letters, digits and <c>-</c>.</param>
    /// <param name="principal">The principal. The other overloads give the registry of the account itself.</param>
    /// <param name="conditionValues">
    /// The values of condition keys that the host knows of its caller, such as <c>acs:SourceIp</c>, in a dictionary that compares keys with
    /// case; read while operations are authorized, by many threads at the same time. Null for none.
    /// </param>
    /// <exception cref="ArgumentException">An id is null or malformed, or <paramref name="principal"/> is null.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public ProjectRegistry Registry(
        string accountId, string regionId, RamPrincipal principal, IReadOnlyDictionary<string, string>? conditionValues = null)
    {
        Scope.ThrowIfMalformed(accountId, regionId);
        Guard.IsNotNull(principal, nameof(principal));
        return RegistryOf(new Scope(accountId, regionId), new Caller(principal, conditionValues));
    }

    /// <summary>The state and the figures of the store: cheap, and safe to ask for at any time, also after <see cref="Dispose"/>.</summary>
    public ImmStoreStatus Status => new(
        IsClosed ? ImmStoreState.Closed : _log.Failure is null ? ImmStoreState.Open : ImmStoreState.Failed,
        _log.Failure ?? (_log as SharedLog)?.Unreachable,
        _queue.WaitingCount,
        Files,
        (_log as ReadOnlyLog)?.DataLength ?? 0,
        _authorizer?.Mode ?? AuthorizationMode.Off);

    /// <summary>
    /// Verifies the whole store: the checksum of every page, every record, that names are unique, and that everything belongs to something.
    /// </summary>
    /// <remarks>
    /// The call reads a snapshot, which it takes at its beginning. Changes and checkpoints go on meanwhile, and no room on the disk is
    /// needed. The snapshot keeps up to 64 MiB of the pages that checkpoints overwrite; beyond that they wait for its end. Closing the
    /// store waits for the call.
    /// </remarks>
    /// <returns>Every problem that was found, in words; empty where there is none. A store in memory has none.</returns>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>: the store has failed, a file of it was moved, deleted, replaced or cut, or a log
    /// cannot be read.
    /// </exception>
    /// <exception cref="OutOfMemoryException">
    /// There is not enough memory. That is not a problem of the store, and is not reported as one.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public IReadOnlyList<string> Check()
    {
        _pipeline.ThrowIfClosed();
        List<string> problems = _log.Check();
        _telemetry.Checked(problems);
        return problems.AsReadOnly();
    }

    /// <summary>
    /// Writes a copy of the store, as it is at one moment after the call began, to a new file: verified, whole under its name or not there,
    /// and to be opened by itself. The copy is dense, so it is also the way to make a file smaller.
    /// </summary>
    /// <remarks>
    /// <para>
    /// The call reads a snapshot. Changes and checkpoints go on meanwhile, and the disk of the store needs no room for it. The snapshot
    /// keeps up to 64 MiB of the pages that checkpoints overwrite; beyond that they wait for its end. Closing the store waits for a backup
    /// that has begun.
    /// </para>
    /// <para>
    /// The copy is written beside its name, as <c>path-new</c>, or <c>-new2</c> to <c>-new100</c> where something has that name, read back,
    /// and then renamed. A backup replaces no file; it deletes only what its whole content shows to be an earlier backup to the same name
    /// that was cut short. On Unix the copy has the permissions of the data file.
    /// </para>
    /// </remarks>
    /// <param name="path">The new file. It is made absolute when the call is made; a link of that name is not followed.</param>
    /// <param name="cancellationToken">Cancels the backup at any time until the copy is renamed; what was written is deleted.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is null, empty or white space, or holds a null character.</exception>
    /// <exception cref="InvalidOperationException">The store is in memory.</exception>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>: something has that name or that of a log of the copy, or came under it while the copy
    /// was written; it is the name of a log of another file; it is too long for the logs of the copy; the file cannot be written, or there
    /// is no room for it; the store has failed; or a file of it was moved, deleted, replaced or cut. There is no copy.
    /// </exception>
    /// <exception cref="OperationCanceledException">The backup was cancelled; there is no copy.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public Task BackupAsync(string path, CancellationToken cancellationToken = default)
    {
        Guard.IsNotNullOrWhiteSpace(path, nameof(path));
        _pipeline.ThrowIfClosed();
        if (_log is SharedLog)
        {
            string file = MakeAbsolute(path);
            return Task.Run(() => Create(file, Cancellable(_log.ReadScopes()!, cancellationToken), LocalDisk.Instance), cancellationToken);
        }

        if (_log is not StoredLog log)
        {
            throw new InvalidOperationException("A store in memory has no file to copy.");
        }

        // Now: the working directory may be another when the work begins. A link of that name is not followed: a backup replaces nothing.
        string absolute = log.MakeAbsolute(path);
        return Task.Run(() => log.Backup(absolute, cancellationToken), cancellationToken);
    }

    /// <summary>
    /// Opens the files of a store that has failed again, as a new open does: everything that was acknowledged is there, if the files are as
    /// the store left them, and the store takes changes again. Registries remain valid. Does nothing for a store that has not failed, nor
    /// for one in memory.
    /// </summary>
    /// <remarks>
    /// <para>
    /// Correct the cause of the failure first: bring back a file that was moved, or a disk that was not there. The change that met the
    /// failure was not acknowledged, and is found whole or not at all. A watch goes on from a revision that the files still know, or ends
    /// with <see cref="ImmErrorCode.RevisionGone"/>.
    /// </para>
    /// <para>
    /// The call waits for the checks, backups and reads of the file under way. While it runs, what is in memory can be read, changes wait,
    /// and what has to be read from the file is refused with <see cref="ImmErrorCode.ServiceUnavailable"/>.
    /// </para>
    /// </remarks>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>: the files cannot be opened, for a reason of <see cref="Open(string)"/>. The store has
    /// still failed and what is in memory can still be read; the call can be repeated.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// The caller is a listener, logger or clock that the store calls at this moment.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public void Reopen() => _queue.RunBetweenBatches(() =>
    {
        if (_log is not FileLog { Failure: not null } log)
        {
            return;
        }

        _telemetry.Reopening();
        try
        {
            log.Reopen(_open!);
        }
        catch (Exception e) when (IsOfOpening(e))
        {
            _telemetry.OpenRefused(e);
            throw CannotOpen(_path!, e);
        }

        _scopes.Forget();
        FollowFiles();
        _telemetry.Reopened(OpenedStoreDetails.Of(log.Files!, _durability.ToString()));
    });

    /// <summary>
    /// Closes the store: waits for the changes, reads, checks and backups under way, brings everything into the data file and gives up the
    /// files. Closing twice is closing once, and every call returns when the store is closed. It does not throw where something cannot be
    /// brought into the data file: <see cref="ImmStoreStatus.Failure"/> and the log event <c>CloseIncomplete</c> say so, and the next open
    /// does it. A file that another one has replaced under its name is not deleted. No thread of the pool is needed, and a close whose
    /// caller is interrupted goes on.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// The caller is a listener, logger or clock that the store calls at this moment.
    /// </exception>
    public void Dispose()
    {
        _queue.ThrowIfCalledByStore();
        _queue.Close();
        _closed.Task.GetAwaiter().GetResult();
    }

    /// <inheritdoc cref="Dispose"/>
    public ValueTask DisposeAsync()
    {
        _queue.ThrowIfTelling();
        _queue.Close();
        return new ValueTask(_closed.Task);
    }

    /// <summary>
    /// Opens an existing store for reading: one that was closed, or that a process left open when it ended. No file is changed, and none
    /// needs to be writable.
    /// </summary>
    /// <remarks>
    /// <para>
    /// The logs of a store that was not closed are read into memory. Every change is refused with
    /// <see cref="ImmErrorCode.ServiceUnavailable"/> and <see cref="ImmUnavailableReason.ReadOnly"/>. Check, backup and export work.
    /// </para>
    /// <para>
    /// Any number of readers may have the file open at the same time, in this process and others. A store that is open for changes is
    /// refused as locked, and a reader keeps others from opening it for changes.
    /// </para>
    /// </remarks>
    /// <param name="path">The data file, or a link to it.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is null, empty or white space.</exception>
    /// <exception cref="OptionsValidationException"><paramref name="path"/> holds a null character.</exception>
    /// <exception cref="ImmException">
    /// There is no such file; it is open for changes; or it is no store of this version, damaged, or cannot be read. The code is
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>; <see cref="ImmException.Reason"/> tells which.
    /// </exception>
    public static ImmStore OpenReadOnly(string path)
    {
        Guard.IsNotNullOrWhiteSpace(path, nameof(path));
        return OpenReadOnly(new ImmStoreOptions { Path = path }, LocalDisk.Instance);
    }

    internal static ImmStore OpenReadOnly(ImmStoreOptions options, Disk disk)
    {
        Validate(options);
        string path = options.Path!;
        return OpenFile(options, path, telemetry =>
        {
            FileStoreSettings settings = Settings(options, telemetry);
            IStoreContents contents = StoreSnapshot.Open(disk, disk.Resolve(path), settings);
            try
            {
                var log = new ReadOnlyLog(contents, disk, settings);
                return new ImmStore(options, settings, telemetry, log, open: null, new(
                    contents.Pages.Name, "read-only", DataFileHeader.SupportedFormat, log.StoredScopes.Count, 0, default));
            }
            catch
            {
                contents.Dispose();
                throw;
            }
        });
    }

    internal static ImmStore Open(ImmStoreOptions options, Disk disk, Func<FileStoreSettings, FileStoreSettings>? adjust = null)
    {
        Guard.IsNotNull(options, nameof(options));
        Validate(options);
        if (options.DataSource is { } source)
        {
            return OpenShared(options, source);
        }

        if (options.Path is not { } path)
        {
            return InMemory(options);
        }

        return OpenFile(options, path, telemetry =>
        {
            FileStoreSettings settings = Settings(options, telemetry);
            settings = adjust?.Invoke(settings) ?? settings;
            string resolved = disk.Resolve(path);
            Func<FileStore> open = () => FileStore.Open(disk, resolved, settings);
            FileStore file = open();
            try
            {
                return new ImmStore(
                    options,
                    settings,
                    telemetry,
                    new FileLog(file, settings),
                    open,
                    OpenedStoreDetails.Of(file, options.Durability.ToString()));
            }
            catch
            {
                file.Abandon();
                throw;
            }
        });
    }

    /// <summary>Opens the store in a database, and makes its tables where there are none.</summary>
    private static ImmStore OpenShared(ImmStoreOptions options, DbDataSource source)
    {
        string place = $"schema {options.Schema}";
        return OpenFile(options, options.Name ?? place, telemetry =>
        {
            FileStoreSettings settings = Settings(options, telemetry);
            var log = new SharedLog(
                new SharedDatabase(source, options.DatabasePatience, telemetry),
                new SharedSql(options.Schema),
                settings,
                options.KeptChanges);
            try
            {
                log.Open();
                return new ImmStore(
                    options, settings, telemetry, log, open: null, new(place, "as the database", SharedSql.Version, 0, 0, default));
            }
            catch
            {
                log.Close();
                throw;
            }
        });
    }

    /// <summary>
    /// Makes a store in memory that begins with an image, which it shares: the time that takes does not depend on what is in it.
    /// </summary>
    internal static ImmStore InMemory(ImmStoreOptions options, IReadOnlyDictionary<Scope, ScopeState>? image)
    {
        Validate(options);
        var telemetry = new StoreTelemetry(options.Name, options.Path, options.LoggerFactory, options.MeterFactory);
        FileStoreSettings settings = Settings(options, telemetry);
        image ??= FrozenDictionary<Scope, ScopeState>.Empty;
        return new ImmStore(
            options,
            settings,
            telemetry,
            new MemoryLog(settings.Defaults, image),
            open: null,
            OpenedStoreDetails.OfMemory(image.Count, image.Values.Sum(static state => (long)state.ProjectCount)));
    }

    /// <summary>Takes everything in the store that is not as in a new one, as of one moment.</summary>
    internal Dictionary<Scope, ScopeState> Capture()
    {
        _pipeline.ThrowIfClosed();

        // First without the commit lock: it loads what is not in memory, so that writes do not wait for that.
        Dictionary<Scope, ScopeState> image = _scopes.Capture();
        _queue.RunBetweenBatches(() =>
        {
            image = _scopes.Capture();
            foreach (ScopeState state in image.Values)
            {
                state.Freeze();
            }
        });
        return image;
    }

    /// <summary>Makes a store in memory, and so all its registries, be as an image.</summary>
    internal void Restore(IReadOnlyDictionary<Scope, ScopeState> image) => _queue.RunBetweenBatches(() =>
    {
        ((MemoryLog)_log).Image = image;
        _scopes.Reload();
    });

    /// <summary>
    /// Applies everything that was acknowledged to the data file, as checkpoints do from time to time: for tests of what comes after.
    /// </summary>
    internal void Checkpoint()
    {
        FileStore file = Files!;
        _queue.RunBetweenBatches(file.BeginCheckpoint);
        file.WaitForCheckpoint();
    }

    /// <summary>The registry of a well-formed account and region.</summary>
    internal ProjectRegistry RegistryOf(Scope scope, Caller? caller = null)
    {
        _pipeline.ThrowIfClosed();
        return new ProjectRegistry(_pipeline, new ScopeView(_scopes, scope, caller));
    }

    private static bool IsOfOpening(Exception e) =>
        e is IOException or UnauthorizedAccessException or InvalidDataException or OutOfMemoryException or ThreadStartException;

    private static ImmException CannotOpen(string path, Exception e) => ImmRefusal.Unavailable(
        StoreFileException.ReasonOf(e), $"The store '{path}' cannot be opened. {e.Message}", e).ToException();

    private void FollowFiles()
    {
        if (Files is { } file)
        {
            Action mark = file.Mark;
            file.WhenMarkIsDue(() => _queue.TryRunBetweenBatches(mark));

            // A read or a checkpoint may fail, and no write comes to the queue any more that would tell the watches.
            file.WhenFailed(_scopes.Changes.Fail);
        }
    }

    private static FileStoreSettings Settings(ImmStoreOptions options, StoreTelemetry telemetry) =>
        new(new ServiceDefaults(options.ProjectQuota, options.ProjectQueriesPerSecond, options.EngineConcurrency)
        {
            BindingTimes = new BindingTimes(options.BindingRunsAfter, options.BindingIsScannedAfter),
        })
        {
            FlushEachCommit = options.Durability == Durability.Durable,
            Observer = telemetry,
        };

    private static ImmStore OpenFile(ImmStoreOptions options, string path, Func<StoreTelemetry, ImmStore> open)
    {
        var telemetry = new StoreTelemetry(options.Name, path, options.LoggerFactory, options.MeterFactory);
        try
        {
            return open(telemetry);
        }
        catch (Exception e)
        {
            telemetry.OpenRefused(e);
            if (!IsOfOpening(e))
            {
                throw;
            }

            throw CannotOpen(path, e);
        }
    }

    private static void Validate(ImmStoreOptions options)
    {
        ValidateOptionsResult result = Validator.Validate(Options.DefaultName, options);
        if (result.Failed)
        {
            throw new OptionsValidationException(Options.DefaultName, typeof(ImmStoreOptions), result.Failures);
        }
    }

    /// <summary>Closes the files after the last write.</summary>
    private void EndClose()
    {
        try
        {
            _scopes.Changes.Close();
            _reads?.Close();
            _log.AwaitReads();
            _telemetry.Closing();
            _log.Close();
            _telemetry.Closed(this, _log.Failure);
            _closed.SetResult();
        }
#pragma warning disable CA1031 // The commit thread ends here; who closes the store gets the exception.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _closed.SetException(e);
        }
    }
}
