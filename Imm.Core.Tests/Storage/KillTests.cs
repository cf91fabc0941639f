using System.Diagnostics;
using System.Globalization;
using Imm.Core.Storage;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>
/// Processes are killed while they open a store, work on it, run its checkpoints, back it up, and close it; then the store is opened here.
/// </summary>
public class KillTests
{
    [Fact]
    public void After_a_kill_every_acknowledged_change_is_there()
    {
        int target = Campaign.Scale == 0 ? 8 : 1_050 * Campaign.Scale;
        int kills = 0;
        long acknowledged = 0;
        int backups = 0;
        for (int seed = 1; kills < target; seed++)
        {
            using var directory = new TempDirectory();
            var history = new History(directory.File("imm.db"), seed);
            for (int round = 0; round < 30 && kills + history.Kills < target; round++)
            {
                history.Round();
            }

            kills += history.Kills;
            acknowledged += history.Acknowledged;
            backups += history.Backups;
            Campaign.Report($"kills: {kills}, {acknowledged} acknowledged changes, {backups} backups opened");
        }

        Assert.InRange(kills, target, int.MaxValue);
        Assert.InRange(acknowledged, 1, long.MaxValue);
        Assert.InRange(backups, 1, int.MaxValue);
    }

    /// <summary>One store, through many kills, with all that was acknowledged.</summary>
    private sealed class History(string path, int seed)
    {
        private readonly Random _random = new(seed);
        private readonly long[] _done = new long[KillLoad.Callers];
        private readonly int?[] _quotas = new int?[Contents.Scopes.Length];
        private readonly Dictionary<string, Known> _projects = [];
        private long _acknowledgedBefore;

        public int Kills { get; private set; }

        public long Acknowledged { get; private set; }

        public int Backups { get; private set; }

        /// <summary>Works on the store and is killed, a few times without work too, and looks at what is there.</summary>
        public void Round()
        {
            bool close = _random.Next(4) == 0;
            int acknowledgements = _random.Next(3) == 0 ? _random.Next(20) : _random.Next(600);
            Kill(
                ["load", path, Text(close ? acknowledgements : int.MaxValue), .. _done.Select(Text)],
                line => close ? line == KillLoad.Closing : AcknowledgedByThis >= acknowledgements);
            for (int i = _random.Next(3); i > 0; i--)
            {
                Kill(["open-and-close", path], line => line == KillLoad.Opening);
            }

            Look();
        }

        private long AcknowledgedByThis => Acknowledged - _acknowledgedBefore;

        /// <summary>
        /// Starts a process, waits for a line of it and a moment longer, kills it, and takes note of all that it still said.
        /// </summary>
        private void Kill(string[] arguments, Predicate<string> until)
        {
            using Process process = Worker.Start(arguments);
            _acknowledgedBefore = Acknowledged;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            while (process.StandardOutput.ReadLine() is { } line)
            {
                Note(line);
                if (until(line))
                {
                    // To meet it at any moment of what comes next; opening takes long, being the first thing that the process does.
                    _ = process.WaitForExit(line == KillLoad.Opening ? _random.Next(300) : _random.Next(12));
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
        }

        private void Note(string line)
        {
            string[] parts = line.Split(' ');
            if (parts.Length != 5)
            {
                return;
            }

            int caller = int.Parse(parts[0], CultureInfo.InvariantCulture);
            Assert.Equal(Text(_done[caller]), parts[1]);
            KillLoad.Change change = KillLoad.Nth(caller, _done[caller]++);
            Apply(change, change.Kind <= KillLoad.ChangeKind.Update ? (Ticks(parts[2]), Ticks(parts[3])) : default);
            Acknowledged++;

            static long Ticks(string text) => long.Parse(text, CultureInfo.InvariantCulture);
        }

        private void Apply(KillLoad.Change change, (long Created, long Updated) times)
        {
            switch (change.Kind)
            {
                case KillLoad.ChangeKind.Quota:
                    _quotas[change.Scope] = change.Quota;
                    break;
                case KillLoad.ChangeKind.Delete:
                    _projects.Remove(change.Name!);
                    break;
                default:
                    _projects[change.Name!] = new Known(change.Scope, change.Description, times.Created, times.Updated);
                    break;
            }
        }

        /// <summary>
        /// Opens the store. Of each caller there must be what was acknowledged, and perhaps the one change that it was waiting for.
        /// </summary>
        private void Look()
        {
            using ImmStore store = new StoreOnDisk(LocalDisk.Instance, path).Open();
            var contents = Contents.Of(store);
            Assert.Empty(store.Check());
            if (File.Exists(KillLoad.Backup(path)))
            {
                Backups++;
                using ImmStore backup = new StoreOnDisk(LocalDisk.Instance, KillLoad.Backup(path)).Open();
                Assert.Empty(backup.Check());
            }

            for (int caller = 0; caller < KillLoad.Callers; caller++)
            {
                KillLoad.Change waiting = KillLoad.Nth(caller, _done[caller]);
                Project? found = waiting.Name is { } name ? contents.Find(waiting.Scope, name) : null;
                bool isThere = waiting.Kind switch
                {
                    KillLoad.ChangeKind.Create => found is not null,
                    KillLoad.ChangeKind.Update => found?.UpdateTime.Ticks > _projects[waiting.Name!].Updated,
                    KillLoad.ChangeKind.Delete => found is null,
                    _ => contents.Quota(waiting.Scope) == waiting.Quota,
                };
                if (isThere)
                {
                    Apply(waiting, (found?.CreateTime.Ticks ?? 0, found?.UpdateTime.Ticks ?? 0));
                    _done[caller]++;
                }
            }

            for (int scope = 0; scope < Contents.Scopes.Length; scope++)
            {
                Assert.Equal(_quotas[scope] ?? Contents.DefaultQuota, contents.Quota(scope));
                Assert.Equal(
                    _projects.Where(project => project.Value.Scope == scope).Select(project => (project.Key, project.Value))
                        .OrderBy(project => project.Key, StringComparer.Ordinal),
                    contents.Projects(scope).Select(project =>
                        (
                            project.ProjectName.Value,
                            new Known(scope, project.Description, project.CreateTime.Ticks, project.UpdateTime.Ticks))));
            }
        }

        private static string Text<T>(T number)
            where T : IFormattable => number.ToString(null, CultureInfo.InvariantCulture);

        private sealed record Known(int Scope, string Description, long Created, long Updated);
    }
}
