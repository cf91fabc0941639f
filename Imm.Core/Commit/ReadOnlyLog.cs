using Imm.Core.Model;
using Imm.Core.Storage;

namespace Imm.Core.Commit;

/// <summary>The log of a store that was opened for reading only: it refuses every change, and reads files that nobody changes.</summary>
/// <param name="contents">The contents, which are disposed with the log.</param>
/// <param name="disk">The disk, for backups.</param>
/// <param name="settings">The settings.</param>
internal sealed class ReadOnlyLog(IStoreContents contents, Disk disk, FileStoreSettings settings)
    : StoredLog(settings.Defaults, contents.Read(ChangeKind.Scope).Select(static record => RecordCodec.ReadScope(record)))
{
    private readonly ScopeLoader _loader = ScopeLoader.Of(contents, settings);

    /// <summary>Held to read the contents, which one thread reads at a time.</summary>
    private readonly Lock _gate = new();

    // No change waits for a disk.
    public override bool IsPersistent => false;

    public override ImmRefusal? Failed { get; } = ImmRefusal.Unavailable(
        ImmUnavailableReason.ReadOnly, "The store was opened for reading only, and takes no changes. Open it with ImmStore.Open.");

    /// <summary>The length of the data file in bytes.</summary>
    public long DataLength => contents.Pages.PageCount * DataPage.Size;

    public override void Close() => contents.Dispose();

    protected override ScopeState LoadStored(ScopeEntry entry) => Read(
        () => _loader.Load(ScopeState.Empty(entry.Scope, Defaults, entry.OwnProjectQuota, entry.Revision), entry.Id));

    protected override IEnumerable<ScopeState> ReadStored()
    {
        foreach (Scope scope in StoredScopes.Order(Scope.Order))
        {
            yield return LoadStored(NewEntry(scope));
        }
    }

    protected override List<string> CheckStored() => Read(() => StoreCheck.Run(contents, settings), isCheck: true);

    protected override void BackupStored(string path, CancellationToken cancellationToken) => Read(() =>
    {
        StoreBackup.Run(disk, contents, path, settings, cancellationToken);
        return path;
    });

    private T Read<T>(Func<T> read, bool isCheck = false)
    {
        lock (_gate)
        {
            bool isDone = false;
            try
            {
                T result = read();
                isDone = !isCheck;
                return result;
            }
            finally
            {
                // A check reports what a read throws.
                if (!isDone)
                {
                    contents.Reset();
                }
            }
        }
    }
}
