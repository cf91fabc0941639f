using System.Diagnostics;
using System.Globalization;
using Imm.Core.Tests.Registry;
using Imm.Core.Tests.Storage;
using Xunit;

namespace Imm.Core.Tests.Shared;

/// <summary>
/// Several processes on the same names and places:
/// <list type="number">
/// <item>Exactly as many creates succeed as the quota has room for, and each name succeeds once.</item>
/// <item>What is there afterwards is what succeeded.</item>
/// <item>Every short history of calls of all processes is linearizable, on the monotonic clock that they share.</item>
/// </list>
/// </summary>
public sealed class SharedProcessTests : IDisposable
{
    private readonly SharedStores _stores = new();
    private readonly List<Process> _processes = [];

    public void Dispose()
    {
        foreach (Process process in _processes)
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
        }

        _stores.Dispose();
    }

    [FactIfPostgres]
    public void Four_processes_with_16_callers_fill_a_quota_of_100_exactly()
    {
        Start(4);
        using ImmStore store = _stores.Open();
        for (int round = 0; round < (Campaign.Scale == 0 ? 2 : 50 * Campaign.Scale); round++)
        {
            string account = string.Create(CultureInfo.InvariantCulture, $"full{round}");
            List<Call> calls = Round(account, callers: 16, calls: 20, names: 130);

            Call[] done = [.. calls.Where(call => call.Outcome == "done")];
            Assert.Equal(100, done.Length);
            Assert.Equal(100, done.Select(call => call.Name).Distinct().Count());
            Assert.All(calls, call => Assert.Contains(call.Outcome, (string[])["done", "exists", "full 100/100"]));
            Assert.Equal(
                done.Select(call => $"{call.Name}={call.Operation[7..]}").Order(StringComparer.Ordinal),
                store.Registry(account, "region").List(new ListProjectsRequest { MaxResults = 200 }).Projects
                    .Select(project => $"{project.ProjectName}={project.Description}").Order(StringComparer.Ordinal));
        }

        Assert.Empty(store.Check());
    }

    [FactIfPostgres]
    public void Every_short_history_of_three_processes_is_linearizable()
    {
        Start(3);
        int overlaps = 0;
        for (int round = 0; round < (Campaign.Scale == 0 ? 30 : 1_000 * Campaign.Scale); round++)
        {
            List<Call> calls = Round(string.Create(CultureInfo.InvariantCulture, $"h{round}"), callers: 1, calls: 5, names: 2);

            overlaps += calls.Count(call => calls.Exists(
                other => other.Caller != call.Caller && other.Begin < call.End && call.Begin < other.End));
            Assert.True(History.IsLinearizable(calls, 100), string.Join(Environment.NewLine, calls));
        }

        Assert.InRange(overlaps, 1, int.MaxValue);
    }

    private void Start(int count)
    {
        _stores.Open().Dispose();
        for (int process = 0; process < count; process++)
        {
            _processes.Add(Worker.Start(
                "shared-rounds", PostgresServer.Shared.ConnectionString, _stores.Schema, process.ToString(CultureInfo.InvariantCulture)));
        }

        Assert.All(_processes, process => Assert.Equal("ready", process.StandardOutput.ReadLine()));
    }

    /// <summary>Lets all processes begin a round, and collects the calls of all.</summary>
    private List<Call> Round(string account, int callers, int calls, int names)
    {
        foreach (Process process in _processes)
        {
            process.StandardInput.Write(string.Create(CultureInfo.InvariantCulture, $"{account} {callers} {calls} {names}\n"));
            process.StandardInput.Flush();
        }

        var made = new List<Call>();
        foreach (Process process in _processes)
        {
            while (process.StandardOutput.ReadLine() is { } line && line != "end")
            {
                string[] parts = line.Split('\t');
                made.Add(new Call(Number(parts[2]), Ticks(parts[0]), Ticks(parts[1]), parts[3], parts[4], parts[5]));
            }
        }

        Assert.Equal(_processes.Count * callers * calls, made.Count);
        return made;

        static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
        static long Ticks(string text) => long.Parse(text, CultureInfo.InvariantCulture);
    }
}
