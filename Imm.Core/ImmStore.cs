using System.Collections.Concurrent;
using System.Collections.Frozen;
using CommunityToolkit.Diagnostics;
using Imm.Core.Hosting;
using Imm.Core.Model;
using Imm.Core.Operations;
using Imm.Core.Storage;
using Microsoft.Extensions.Options;

namespace Imm.Core;

/// <summary>
/// A store of projects, in a file or in memory. It owns its files alone from the moment it is opened until it is disposed.
/// </summary>
/// <remarks>
/// <para>
/// Every change is atomic, and durable when the call that makes it returns. All members are safe to call from many threads at once. After
/// <see cref="Dispose"/> every member of the store and of its registries throws <see cref="ObjectDisposedException"/>.
/// </para>
/// <para>
/// After a failed read, write or flush the store takes no more changes: they are refused with <see cref="ImmErrorCode.ServiceUnavailable"/> and the
/// cause as <see cref="Exception.InnerException"/>. What is in memory can still be read. Opening the store again finds everything that was acknowledged.
/// </para>
/// </remarks>
public sealed class ImmStore : IDisposable, IAsyncDisposable
{
    private static readonly ImmStoreOptionsValidator Validator = new();
    private static readonly IReadOnlyDictionary<Scope, ScopeState> NothingYet = FrozenDictionary<Scope, ScopeState>.Empty;

    private readonly ConcurrentDictionary<Scope, ScopeHolder> _scopes = new();
    private readonly Dictionary<Scope, (int Id, int? OwnProjectQuota)> _stored = [];
    private readonly FileStore? _file;
    private readonly ServiceFigures _figures;
    private readonly StoreTelemetry _telemetry;

    /// <summary>Whether there is no authorizer, and no hook but the telemetry.</summary>
    private readonly bool _isPlain;
    private readonly Scope _defaultScope;
    private readonly TimeProvider _timeProvider;
    private readonly Lock _maintenance = new();
    private IReadOnlyDictionary<Scope, ScopeState> _image;
    private int _disposed;

    private ImmStore(
        ImmStoreOptions options,
        ServiceFigures figures,
        RecordCodec codec,
        StoreTelemetry telemetry,
        FileStore? file,
        IReadOnlyDictionary<Scope, ScopeState>? image = null)
    {
        _image = image ?? NothingYet;
        Hooks = new OperationHooks(options.TimeProvider, [telemetry, .. options.Hooks]);
        Name = options.Name;
        TimeOffset = options.TimeOffset;
        _defaultScope = new Scope(options.DefaultAccountId, options.DefaultRegionId);
        _telemetry = telemetry;
        _file = file;
        _figures = figures;
        _timeProvider = options.TimeProvider;
        Authorizer = options.Authorizer;
        _isPlain = Authorizer is null && options.Hooks.Length == 0;
        foreach ((int id, Scope scope, int? ownProjectQuota) in file?.ReadScopes() ?? [])
        {
            _stored.Add(scope, (id, ownProjectQuota));
        }

        Committer = new Committer(file, codec, options.TimeProvider, _stored.Values.Select(stored => stored.Id).DefaultIfEmpty().Max(), telemetry);
        telemetry.Opened(this, file?.Recovered ?? default);
    }

    /// <summary>What metrics call the store.</summary>
    internal string? Name { get; }

    /// <summary>The offset from UTC of times on the wire.</summary>
    internal TimeSpan TimeOffset { get; }

    /// <summary>How many projects are in memory.</summary>
    internal long LoadedProjectCount => _scopes.Sum(static scope => (long)(scope.Value.Published?.ProjectCount ?? 0));

    /// <summary>How many datasets are in memory.</summary>
    internal long LoadedDatasetCount => _scopes.Sum(static scope => scope.Value.Published?.DatasetCount ?? 0);

    internal IImmAuthorizer? Authorizer { get; }

    internal OperationHooks Hooks { get; }

    internal Committer Committer { get; }

    /// <summary>How many projects a scope may have that has no quota of its own.</summary>
    internal int ProjectQuota => _figures.ProjectQuota;

    /// <summary>The time on the clock of the store.</summary>
    internal DateTimeOffset UtcNow => _timeProvider.GetUtcNow();

    /// <summary>Whether nobody is asked and nobody watches, so that a read is nothing but a read.</summary>
    internal bool IsDirect => _isPlain && !_telemetry.IsEnabled;

    /// <summary>Opens the store of a file; where there is no file, or an empty one, it makes a new store.</summary>
    /// <param name="path">The data file; its log files stand beside it.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is null, empty or white space.</exception>
    /// <exception cref="OptionsValidationException"><paramref name="path"/> holds a null character.</exception>
    /// <exception cref="ImmException">
    /// The file is open in this process or another, is no store of this version, is damaged, or cannot be read or written: code
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>, the cause as <see cref="Exception.InnerException"/>. The file was left as it was.
    /// </exception>
    public static ImmStore Open(string path)
    {
        Guard.IsNotNullOrWhiteSpace(path, nameof(path));
        return Open(new ImmStoreOptions { Path = path });
    }

    /// <summary>Opens a store as the options say: that of the file <see cref="ImmStoreOptions.Path"/>, or one in memory.</summary>
    /// <param name="options">The options; they are read now, and later changes to them have no effect.</param>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is null.</exception>
    /// <exception cref="OptionsValidationException">An option is out of its range; the message names every one that is.</exception>
    /// <exception cref="ImmException">
    /// The file is open in this process or another, is no store of this version, is damaged, or cannot be read or written: code
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>, the cause as <see cref="Exception.InnerException"/>. The file was left as it was.
    /// </exception>
    public static ImmStore Open(ImmStoreOptions options) => Open(options, Disk.Local);

    /// <summary>Makes an empty store in memory, gone when it is disposed. It has no thread and no file.</summary>
    /// <param name="options">The options, of which <see cref="ImmStoreOptions.Path"/> is not looked at; null for the defaults.</param>
    /// <exception cref="OptionsValidationException">An option is out of its range; the message names every one that is.</exception>
    public static ImmStore InMemory(ImmStoreOptions? options = null) => InMemory(options ?? new ImmStoreOptions(), image: null);

    /// <summary>
    /// The registry of <see cref="ImmStoreOptions.DefaultAccountId"/> and <see cref="ImmStoreOptions.DefaultRegionId"/>, for programs that know no
    /// accounts and regions.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public ProjectRegistry Registry() => Registry(_defaultScope);

    /// <summary>The registry of one account in one region. It is a light view: ask for it as often as you like, or keep it.</summary>
    /// <param name="accountId">The account: 1 to 64 of the ASCII letters, digits, <c>_</c> and <c>-</c>.</param>
    /// <param name="regionId">The region: 1 to 64 of the lower-case ASCII letters, digits and <c>-</c>.</param>
    /// <exception cref="ArgumentException">An id is null or malformed.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public ProjectRegistry Registry(string accountId, string regionId)
    {
        Scope.ThrowIfMalformed(accountId, regionId);
        return Registry(new Scope(accountId, regionId));
    }

    /// <summary>How the store is doing: cheap, and safe to ask at any time, also after <see cref="Dispose"/>.</summary>
    public ImmStoreStatus Status => new(
        Volatile.Read(ref _disposed) != 0 ? ImmStoreState.Closed : Committer.Failure is null ? ImmStoreState.Open : ImmStoreState.Failed,
        Committer.Failure?.InnerException,
        Committer.WaitingCount,
        _file);

    /// <summary>
    /// Verifies the whole store: the checksum of every page, every record, that names are unique, and that everything belongs to something. Changes go
    /// on meanwhile; those made after the call began are not looked at.
    /// </summary>
    /// <returns>Every problem that was found, in words; empty where there is none. A store in memory has none.</returns>
    /// <exception cref="ImmException"><see cref="ImmErrorCode.ServiceUnavailable"/>: the store has failed, or its file cannot be read.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public IReadOnlyList<string> Check()
    {
        ThrowIfDisposed();
        List<string> problems = _file is null ? [] : WithFile(file => file.Check());
        _telemetry.Checked(problems);
        return problems;
    }

    /// <summary>
    /// Writes a copy of the store, as it is at one moment after the call began, to a new file: verified, whole under its name or not there, and to be
    /// opened by itself. Changes go on meanwhile. The copy is dense, so it is also the way to make a file smaller.
    /// </summary>
    /// <param name="path">The new file.</param>
    /// <param name="cancellationToken">Gives up before the writing begins.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is null, empty or white space.</exception>
    /// <exception cref="InvalidOperationException">The store is in memory.</exception>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>: there is a file of that name, it cannot be written, or the store has failed.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was given up; there is no copy.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public Task BackupAsync(string path, CancellationToken cancellationToken = default)
    {
        Guard.IsNotNullOrWhiteSpace(path, nameof(path));
        ThrowIfDisposed();
        return _file is null
            ? throw new InvalidOperationException("A store in memory has no file to copy.")
            : Task.Run(
                () => WithFile(file =>
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    file.Backup(path);
                    return path;
                }),
                cancellationToken);
    }

    /// <summary>
    /// Closes the store: waits for the changes under way, brings everything into the data file and gives up the files. Closing twice is closing once.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            Committer.Dispose();
            _file?.Dispose();
            _telemetry.Closed(this);
        }
    }

    /// <inheritdoc cref="Dispose"/>
    public ValueTask DisposeAsync() => _file is null ? DisposeNow() : new ValueTask(Task.Run(Dispose));

    internal static ImmStore Open(ImmStoreOptions options, Disk disk, Func<FileStoreSettings, FileStoreSettings>? adjust = null)
    {
        Guard.IsNotNull(options, nameof(options));
        Validate(options);
        if (options.Path is not { } path)
        {
            return InMemory(options);
        }

        ServiceFigures figures = Figures(options);
        var telemetry = new StoreTelemetry(options);
        var settings = new FileStoreSettings(figures, options.TimeProvider)
        {
            FlushEachCommit = options.Durability == Durability.Durable,
            Observer = telemetry,
        };
        settings = adjust?.Invoke(settings) ?? settings;
        FileStore? file = null;
        try
        {
            file = FileStore.Open(disk, path, settings);
            return new ImmStore(options, figures, settings.Codec, telemetry, file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            file?.Abandon();
            telemetry.OpenRefused(e);
            throw Refusal.Unavailable($"The store '{path}' cannot be opened. {e.Message}").ToException(e);
        }
    }

    /// <summary>Makes a store in memory that begins with an image, which it shares: the time that takes does not depend on what is in it.</summary>
    internal static ImmStore InMemory(ImmStoreOptions options, IReadOnlyDictionary<Scope, ScopeState>? image)
    {
        Validate(options);
        ServiceFigures figures = Figures(options);
        return new ImmStore(options, figures, new RecordCodec(figures), new StoreTelemetry(options), file: null, image);
    }

    /// <summary>
    /// Everything in the store that is not as in a new one: of a store in memory as it is at one moment, of one in a file each scope by itself.
    /// </summary>
    internal Dictionary<Scope, ScopeState> Capture()
    {
        ThrowIfDisposed();
        return _file is null ? Committer.BetweenCommits(Copy) : Copy();

        Dictionary<Scope, ScopeState> Copy()
        {
            var image = new Dictionary<Scope, ScopeState>();
            foreach (Scope scope in _scopes.Keys.Concat(_stored.Keys).Concat(_image.Keys))
            {
                ScopeState state = Read(Find(scope));
                if (state.ProjectCount > 0 || state.OwnProjectQuota is not null)
                {
                    image[scope] = state;
                }
            }

            return image;
        }
    }

    /// <summary>Makes a store in memory, and so all its registries, be as an image.</summary>
    internal void Restore(IReadOnlyDictionary<Scope, ScopeState> image)
    {
        ThrowIfDisposed();
        Invariant.Holds(_file is null, "only a store in memory is restored");
        Committer.BetweenCommits(() =>
        {
            // A scope that is touched for the first time meanwhile loads from the new image; one that loads from the old one is set right below.
            Volatile.Write(ref _image, image);
            foreach (ScopeHolder holder in _scopes.Values)
            {
                lock (holder)
                {
                    holder.Published = Initial(holder.Scope);
                }
            }

            return true;
        });
    }

    /// <summary>The present state of a scope, from memory; from the file where the scope is touched for the first time.</summary>
    internal ScopeState Read(ScopeHolder holder)
    {
        ThrowIfDisposed();
        return holder.Published ?? Load(holder);
    }

    private static ServiceFigures Figures(ImmStoreOptions options) => new(options.ProjectQuota, options.ProjectQueriesPerSecond, options.EngineConcurrency);

    private static void Validate(ImmStoreOptions options)
    {
        ValidateOptionsResult result = Validator.Validate(Options.DefaultName, options);
        if (result.Failed)
        {
            throw new OptionsValidationException(Options.DefaultName, typeof(ImmStoreOptions), result.Failures);
        }
    }

    private ProjectRegistry Registry(Scope scope)
    {
        ThrowIfDisposed();
        return new ProjectRegistry(this, Find(scope));
    }

    private ScopeHolder Find(Scope scope) => _scopes.GetOrAdd(scope, static (scope, store) => store.Hold(scope), this);

    private ScopeHolder Hold(Scope scope) => new(scope) { Id = _stored.TryGetValue(scope, out (int Id, int? _) stored) ? stored.Id : 0 };

    /// <summary>What a scope is that is not in the file.</summary>
    private ScopeState Initial(Scope scope) =>
        Volatile.Read(ref _image).TryGetValue(scope, out ScopeState? state) ? state.With(_figures) : ScopeState.Empty(scope, _figures);

    private ScopeState Load(ScopeHolder holder)
    {
        lock (holder)
        {
            if (holder.Published is { } published)
            {
                return published;
            }

            if (holder.Id == 0)
            {
                return holder.Published = Initial(holder.Scope);
            }

            try
            {
                return holder.Published = _file!.Load(holder.Scope, holder.Id, _stored[holder.Scope].OwnProjectQuota);
            }
            catch (Exception e) when (e is not ObjectDisposedException)
            {
                throw Refusal.Unavailable($"The projects of {holder.Scope} cannot be read. {e.Message}").ToException(e);
            }
        }
    }

    /// <summary>Works on the data file once everything that was acknowledged is in it.</summary>
    private T WithFile<T>(Func<FileStore, T> work)
    {
        // One after the other, and none asks for a checkpoint while one is under way: it would hold up the writers.
        lock (_maintenance)
        {
            try
            {
                _file!.AwaitCheckpoint();
                Committer.BeginCheckpoint(_file).GetAwaiter().GetResult();
                return work(_file);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
            {
                throw Refusal.Unavailable(e.Message).ToException(e);
            }
        }
    }

    private ValueTask DisposeNow()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
}
