using Xunit;

namespace Imm.Core.Tests.Shared;

public sealed class PostgresServerTests
{
    [FactIfPostgres]
    public void A_server_that_does_not_start_says_why()
    {
        var e = Assert.Throws<InvalidOperationException>(static () => new PostgresServer(sharedBuffers: "none"));

        Assert.Contains("shared_buffers", e.Message, StringComparison.Ordinal);
    }
}
