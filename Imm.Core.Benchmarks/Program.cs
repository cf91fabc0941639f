using Imm.Core.Benchmarks.Demo;
using Imm.Core.Benchmarks.Fixtures;
using Imm.Core.Benchmarks.Micro;
using Imm.Core.Benchmarks.Throughput;
using Commands = Imm.Core.Benchmarks.CommandLine;

return await Commands.RunAsync(
    [
        new("", "[--quick]", "Introduces the library, checks all results and prints figures: 15 s, --quick 3 s.", DemoCommand.RunAsync),
        new(
            "throughput",
            ThroughputCommand.Arguments,
            "Measures Imm.Core beside LiteDB, SQLite, LMDB, PostgreSQL and the disk itself: up to 30 minutes, --quick up to 2.",
            ThroughputCommand.RunAsync),
        new(
            SustainedRun.Command,
            SustainedRun.Arguments,
            "Measures one engine as throughput does in a process of its own, and prints JSON.",
            (args, _) => Task.FromResult(SustainedRun.Run(args))),
        new(
            SharedRun.Command,
            SharedRun.Arguments,
            "Measures one process on a shared store as throughput does, and prints JSON.",
            (args, _) => Task.FromResult(SharedRun.Run(args))),
        new("fixtures", "[--quick]", "Measures test fixtures and clones, beside SQLite in memory.", FixturesCommand.RunAsync),
        new(
            "micro",
            "[arguments of BenchmarkDotNet]",
            "Measures single operations; --filter '*' runs all of them.",
            (args, _) => MicroCommand.RunAsync(args)),
    ],
    args);
