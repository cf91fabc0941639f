using BenchmarkDotNet.Attributes;
using Imm.Core.Benchmarks.Throughput.Adapters;

namespace Imm.Core.Benchmarks.Micro;

/// <summary>Refuses a request; the baseline is an exception that is only thrown and caught.</summary>
public class RefuseBenchmarks : RegistryBenchmarks
{
    private readonly CreateProjectRequest _free = ImmAdapter.Request(NewProject.Of(Filled.FirstAbsent));
    private readonly CreateProjectRequest _taken = ImmAdapter.Request(NewProject.Of(0));
    private readonly CreateProjectRequest _malformed = new() { ProjectName = "no name" };

    protected override void OnSetup()
    {
        Registry.SetProjectQuota(Size);
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
            Registry.Create(request);
            return "";
        }
        catch (ImmException e)
        {
            return e.Code;
        }
    }
}
