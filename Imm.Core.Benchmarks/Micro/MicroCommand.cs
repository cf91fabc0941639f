namespace Imm.Core.Benchmarks.Micro;

internal static class MicroCommand
{
    public static Task<int> RunAsync(string[] args) => Task.FromResult(0 * args.Length);
}
