using Imm.Core.Model;
using Imm.Core.Storage;
using Xunit;
using ModelChange = Imm.Core.Model.Change;

namespace Imm.Core.Tests.Storage;

/// <summary>Under load the logs are made longer ahead of the batches, on the thread of the checkpoints.</summary>
public sealed class LogExtensionTests : IDisposable
{
    private const int Step = 4 << 10;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HookedDisk _disk;
    private readonly FullDisk _full;
    private readonly FailureLatch _failure = new("/store/imm.db", observer: null);
    private readonly WriteAheadLog[] _files;
    private readonly LogPair _logs;
    private readonly LogBatch _batch = new();
    private int _started;
    private int _checkpoints;

    public LogExtensionTests()
    {
        _full = new FullDisk(new SimulatedDisk());
        _disk = new HookedDisk(_full);
        var settings = new FileStoreSettings(new ServiceDefaults(1, 1, 1)) { CheckpointLength = 32 << 10, LogGrowthStep = Step };
        Guid id = Guid.NewGuid();
        _files = [.. Enumerable.Range(1, 2).Select(n =>
        {
            WriteAheadLog log = WriteAheadLog.Create(_disk, $"/store/imm.db-log{n}", growthStep: Step);
            log.BeginGeneration(id, n, baseSequence: 0);
            return log;
        })];
        _logs = new LogPair(_files[0], _files[1], 0, settings, _failure, () => _checkpoints++, () => _started++);
        _batch.Add(1, new ModelChange(ChangeKind.Project, 1, LoggedProject.New(1, descriptionLength: 100)));
    }

    public void Dispose() => Array.ForEach(_files, static log => log.Dispose());

    [Fact]
    public void Once_there_is_load_no_batch_waits_for_the_growth_of_a_log_and_both_get_the_length_of_a_checkpoint()
    {
        long grown = 0;
        for (int batches = 0; _checkpoints < 1; batches++)
        {
            int before = _disk.Flushes;
            _logs.Append(_batch);
            grown += _disk.Flushes - before - 1;
            ExtendIfStarted();
        }

        // The room of the first batch, and the mark of the switch.
        Assert.Equal(2, grown);
        Assert.All(_files, static log => Assert.InRange(log.Allocated, (32 << 10) + Step, (32 << 10) + (2 * Step)));
        Assert.False(_failure.IsSet);
    }

    [Fact]
    public async Task A_batch_whose_flush_meets_the_failed_flush_of_an_extension_is_not_acknowledged()
    {
        _logs.Append(_batch);
        Assert.Equal(1, _started);
        using var isExtending = new ManualResetEventSlim();
        using var isAppended = new ManualResetEventSlim();
        int appending = Environment.CurrentManagedThreadId;
        _disk.BeforeFlush = () =>
        {
            if (Environment.CurrentManagedThreadId == appending)
            {
                isAppended.Set();
                return;
            }

            // The system tells only this thread of the write that has failed.
            isExtending.Set();
            Assert.True(isAppended.Wait(Patience));
            throw new IOException("The disk failed.");
        };
        Task extension = Task.Factory.StartNew(
            _logs.Extend, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Assert.True(isExtending.Wait(Patience));

        Assert.Equal("The disk failed.", Assert.Throws<IOException>(() => _logs.Append(_batch)).Message);

        await extension;
        Assert.Equal("The disk failed.", _failure.Cause!.Message);
        Assert.Equal(1, _logs.Sequence);
    }

    [Fact]
    public void Where_there_is_no_room_ahead_batches_go_on_and_it_is_tried_again_after_the_next_checkpoint()
    {
        _logs.Append(_batch);
        _full.Leave(0);
        _logs.Extend();
        _started = 0;

        Assert.Equal(2, _logs.Append(_batch));
        Assert.Equal(0, _started);
        Assert.False(_failure.IsSet);

        _full.Leave(null);
        while (_checkpoints == 0)
        {
            _logs.Append(_batch);
        }

        Assert.Equal(0, _started);
        _logs.EndCheckpoint(blocked: null);
        _logs.Append(_batch);
        Assert.Equal(1, _started);
    }

    [Fact]
    public void The_logs_are_not_switched_while_one_is_extended()
    {
        _logs.Append(_batch);
        Assert.Equal(1, _started);
        while (_logs.Active.End < 48 << 10)
        {
            _logs.Append(_batch);
        }

        Assert.Equal(0, _checkpoints);
        _logs.Extend();
        _logs.Append(_batch);
        Assert.Equal(1, _checkpoints);
    }

    private void ExtendIfStarted()
    {
        for (; _started > 0; _started--)
        {
            _logs.Extend();
        }
    }

    /// <summary>A disk that counts flushes, and calls back before each.</summary>
    private sealed class HookedDisk(Disk inner) : ForwardingDisk(inner)
    {
        public int Flushes { get; private set; }

        public Action? BeforeFlush { get; set; }

        protected override DiskFile Decorate(DiskFile file) => new HookedFile(this, file);

        private sealed class HookedFile(HookedDisk disk, DiskFile inner) : ForwardingFile(inner)
        {
            public override void Flush()
            {
                disk.Flushes++;
                disk.BeforeFlush?.Invoke();
                Inner.Flush();
            }
        }
    }
}
