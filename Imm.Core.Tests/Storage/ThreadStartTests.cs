using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>A machine that gives no more threads, as under a limit of a container.</summary>
public sealed class ThreadStartTests
{
    private const string Path = "/store/data";

    private readonly SimulatedDisk _disk = new();

    public static TheoryData<bool> Kinds => [true, false];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_store_whose_thread_cannot_be_started_is_not_opened_and_releases_its_files(bool outOfMemory) =>
        Bounded.Run(() => "a store without threads", () =>
    {
        using (ImmStore store = ImmStore.Open(new ImmStoreOptions { Path = Path }, _disk))
        {
            store.Registry().Create(new() { ProjectName = "before" });
        }

        // One more each time, until a store lives and closes with all that it starts.
        int starts = 0;
        for (bool refused = true; refused; starts++)
        {
            var threads = new ScarceThreads(starts, outOfMemory);
            refused = Live(threads, $"p{starts}");
            Assert.Equal(refused, threads.Refused);
            using ImmStore again = ImmStore.Open(new ImmStoreOptions { Path = Path }, _disk);
            Assert.Equal(!refused, again.Registry().TryGet($"p{starts}", out _));
            Assert.True(again.Registry().TryGet("before", out _));
            Assert.Empty(again.Check());
        }

        Assert.True(starts > 1, "The store starts no thread through its settings.");
    });

    [Fact]
    public void An_open_or_import_without_threads_leaves_no_file() => Bounded.Run(() => "an open without threads", () =>
    {
        for (int count = 0; count < 2; count++)
        {
            Assert.True(Live(new ScarceThreads(count, outOfMemory: true), "p"));
            Assert.Empty(_disk.Paths);

            var threads = new ScarceThreads(count, outOfMemory: true);
            using var json = new MemoryStream("""{"Format":"imm-core-snapshot/1"}"""u8.ToArray());
            Assert.Throws<ImmException>(
                () => ImmStore.Import(Path, json, _disk, settings => settings with { StartThread = threads.Start }));
            Assert.Empty(_disk.Paths);

            _disk.Put(Path, []);
            Assert.True(Live(new ScarceThreads(count, outOfMemory: true), "p"));
            Assert.Equal([Path], _disk.Paths);
            Assert.Empty(_disk.Read(Path));
            _disk.Delete(Path);
        }
    });

    [Fact]
    public void An_open_that_fails_behind_the_start_of_its_threads_ends_them() => Bounded.Run(() => "an open that fails late", () =>
    {
        var threads = new ScarceThreads(int.MaxValue, outOfMemory: true);
        var options = new ImmStoreOptions { Path = Path, Authorizer = new ThrowingAuthorizer() };

        Assert.Throws<NotSupportedException>(
            () => ImmStore.Open(options, _disk, settings => settings with { StartThread = threads.Start }));

        Assert.Equal(2, threads.Started);
        Assert.All(threads.All, thread => Assert.True(thread.Join(TimeSpan.FromSeconds(10)), $"{thread.Name} runs on."));
        Assert.Empty(_disk.Paths);
    });

    [Fact]
    public async Task All_threads_run_before_the_first_change_is_accepted()
    {
        var threads = new ScarceThreads(int.MaxValue, outOfMemory: false);
        using ImmStore store = ImmStore.Open(
            new ImmStoreOptions { Path = Path }, _disk, settings => settings with { StartThread = threads.Start });
        int atOpen = threads.Started;

        ProjectRegistry registry = store.Registry();
        await Task.WhenAll([.. Enumerable.Range(0, 10).Select(i => registry.CreateAsync(new() { ProjectName = $"p{i}" }).AsTask())]);

        Assert.True(atOpen > 0);
        Assert.Equal(atOpen, threads.Started);
    }

    /// <summary>Opens a store, changes and closes it; true if it was not opened.</summary>
    private bool Live(ScarceThreads threads, string projectName)
    {
        ImmStore store;
        try
        {
            store = ImmStore.Open(new ImmStoreOptions { Path = Path }, _disk, settings => settings with { StartThread = threads.Start });
        }
        catch (ImmException e)
        {
            Assert.Equal(ImmErrorCode.ServiceUnavailable, e.Code);
            Assert.Same(threads.Refusal, e.InnerException);
            return true;
        }

        using (store)
        {
            foreach (string end in (string[])["", "a", "b"])
            {
                store.Registry().Create(new() { ProjectName = projectName + end });
            }

            store.Check();
        }

        return false;
    }

    private sealed class ThrowingAuthorizer : IImmAuthorizer
    {
        public AuthorizationMode Mode => throw new NotSupportedException("No mode.");

        public AuthorizationDecision Authorize(AuthorizationRequest request) => throw new NotSupportedException();
    }

    /// <summary>Starts so many threads and no more.</summary>
    private sealed class ScarceThreads(int count, bool outOfMemory)
    {
        private int _started;

        public int Started => _started;

        public List<Thread> All { get; } = [];

        public bool Refused => Refusal is not null;

        public Exception? Refusal { get; private set; }

        public Thread Start(ThreadStart work, string name)
        {
            if (Interlocked.Increment(ref _started) > count)
            {
                throw Refusal = outOfMemory ? new InsufficientMemoryException("No more threads.") : MakeThreadStartException();
            }

            var thread = new Thread(work) { IsBackground = true, Name = name };
            thread.UnsafeStart();
            All.Add(thread);
            return thread;
        }

        // It has no public constructor.
        private static ThreadStartException MakeThreadStartException() =>
            (ThreadStartException)System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(typeof(ThreadStartException));
    }
}
