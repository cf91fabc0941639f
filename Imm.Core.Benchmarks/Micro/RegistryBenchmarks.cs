using BenchmarkDotNet.Attributes;

namespace Imm.Core.Benchmarks.Micro;

/// <summary>The base of benchmarks with a registry in memory that holds a number of projects.</summary>
[MemoryDiagnoser]
public abstract class RegistryBenchmarks
{
    [Params(1_000, 100_000)]
    public int Size { get; set; }

    protected ProjectRegistry Registry { get; private set; } = null!;

    [GlobalSetup]
    public void Setup()
    {
        Registry = Filled.Registry(Size);
        OnSetup();
    }

    /// <summary>Prepares the other state of a benchmark.</summary>
    protected virtual void OnSetup()
    {
    }
}
