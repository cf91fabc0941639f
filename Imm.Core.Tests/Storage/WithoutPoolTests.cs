using System.Diagnostics;
using System.Text;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>Synchronous calls complete without a thread of the pool.</summary>
public sealed class WithoutPoolTests
{
    [Fact]
    public async Task Synchronous_calls_complete_without_a_free_pool_thread_while_everything_is_observed()
    {
        using var directory = new TempDirectory();
        using Process process = Worker.Start("without-pool", directory.Path);
        var output = new StringBuilder();
        process.OutputDataReceived += (_, line) => output.Append(line.Data);
        process.BeginOutputReadLine();
        Task<string> errors = process.StandardError.ReadToEndAsync();

        // Only to tell a hang: it takes about a second.
        bool ended = process.WaitForExit(TimeSpan.FromMinutes(1));
        if (!ended)
        {
            process.Kill();
        }

        process.WaitForExit();
        Assert.True(ended, $"It hangs behind: {output}");
        Assert.Equal(("create;read;change;http;check;close;fault;", "", 0), (output.ToString(), await errors, process.ExitCode));
    }
}
