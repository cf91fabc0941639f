using System.Diagnostics;
using System.Globalization;
using Imm.Core.Storage;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>Processes are killed while one watches and others write; then the watch goes on from the last revision that was seen.</summary>
public class WatchKillTests
{
    [Fact]
    public async Task After_a_kill_a_watch_goes_on_from_the_last_revision_seen_and_sees_every_change_once_and_in_order()
    {
        int target = Campaign.Scale == 0 ? 6 : 200 * Campaign.Scale;
        int kills = 0;
        long changes = 0;
        for (int seed = 1; kills < target; seed++)
        {
            using var directory = new TempDirectory();
            var history = new History(directory.File("imm.db"), seed);
            for (int round = 0; round < 12 && kills + history.Kills < target; round++)
            {
                await history.Round();
            }

            kills += history.Kills;
            changes += history.Changes;
            Campaign.Report($"watches: {kills} kills, {changes} changes seen");
        }

        Assert.InRange(kills, target, int.MaxValue);
        Assert.InRange(changes, target, long.MaxValue);
    }

    /// <summary>One store, through many kills, with every change that a watch has seen and all that was acknowledged.</summary>
    private sealed class History(string path, int seed)
    {
        private readonly Random _random = new(seed);

        /// <summary>The changes by revision: the first has the revision 1.</summary>
        private readonly List<string> _seen = [];
        private readonly long[] _seenOf = new long[WatchLoad.Callers];
        private readonly long[] _acknowledgedOf = new long[WatchLoad.Callers];
        private int _afterKill;

        public int Kills { get; private set; }

        public int Changes => _seen.Count;

        public async Task Round()
        {
            bool close = _random.Next(5) == 0;
            int work = 1 + (_random.Next(3) == 0 ? _random.Next(10) : _random.Next(200));

            // The watch of the new process begins where that of the killed one was, not where this process has come to since.
            RunAndKill(close, work, afterRevision: _afterKill);
            _afterKill = _seen.Count;
            await GoOn();
        }

        private void RunAndKill(bool close, int work, int afterRevision)
        {
            string[] arguments =
            [
                "watch-load", path, close ? Text(work) : Text(int.MaxValue), Text(afterRevision), .. _acknowledgedOf.Select(Text),
            ];
            using Process process = Worker.Start(arguments);
            Task<string> errors = process.StandardError.ReadToEndAsync();
            int revision = afterRevision;
            int done = 0;
            while (process.StandardOutput.ReadLine() is { } line)
            {
                Note(line);
                if (close ? line.StartsWith(WatchLoad.Closing, StringComparison.Ordinal) : done >= work)
                {
                    // To meet it at any moment of what comes next.
                    _ = process.WaitForExit(_random.Next(12));
                    break;
                }
            }

            process.Kill();
            while (process.StandardOutput.ReadLine() is { } line)
            {
                Note(line);
            }

            process.WaitForExit();
            Assert.True(errors.Result.Length == 0, $"Seed {seed}: the process failed: {errors.Result}");
            Kills += process.ExitCode == 0 ? 0 : 1;

            void Note(string line)
            {
                if (!line.EndsWith(" .", StringComparison.Ordinal))
                {
                    return;
                }

                string[] parts = line[..^2].Split(' ', 2);
                if (parts[0] == WatchLoad.Seen)
                {
                    See(parts[1], ++revision);
                }
                else if (parts[0] == WatchLoad.Done)
                {
                    long[] numbers = [.. parts[1].Split(' ').Select(number => long.Parse(number, CultureInfo.InvariantCulture))];
                    Assert.Equal(_acknowledgedOf[numbers[0]]++, numbers[1]);
                    done++;
                }
            }
        }

        /// <summary>Notes a change, which must be the next one, or equal to what was seen under that revision.</summary>
        private void See(string change, int revision)
        {
            string[] parts = change.Split(' ');
            Assert.Equal(Text(revision), parts[0]);
            if (revision <= _seen.Count)
            {
                Assert.Equal(_seen[revision - 1], change);
                return;
            }

            int caller = WatchLoad.CallerOf(parts[2]);
            (ProjectChangeKind kind, string name, string description) = WatchLoad.Nth(caller, _seenOf[caller]++);
            Assert.Equal($"{revision} {kind} {name} {description}", change);
            _seen.Add(change);
        }

        /// <summary>Opens the store here and watches on to its last revision: everything acknowledged is seen by then.</summary>
        private async Task GoOn()
        {
            using ImmStore store = new StoreOnDisk(LocalDisk.Instance, path).Open();
            ProjectRegistry registry = WatchLoad.Registry(store);
            long last = registry.List().Revision;
            Assert.InRange(_seen.Count, 0, last);
            if (_seen.Count < last)
            {
                await foreach (ProjectChange change in registry.Watch(_seen.Count))
                {
                    See(WatchLoad.Text(change), _seen.Count + 1);
                    if (change.Revision == last)
                    {
                        break;
                    }
                }
            }

            for (int caller = 0; caller < WatchLoad.Callers; caller++)
            {
                // Perhaps also the one change that the caller was waiting for.
                Assert.InRange(_seenOf[caller], _acknowledgedOf[caller], _acknowledgedOf[caller] + 1);
                _acknowledgedOf[caller] = _seenOf[caller];
            }

            Assert.Equal(Replayed(), registry.ListAll().Select(project => $"{project.ProjectName} {project.Description}"));
        }

        /// <summary>The projects that the changes leave.</summary>
        private IEnumerable<string> Replayed()
        {
            var projects = new SortedDictionary<string, string>(StringComparer.Ordinal);
            foreach (string[] change in _seen.Select(change => change.Split(' ')))
            {
                projects[change[2]] = change[3];
                if (change[1] == nameof(ProjectChangeKind.Deleted))
                {
                    projects.Remove(change[2]);
                }
            }

            return projects.Select(project => $"{project.Key} {project.Value}");
        }

        private static string Text<T>(T number)
            where T : IFormattable => number.ToString(null, CultureInfo.InvariantCulture);
    }
}
