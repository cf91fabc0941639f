namespace Imm.Core.Tests.Registry;

public sealed class MemoryRegistryTests : RegistryConformance
{
    protected override ImmStore OpenStore(ImmStoreOptions options) => ImmStore.InMemory(options);
}
