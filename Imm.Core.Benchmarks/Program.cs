using Imm.Core.Benchmarks.Demo;
using Imm.Core.Benchmarks.Micro;
using Imm.Core.Benchmarks.Testing;
using Imm.Core.Benchmarks.Throughput;
using Commands = Imm.Core.Benchmarks.CommandLine;

// One line a command; the one without a name is what the program does when none is named.
return await Commands.RunAsync(
    [
        new("", "[--quick]", "Uses a store as a program would, checks all it finds, and prints figures. --quick: about 3 seconds.", MainJob.RunAsync),
        new(
            "throughput",
            ThroughputCommand.Arguments,
            "Measures Imm.Core beside LiteDB, SQLite, LMDB and the disk itself: up to 15 minutes, --quick up to 1.",
            ThroughputCommand.RunAsync),
        new("fixtures", "", "Fixtures and clones a second, beside SQLite in memory with the same seed.", FixtureFigures.RunAsync),
        new("micro", "[arguments of BenchmarkDotNet]", "Times and allocations of single operations; --filter '*' runs all of them.", MicroCommand.RunAsync),
    ],
    args);
