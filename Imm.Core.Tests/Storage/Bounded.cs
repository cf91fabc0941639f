using System.Runtime.ExceptionServices;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>Runs what must never hang; if it does, the test fails and says where, instead of hanging too.</summary>
internal static class Bounded
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    public static void Run(Func<string> what, Action action)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                action();
            }
#pragma warning disable CA1031 // It is thrown again where it belongs.
            catch (Exception e)
#pragma warning restore CA1031
            {
                failure = e;
            }
        })
        {
            IsBackground = true,
        };
        thread.Start();
        Assert.True(thread.Join(Limit), $"It hangs: {what()}.");
        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }
}
