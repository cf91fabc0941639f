using BenchmarkDotNet.Attributes;
using Imm.Core.Benchmarks.Throughput.Peers;

namespace Imm.Core.Benchmarks.Micro;

/// <summary>To be refused; beside an exception that is only thrown and caught.</summary>
[MemoryDiagnoser]
public class RefuseBenchmarks
{
    private readonly CreateProjectRequest _free = ImmPeer.Request(NewProject.Of((long)1 << 40));
    private readonly CreateProjectRequest _taken = ImmPeer.Request(NewProject.Of(0));
    private readonly CreateProjectRequest _malformed = new() { ProjectName = "no name" };
    private ProjectRegistry _registry = null!;

    [Params(1_000, 100_000)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _registry = Filled.Registry(Size);
        _registry.SetProjectQuota(Size);
    }

    [Benchmark(Baseline = true)]
    public string ThrowAndCatch()
    {
        try
        {
            Throw(_malformed.ProjectName!);
            return "";
        }
        catch (InvalidOperationException e)
        {
            return e.Message;
        }
    }

    [Benchmark]
    public string Duplicate() => Refuse(_taken);

    [Benchmark]
    public string FullQuota() => Refuse(_free);

    [Benchmark]
    public string Malformed() => Refuse(_malformed);

    private static void Throw(string message) => throw new InvalidOperationException(message);

    private string Refuse(CreateProjectRequest request)
    {
        try
        {
            _registry.Create(request);
            return "";
        }
        catch (ImmException e)
        {
            return e.Code;
        }
    }
}
