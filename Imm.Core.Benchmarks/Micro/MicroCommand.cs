using BenchmarkDotNet.Running;

namespace Imm.Core.Benchmarks.Micro;

/// <summary>Runs the benchmarks of this folder; the arguments are BenchmarkDotNet's own.</summary>
internal static class MicroCommand
{
    public static Task<int> RunAsync(string[] args)
    {
        string[] all = args.Length == 0 ? ["--filter", "*"] : args;
        BenchmarkSwitcher.FromAssembly(typeof(MicroCommand).Assembly).Run(all);
        return Task.FromResult(CommandLine.Success);
    }
}
