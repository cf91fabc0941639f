using System.Diagnostics.CodeAnalysis;
using Imm.Core.Commit;
using Imm.Core.Model;
using Imm.Core.Tests.Storage;
using Xunit;

namespace Imm.Core.Tests.Registry;

/// <summary>Memory that runs out in the middle of a commit.</summary>
public sealed class OutOfMemoryTests
{
    private static readonly Scope Scope = new("a", "r");

    [Fact]
    public void A_change_in_memory_that_is_not_published_was_not_made_and_later_ones_are()
    {
        var log = new FailingLog(isPersistent: false);
        var scopes = new ScopeTable(log, maxLoadedProjects: null, keptChanges: 10);
        CommitQueue queue = Queue(log, scopes);
        for (int i = 0; i < 3; i++)
        {
            log.FailsNext = true;
            Assert.Throws<OutOfMemoryException>(() => Create(queue, "lost"));
            Assert.Equal(i + 1, Create(queue, $"p{i}").OrThrow().Revision);
        }

        Assert.Equal(["p0", "p1", "p2"], Names(scopes));
    }

    [Fact]
    public void A_durable_batch_that_is_not_published_is_the_last_one()
    {
        var log = new FailingLog(isPersistent: true);
        var scopes = new ScopeTable(log, maxLoadedProjects: null, keptChanges: 10);
        CommitQueue queue = Queue(log, scopes);
        Create(queue, "first").OrThrow();

        log.FailsNext = true;
        ImmRefusal? refusal = Create(queue, "lost").Refusal;
        Assert.Equal(ImmErrorCode.ServiceUnavailable, refusal?.Code);
        Assert.IsType<OutOfMemoryException>(refusal!.Cause);
        Assert.Equal(ImmErrorCode.ServiceUnavailable, Create(queue, "later").Refusal?.Code);

        Assert.Equal(["first"], Names(scopes));
        queue.Close();
        Assert.True(log.HasEnded.Wait(TimeSpan.FromMinutes(1)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public async Task Where_memory_runs_out_in_a_batch_none_of_it_is_made(int writes)
    {
        using var disk = new GatedDisk(new SimulatedDisk());
        var clock = new Clock();
        using ImmStore store = disk.Open(new ImmStoreOptions { Path = "/store", TimeProvider = clock });
        ProjectRegistry registry = store.Registry("a", "r");
        await registry.CreateAsync(new() { ProjectName = "first" });

        disk.BlockFlushes();
        Task<Project> before = registry.CreateAsync(new() { ProjectName = "before" }).AsTask();
        disk.AwaitBlockedFlush();
        clock.FailsAt = clock.Calls + writes;
        Task<Project>[] batch =
            [.. Enumerable.Range(0, writes).Select(i => registry.CreateAsync(new() { ProjectName = $"p{i}" }).AsTask())];
        disk.ReleaseFlushes();
        await before;
        foreach (Task<Project> write in batch)
        {
            Exception e = (await Record.ExceptionAsync(() => write))!;
            Assert.IsType<OutOfMemoryException>(writes == 1 ? e : Assert.IsType<ImmException>(e).InnerException);
        }

        Assert.Equal(3, (await registry.CreateAsync(new() { ProjectName = "later" })).Revision);
        Assert.Equal(["before", "first", "later"], registry.ListAll().Select(project => project.ProjectName.Value));
    }

    private static CommitQueue Queue(FailingLog log, ScopeTable scopes) => new(
        log,
        scopes,
        TimeProvider.System,
        observer: null,
        maxWaiting: 10,
        (work, name) =>
        {
            var thread = new Thread(work) { Name = name };
            thread.Start();
            return thread;
        },
        log.HasEnded.Set);

    private static ImmOutcome<Project> Create(CommitQueue queue, string name)
    {
        Assert.Null(CreateProject.Parse(new() { ProjectName = name }, out CreateProject? command));
        var write = new PendingWrite<Project>(Scope, known: null, command!, CancellationToken.None);
        queue.Submit(write, mayCommit: true);
        return queue.Wait(write);
    }

    private static List<string> Names(ScopeTable scopes)
    {
        ScopeEntry? entry = null;
        var names = new List<string>();
        foreach (Project project in scopes.Read(Scope, ref entry).Projects.After(null))
        {
            names.Add(project.ProjectName.Value);
        }

        return names;
    }

    /// <summary>Runs out of memory at one call.</summary>
    private sealed class Clock : TimeProvider
    {
        public int Calls { get; private set; }

        public int FailsAt { get; set; }

        [SuppressMessage("Usage", "CA2201:Do not raise reserved exception types", Justification = "As where memory runs out.")]
        public override DateTimeOffset GetUtcNow() =>
            ++Calls == FailsAt ? throw new OutOfMemoryException() : base.GetUtcNow();
    }

    /// <summary>A log of which a batch is not published when it is told so.</summary>
    private sealed class FailingLog(bool isPersistent) : CommitLog(new ServiceDefaults(100, 100, 100))
    {
        private Exception? _failure;

        public bool FailsNext { get; set; }

        public ManualResetEventSlim HasEnded { get; } = new();

        public override bool IsPersistent => isPersistent;

        public override Exception? Failure => _failure;

        public override IReadOnlyCollection<Scope> StoredScopes => [];

        public override bool IsStored(Scope scope) => false;

        public override ScopeEntry NewEntry(Scope scope) => new(scope);

        public override ScopeState Load(ScopeEntry entry) => Empty(entry.Scope);

        public override void Begin()
        {
            if (_failure is not null)
            {
                throw new IOException("The log has failed.", _failure);
            }
        }

        [SuppressMessage("Usage", "CA2201:Do not raise reserved exception types", Justification = "As where memory runs out.")]
        public override long SequenceOf(ScopeEntry entry, long sequence)
        {
            bool fails = FailsNext;
            FailsNext = false;
            return fails ? throw new OutOfMemoryException() : sequence;
        }

        public override void Fail(Exception cause) => _failure = cause;
    }
}
