using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Xunit;

namespace Imm.Core.Tests.Hosting;

/// <summary>The meter of a store without a meter factory.</summary>
[Collection(nameof(ListensToTheProcess))]
public sealed class ProcessMeterTests
{
    [Fact]
    public void Without_a_meter_factory_a_store_reports_to_a_meter_of_the_process()
    {
        using ImmStore store = ImmStore.InMemory(new ImmStoreOptions { Name = nameof(ProcessMeterTests) });
        using var operations = new MetricCollector<long>(meterScope: null, ImmTelemetry.MeterName, "imm.operations");

        store.Registry().TryGet("none", out _);

        Assert.Equal(
            $"imm.action=imm:GetProject imm.store.name={nameof(ProcessMeterTests)}",
            Watch.Labels(Assert.Single(operations.GetMeasurementSnapshot())));
    }
}
