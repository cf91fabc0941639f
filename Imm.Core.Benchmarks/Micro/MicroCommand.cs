using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace Imm.Core.Benchmarks.Micro;

/// <summary>Runs the benchmarks of this folder with the arguments of BenchmarkDotNet.</summary>
internal static class MicroCommand
{
    public static Task<int> RunAsync(string[] args)
    {
        string[] all = args.Length == 0 ? ["--filter", "*"] : args;
        IEnumerable<Summary> summaries = BenchmarkSwitcher.FromAssembly(typeof(MicroCommand).Assembly).Run(all);
        bool succeeded = summaries.All(summary => !summary.HasCriticalValidationErrors && summary.Reports.All(report => report.Success));
        return Task.FromResult(succeeded ? CommandLine.Success : CommandLine.Failure);
    }
}
