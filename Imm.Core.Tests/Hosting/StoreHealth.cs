using Imm.Core;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Apps;

/// <summary>The health check that the README shows.</summary>
internal sealed class StoreHealth(ImmStore store) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(store.Status is { State: ImmStoreState.Open }
            ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("The store takes no changes.", store.Status.Failure));
}
