using System.Transactions;
using Npgsql;
using Xunit;

namespace Imm.Core.Tests.Shared;

/// <summary>What the host and the keeper of the database have set up around a shared store: transactions, triggers, rights, settings.</summary>
public sealed class SharedSurroundingsTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(10);

    [FactIfPostgres]
    public async Task A_change_that_was_acknowledged_does_not_end_with_a_transaction_of_its_caller()
    {
        using var stores = new SharedStores();
        using ImmStore store = stores.Open();
        ProjectRegistry registry = store.Registry("account", "region");
        using (new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
        {
            registry.Create(new() { ProjectName = "first" });
            Assert.Equal("first", (await registry.GetAsync("first")).ProjectName.Value);
            using ImmStore opened = stores.Open();
            await opened.Registry("account", "region").CreateAsync(new() { ProjectName = "second" });
            await opened.Registry("account", "elsewhere").CreateAsync(new() { ProjectName = "third" });
        }

        using ImmStore other = stores.Open();
        Assert.Equal(["first", "second"], other.Registry("account", "region").ListAll().Select(project => project.ProjectName.Value));
        Assert.Equal(["third"], other.Registry("account", "elsewhere").ListAll().Select(project => project.ProjectName.Value));
    }
}
