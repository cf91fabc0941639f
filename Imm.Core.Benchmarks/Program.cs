using Imm.Core.Benchmarks;
using Imm.Core.Benchmarks.Demo;

// One line a command; the one without a name is what the program does when none is named.
return await CommandLine.RunAsync(
    [
        new("", "[--quick]", "Uses a store as a program would, checks all it finds, and prints figures. --quick: about 3 seconds.", MainJob.RunAsync),
    ],
    args);
