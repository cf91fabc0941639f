using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace Imm.Core.Benchmarks.Micro;

/// <summary>Runs the benchmarks of this folder; the arguments are BenchmarkDotNet's own.</summary>
internal static class MicroCommand
{
    public static Task<int> RunAsync(string[] args)
    {
        string[] all = args.Length == 0 ? ["--filter", "*"] : args;
        IEnumerable<Summary> summaries = BenchmarkSwitcher.FromAssembly(typeof(MicroCommand).Assembly).Run(all);
        bool ran = summaries.All(summary => !summary.HasCriticalValidationErrors && summary.Reports.All(report => report.Success));
        return Task.FromResult(ran ? CommandLine.Success : CommandLine.Failure);
    }
}
