using System.Diagnostics;
using System.Globalization;

namespace Imm.Core.Tests.Storage;

/// <summary>
/// A store far greater than the memory it is given: projects with as many and as long tags as there may be, in many scopes of which few are
/// touched. Of sixteen projects one is updated, again and again, so that each checkpoint rewrites many records that are long and lie apart.
/// </summary>
internal sealed class SizeLoad(string path, int scopes, int projects)
{
    /// <summary>So many updates are under way at once.</summary>
    private const int Batch = 64;

    /// <summary>Of so many scopes one is touched.</summary>
    private const int ScopeStride = 32;

    /// <summary>Of so many projects one is updated.</summary>
    private const int ProjectStride = 16;

    // As many tags, each as long as there may be, of letters that take four bytes: 21 KB a project.
    private static readonly Tag[] Tags =
        [.. Enumerable.Range(10, 20).Select(i => new Tag(string.Create(CultureInfo.InvariantCulture, $"{i}{Letters(126)}"), Letters(128)))];

    /// <summary>The backup of the store.</summary>
    public string Backup => path + "-backup";

    private IEnumerable<int> Touched => Enumerable.Range(0, scopes).Where(scope => scope % ScopeStride == 0);

    /// <summary>Makes the store. It is closed and opened now and then, for the scopes that were written to stay in memory.</summary>
    public async Task Fill()
    {
        foreach (int[] some in Enumerable.Range(0, scopes).Chunk(Math.Max(1, 4096 / projects)))
        {
            using ImmStore store = Open(path);
            foreach ((int Scope, int Project)[] batch in some.SelectMany(Projects).Chunk(512))
            {
                await Task.WhenAll(batch.Select(one =>
                {
                    var request = new CreateProjectRequest { ProjectName = Name(one.Project), Tag = Tags };
                    return Registry(store, one.Scope).CreateAsync(request).AsTask();
                }));
            }
        }
    }

    /// <summary>
    /// Updates batch after batch, until the process is killed; tells of each that was acknowledged, and how much the log holds.
    /// </summary>
    public async Task Update()
    {
        using ImmStore store = Open(path);
        for (int batch = 1; ; batch++)
        {
            string text = string.Create(CultureInfo.InvariantCulture, $"{batch}");
            await Task.WhenAll(Chosen(batch).Select(one =>
            {
                var request = new UpdateProjectRequest { ProjectName = Name(one.Project), Description = text };
                return Registry(store, one.Scope).UpdateAsync(request).AsTask();
            }));
            await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{batch} {store.Status.LogLength}"));
            await Console.Out.FlushAsync();
        }
    }

    /// <summary>
    /// Opens the store after the kill, and finds what was acknowledged; checks it, backs it up, and does the same with the backup. Gives
    /// what it found to tell.
    /// </summary>
    /// <param name="acknowledged">The number of batches that were acknowledged; the next one may be there in part.</param>
    public async Task<string> Verify(int acknowledged)
    {
        long logs = Directory.GetFiles(Path.GetDirectoryName(path)!).Where(file => file != path).Sum(file => new FileInfo(file).Length);
        long start = Stopwatch.GetTimestamp();
        TimeSpan opening;
        using (ImmStore store = Open(path))
        {
            opening = Stopwatch.GetElapsedTime(start);
            Find(store, acknowledged);
            AssertClean(store);
            await store.BackupAsync(Backup);
        }

        using ImmStore backup = Open(Backup);
        Find(backup, acknowledged);
        AssertClean(backup);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{logs / 1e6:F1} MB of logs recovered in {opening.TotalSeconds:F1} s, {logs / 1e6 / opening.TotalSeconds:F1} MB/s");
    }

    private static string Letters(int count) => string.Concat(Enumerable.Repeat("😀", count));

    private static string Name(int project) => string.Create(CultureInfo.InvariantCulture, $"project-{project:000000}");

    private static ProjectRegistry Registry(ImmStore store, int scope) =>
        store.Registry(string.Create(CultureInfo.InvariantCulture, $"account-{scope}"), "cn-a");

    private static void AssertClean(ImmStore store)
    {
        if (store.Check() is { Count: > 0 } problems)
        {
            throw new InvalidOperationException($"The check finds: {string.Join("; ", problems.Take(5))}");
        }
    }

    private IEnumerable<(int Scope, int Project)> Projects(int scope) =>
        Enumerable.Range(0, projects).Select(project => (scope, project));

    /// <summary>The projects that a batch updates; none twice.</summary>
    private IEnumerable<(int Scope, int Project)> Chosen(int batch)
    {
        (int Scope, int Project)[] all = [.. Touched.SelectMany(Projects).Where(one => one.Project % ProjectStride == 0)];
        new Random(batch).Shuffle(all);
        return all.Take(Batch);
    }

    private void Find(ImmStore store, int acknowledged)
    {
        var expected = new Dictionary<(int Scope, int Project), string>();
        for (int batch = 1; batch <= acknowledged; batch++)
        {
            foreach ((int Scope, int Project) one in Chosen(batch))
            {
                expected[one] = string.Create(CultureInfo.InvariantCulture, $"{batch}");
            }
        }

        string next = string.Create(CultureInfo.InvariantCulture, $"{acknowledged + 1}");
        var inDoubt = Chosen(acknowledged + 1).ToHashSet();
        foreach (int scope in Touched)
        {
            for (int project = 0; project < projects; project++)
            {
                Project found = Registry(store, scope).Get(Name(project));
                string description = expected.GetValueOrDefault((scope, project), "");
                bool isInDoubt = found.Description == next && inDoubt.Contains((scope, project));
                if ((found.Description != description && !isInDoubt) || !found.Tags.SequenceEqual(Tags))
                {
                    throw new InvalidOperationException(
                        $"Project {project} of scope {scope} is '{found.Description}', and '{description}' was acknowledged.");
                }
            }
        }
    }

    private ImmStore Open(string file) => ImmStore.Open(new ImmStoreOptions { Path = file, ProjectQuota = projects + 1 });
}
