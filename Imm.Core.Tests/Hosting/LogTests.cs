using System.Diagnostics;
using Imm.Core.Tests.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Xunit;

namespace Imm.Core.Tests.Hosting;

/// <summary>The log events, their levels and their number.</summary>
public sealed class LogTests : IDisposable
{
    private const string Path = "/store/data";
    private const int PageSize = 8192;

    private readonly Watch _watch = new();
    private readonly SimulatedDisk _disk = new();

    public void Dispose() => _watch.Dispose();

    [Fact]
    public void A_store_without_failures_logs_its_checkpoint_and_nothing_else()
    {
        using (ImmStore store = ImmStore.Open(_watch.Options(Path), _disk))
        {
            store.Registry().Create(new() { ProjectName = "p" });
            store.Registry().TryGet("none", out _);
        }

        FakeLogRecord closing = Assert.Single(_watch.Logs);
        Assert.Equal((2, "Checkpoint", LogLevel.Debug), (closing.Id.Id, closing.Id.Name, closing.Level));
        Assert.Equal("Imm.Core.ImmStore", closing.Category);
        Assert.Equal(Path, closing.GetStructuredStateValue("Store"));
        Assert.Equal("2", closing.GetStructuredStateValue("Records"));
    }

    [Fact]
    public void Opening_and_closing_are_logged_with_what_was_opened()
    {
        using var directory = new TempDirectory();
        string path = directory.File("imm.db");
        using (ImmStore store = ImmStore.Open(_watch.Options(path)))
        {
            store.Registry().Create(new() { ProjectName = "p" });
        }

        ImmStoreOptions relative = _watch.Options(System.IO.Path.GetRelativePath(Environment.CurrentDirectory, path));
        relative.Durability = Durability.Relaxed;
        ImmStore.Open(relative).Dispose();
        ImmStore.InMemory(_watch.Options()).Dispose();

        FakeLogRecord[] logs = [.. _watch.AllLogs.Where(log => log.Id.Id is 16 or 17)];
        Assert.Equal(
            ["Opened", "Closed", "Opened", "Closed", "Opened", "Closed"], logs.Select(log => log.Id.Name));
        Assert.All(logs, log => Assert.Equal(LogLevel.Information, log.Level));
        FakeLogRecord[] opened = [.. logs.Where(log => log.Id.Name == "Opened")];
        Assert.Equal([path, path, "in memory"], opened.Select(log => log.GetStructuredStateValue("Path")));
        Assert.Equal(["Durable", "Relaxed", "not durable"], opened.Select(log => log.GetStructuredStateValue("Durability")));
        Assert.Equal(["0", "1", "0"], opened.Select(log => log.GetStructuredStateValue("Scopes")));
        Assert.All(opened, log => Assert.Equal("0", log.GetStructuredStateValue("Recovered")));
    }

    [Fact]
    public void A_recovery_is_a_warning_with_the_number_of_recovered_changes()
    {
        using ImmStore store = ImmStore.Open(new ImmStoreOptions { Path = Path }, _disk);
        store.Registry().Create(new() { ProjectName = "a" });
        store.Registry().Create(new() { ProjectName = "b" });
        SimulatedDisk crashed = _disk.Crash(new Random(1)).Disk;

        using ImmStore again = ImmStore.Open(_watch.Options(Path), crashed);

        FakeLogRecord recovery = Assert.Single(_watch.Logs);
        Assert.Equal((1, "Recovered", LogLevel.Warning), (recovery.Id.Id, recovery.Id.Name, recovery.Level));
        Assert.Equal("3", recovery.GetStructuredStateValue("Records"));
        Assert.Equal("3", _watch.AllLogs.Single(log => log.Id.Name == "Opened").GetStructuredStateValue("Recovered"));
        Assert.True(again.Registry().TryGet("b", out _));
    }

    [Fact]
    public void A_failure_is_logged_once_with_its_cause()
    {
        var faulty = new FaultyDisk(_disk);
        using ImmStore store = ImmStore.Open(_watch.Options(Path), faulty);
        faulty.FailAt(1, FaultKinds.Flush, fromThenOn: true);

        for (int i = 0; i < 3; i++)
        {
            ImmException refused = Assert.Throws<ImmException>(() => store.Registry().Create(new() { ProjectName = "p" }));
            Assert.Equal(ImmErrorCode.ServiceUnavailable, refused.Code);
        }

        FakeLogRecord failure = Assert.Single(_watch.Logs);
        Assert.Equal((3, "Failed", LogLevel.Critical), (failure.Id.Id, failure.Id.Name, failure.Level));
        Assert.IsAssignableFrom<IOException>(failure.Exception);
        Assert.Same(store.Status.Failure, failure.Exception);
        store.Dispose();
        Assert.Equal(["Failed", "CloseIncomplete"], _watch.Logs.Select(log => log.Id.Name));
    }

    [Fact]
    public void An_incomplete_close_is_logged_and_completed_by_the_next_open()
    {
        var faulty = new FaultyDisk(_disk);
        ImmStore store = ImmStore.Open(_watch.Options(Path), faulty);
        store.Registry().Create(new() { ProjectName = "p" });
        faulty.FailAt(1, FaultKinds.Flush, fromThenOn: true);

        store.Dispose();

        FakeLogRecord logged = Assert.Single(_watch.Logs);
        Assert.Equal((6, "CloseIncomplete", LogLevel.Error), (logged.Id.Id, logged.Id.Name, logged.Level));
        Assert.Equal(Path, logged.GetStructuredStateValue("Store"));
        Assert.IsAssignableFrom<IOException>(logged.Exception);
        Assert.Equal((ImmStoreState.Closed, logged.Exception), (store.Status.State, store.Status.Failure));
        using ImmStore again = ImmStore.Open(_watch.Options(Path), _disk);
        Assert.True(again.Registry().TryGet("p", out _));
        Assert.Equal(["CloseIncomplete", "Recovered"], _watch.Logs.Select(log => log.Id.Name));
    }

    [Fact]
    public void A_complete_close_leaves_no_failure()
    {
        ImmStore store = ImmStore.Open(_watch.Options(Path), _disk);
        store.Registry().Create(new() { ProjectName = "p" });

        store.Dispose();

        Assert.Equal((ImmStoreState.Closed, null), (store.Status.State, store.Status.Failure));
    }

    [Fact]
    public void Damage_found_by_a_read_is_logged_with_its_page_and_then_as_a_failure()
    {
        using (ImmStore store = ImmStore.Open(new ImmStoreOptions { Path = Path }, _disk))
        {
            RegistryOperations.Prepare(store.Registry());
        }

        byte[] whole = _disk.Read(Path);
        bool met = false;
        for (int page = 1; page < whole.Length / PageSize && !met; page++)
        {
            using var watch = new Watch();
            var damaged = new SimulatedDisk();
            damaged.Put(Path, whole);
            damaged.FlipBit(Path, ((page * PageSize) + 100) * 8L);
            ImmStore store;
            try
            {
                store = ImmStore.Open(watch.Options(Path), damaged);
            }
            catch (ImmException)
            {
                Assert.Equal(["Damaged", "OpenRefused"], watch.Logs.Select(log => log.Id.Name));
                continue;
            }

            using (store)
            {
                if (Record.Exception(() => store.Registry().Get("p")) is null)
                {
                    continue;
                }

                met = true;
                Assert.Equal(["Damaged", "Failed"], watch.Logs.Select(log => log.Id.Name));
                Assert.All(watch.Logs, log => Assert.Equal(LogLevel.Critical, log.Level));
                Assert.Contains($"page {page} ", watch.Logs[0].GetStructuredStateValue("Problem"), StringComparison.Ordinal);
            }
        }

        Assert.True(met);
    }

    [Fact]
    public void Damage_found_by_a_check_is_logged()
    {
        using (ImmStore before = ImmStore.Open(new ImmStoreOptions { Path = Path }, _disk))
        {
            before.Registry().Create(new() { ProjectName = "p" });
        }

        using ImmStore store = ImmStore.Open(_watch.Options(Path), _disk);
        Assert.Empty(store.Check());
        _disk.FlipBit(Path, (PageSize + 100) * 8L);

        IReadOnlyList<string> problems = store.Check();

        FakeLogRecord damage = Assert.Single(_watch.Logs, log => log.Level != LogLevel.Debug);
        Assert.Equal((4, "Damaged", LogLevel.Critical), (damage.Id.Id, damage.Id.Name, damage.Level));
        Assert.Equal($"{problems.Count}", damage.GetStructuredStateValue("Count"));
        Assert.Equal(problems[0], damage.GetStructuredStateValue("Problem"));
    }

    [Fact]
    public void A_refused_open_is_logged_with_its_cause()
    {
        using ImmStore holder = ImmStore.Open(new ImmStoreOptions { Path = Path }, _disk);

        ImmException refused = Assert.Throws<ImmException>(() => ImmStore.Open(_watch.Options(Path), _disk));

        Assert.Equal((11, "Locked", LogLevel.Error), (_watch.Logs[0].Id.Id, _watch.Logs[0].Id.Name, _watch.Logs[0].Level));
        FakeLogRecord logged = Assert.Single(_watch.Logs.Skip(1));
        Assert.Equal((5, "OpenRefused", LogLevel.Error), (logged.Id.Id, logged.Id.Name, logged.Level));
        Assert.Same(refused.InnerException, logged.Exception);
        Assert.Equal(Path, logged.GetStructuredStateValue("Store"));
    }

    [Fact]
    public void A_logger_that_throws_fails_no_operation()
    {
        using var throwing = new FakeLoggers(() => throw new InvalidOperationException("The logger's own fault."));
        ImmStoreOptions options = new() { Path = Path, LoggerFactory = throwing };
        using (ImmStore store = ImmStore.Open(options, _disk))
        {
            store.Registry().Create(new() { ProjectName = "p" });
            Assert.Equal(ImmStoreState.Open, store.Status.State);
            Assert.Throws<ImmException>(() => ImmStore.Open(options, _disk));
        }

        // The refused open, and the checkpoint of the close.
        Assert.True(throwing.Called >= 2);
        using ImmStore again = ImmStore.Open(options, _disk);
        Assert.True(again.Registry().TryGet("p", out _));
    }

    [Fact]
    public void Threads_of_the_store_do_not_inherit_the_activity_of_the_caller_that_opened_it()
    {
        var activities = new List<Activity?>();
        using var loggers = new FakeLoggers(() => activities.Add(Activity.Current));
        using (Activity caller = new Activity("caller").Start())
        {
            using ImmStore store = ImmStore.Open(new ImmStoreOptions { Path = Path, LoggerFactory = loggers }, _disk);
            store.Registry().Create(new() { ProjectName = "p" });
        }

        // The checkpoint of the close.
        Assert.Equal([null], activities);
    }

    private sealed class FakeLoggers(Action log) : ILoggerFactory, ILogger
    {
        private int _called;

        public int Called => _called;

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.Information;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Interlocked.Increment(ref _called);
            log();
        }

        public void Dispose()
        {
        }
    }
}
