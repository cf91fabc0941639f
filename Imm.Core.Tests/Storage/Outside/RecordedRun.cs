using System.Text;

namespace Imm.Core.Tests.Storage.Outside;

/// <summary>The contents that may be found in the store of a run at one moment of it.</summary>
/// <param name="States">The contents after each number of groups.</param>
/// <param name="AtLeast">The number of groups that a power cut must leave.</param>
/// <param name="Acknowledged">The number of groups that a kill must leave: all that were acknowledged.</param>
/// <param name="AtMost">The number of groups that were begun.</param>
/// <param name="Backups">Each backup that was begun, with the groups that it must and may have, and whether it was finished.</param>
internal sealed record Expectation(
    IReadOnlyList<string> States,
    int AtLeast,
    int Acknowledged,
    int AtMost,
    IReadOnlyList<(string Path, int AtLeast, int AtMost, bool IsDone)> Backups);

/// <summary>
/// A run of the child process, recorded from outside, and beside it what it must have done: the same load on a disk in memory says what is
/// in the store after each step, and the lines that the child told, which are in the record too, how far it had come.
/// </summary>
internal sealed class RecordedRun
{
    private readonly IReadOnlyList<CallStep> _record;
    private readonly RecordedFiles _start;
    private readonly Func<Progress> _begin;

    private RecordedRun(
        string folder, IReadOnlyList<CallStep> record, IReadOnlyList<string> told, RecordedFiles start, Func<Progress> begin) =>
        (Folder, _record, Told, _start, _begin) = (folder, record, told, start, begin);

    /// <summary>Runs a child on what is in the folder.</summary>
    /// <param name="folder">The directory of the store.</param>
    /// <param name="load">The work of the child.</param>
    /// <param name="inject">The fault to inject; null for none.</param>
    /// <param name="paths">The files to record, and to have calls fail on; null for all.</param>
    /// <param name="killed">What a killed process has left in the folder, and what may be found in it; null for an empty folder.</param>
    public static RecordedRun Run(
        string folder,
        Load load,
        string? inject = null,
        IReadOnlyList<string>? paths = null,
        (RecordedFiles Files, Expectation Before)? killed = null)
    {
        var disk = new SimulatedDisk();
        RecordedFiles start = killed?.Files ?? new RecordedFiles(folder);
        foreach ((string path, Content content) in start.Visible)
        {
            disk.Put(path, content);
        }

        string store = Store(folder);
        (IReadOnlyList<string> states, IReadOnlyList<(int, int)> steps) =
            new OutsideLoad(store, load.Seed, load.CheckpointLength, load.Durability, load.BacksUp).Expect(disk, load.Sessions.Sum());
        (IReadOnlyList<CallStep> record, IReadOnlyList<string> told) =
            Strace.Run(inject, paths ?? [], ["outside", store, .. load.Arguments]);
        bool isDurable = load.Durability == Durability.Durable;
        return new RecordedRun(folder, record, told, start, () => new Progress(store, states, steps, isDurable, killed?.Before));
    }

    public static string Store(string folder) => Path.Combine(folder, "store.db");

    /// <summary>The directory of the store.</summary>
    public string Folder { get; }

    /// <summary>The lines that the child told, whatever was recorded.</summary>
    public IReadOnlyList<string> Told { get; }

    /// <summary>The calls that did not get their result from the kernel.</summary>
    public IEnumerable<SystemCall> Injected => _record.Where(step => step.Ends && step.Call.IsInjected).Select(step => step.Call);

    /// <summary>The contents that may be found at the end.</summary>
    public Expectation AtEnd()
    {
        Progress progress = _begin();
        foreach (string line in Told)
        {
            progress.Note(line);
        }

        return progress.Expectation;
    }

    /// <summary>
    /// Each moment of a record of all files: just before a step of it, or behind the last, with the line that the step tells.
    /// </summary>
    /// <remarks>The files and the progress change as the moments are gone through; take what is needed from them at once.</remarks>
    public IEnumerable<(CallStep? Next, string? Told, RecordedFiles Files, Progress Progress)> Moments()
    {
        RecordedFiles files = _start.AfterKill();
        Progress progress = _begin();
        foreach (CallStep step in _record)
        {
            string? told = null;
            if (step is { Ends: false, Call.Name: "write" or "pwrite64" } && step.Call.Descriptor() == OutsideLoad.Output)
            {
                told = Encoding.ASCII.GetString(step.Call.Bytes(1)).TrimEnd();
                progress.Note(told);
            }

            yield return (step, told, files, progress);
            files.Take(step);
        }

        yield return (null, null, files, progress);
    }

    /// <summary>The progress of a child, by the lines that it wrote.</summary>
    internal sealed class Progress(
        string store, IReadOnlyList<string> states, IReadOnlyList<(int AtLeast, int AtMost)> steps, bool isDurable, Expectation? before)
    {
        private readonly List<(string Path, int AtLeast, int AtMost, bool IsDone)> _backups = [];
        private int _opened;
        private int _begun;
        private int _done;
        private int _safe;

        /// <summary>Until the store is open, what the process before has left is what may be there.</summary>
        public Expectation Expectation => _opened == 0 && before is not null
            ? before
            : new Expectation(
                states,
                steps[isDurable ? _done : _safe].AtLeast,
                steps[_done].AtLeast,
                _begun == 0 ? 0 : steps[_begun - 1].AtMost,
                [.. _backups]);

        /// <summary>True if the child has opened the store.</summary>
        public bool HasBegun => _opened > 0;

        public void Note(string line)
        {
            switch (line)
            {
                case OutsideLoad.Opened:
                    _opened++;
                    _safe = _done;
                    break;
                case OutsideLoad.Step:
                    _begun++;
                    break;
                case OutsideLoad.Done:
                    _done++;
                    break;
                case OutsideLoad.BackingUp:
                    _backups.Add((OutsideLoad.Backup(store, _opened - 1), steps[_done].AtLeast, int.MaxValue, false));
                    break;
                case OutsideLoad.BackedUp:
                    _backups[^1] = _backups[^1] with { AtMost = steps[_done].AtLeast, IsDone = true };
                    break;
                case OutsideLoad.Closed:
                    _safe = _done;
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>The work of the child.</summary>
    internal sealed record Load(int Seed, params int[] Sessions)
    {
        public int CheckpointLength { get; init; } = 8 << 10;

        public Durability Durability { get; init; }

        public bool BacksUp { get; init; } = true;

        public string[] Arguments =>
            [$"{Seed}", $"{CheckpointLength}", $"{Durability}", $"{BacksUp}", .. Sessions.Select(steps => $"{steps}")];
    }
}
