using BenchmarkDotNet.Attributes;
using Imm.Core.Benchmarks.Throughput.Peers;
using Imm.Core.Collections;
using Imm.Core.Model;

namespace Imm.Core.Benchmarks.Micro;

/// <summary>
/// To come from a request and a state to the next state, without a store; beside the same for a scope that is empty, where there is no index to copy.
/// </summary>
[MemoryDiagnoser]
public class DecideCreateBenchmarks
{
    private const int Requests = 1 << 12;

    private CreateProjectRequest[] _requests = [];
    private ScopeState _empty = null!;
    private ScopeState _state = null!;
    private int _at;

    [Params(1_000, 100_000)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _empty = ScopeState.Empty(new Scope(ImmPeer.Account, ImmPeer.Region), new ServiceDefaults(int.MaxValue, 100, 100));
        _state = _empty;
        var owner = new OwnerToken();
        for (int n = 0; n < Size; n++)
        {
            _state = Decide(_state, ImmPeer.Request(NewProject.Of(n)), owner);
        }

        owner.Close();
        _requests = [.. Enumerable.Range(0, Requests).Select(n => ImmPeer.Request(NewProject.Of(((long)1 << 40) + n)))];
    }

    [Benchmark(Baseline = true)]
    public object InEmptyScope() => Decide(_empty, Next(), null);

    [Benchmark]
    public object InFilledScope() => Decide(_state, Next(), null);

    private static ScopeState Decide(ScopeState state, CreateProjectRequest request, OwnerToken? owner)
    {
        CreateProject.Parse(request, out CreateProject? command);
        return command!.Decide(state, 639_000_000_000_000_000, owner).Next!;
    }

    private CreateProjectRequest Next() => _requests[_at = (_at + 1) & (Requests - 1)];
}
