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
        _empty = ScopeState.Empty(new Scope(ImmPeer.Account, ImmPeer.Region), new ServiceFigures(int.MaxValue, 100, 100));
        _state = _empty;
        var edit = new Edit();
        for (int n = 0; n < Size; n++)
        {
            _state = Decide(_state, ImmPeer.Request(NewProject.Of(n)), edit);
        }

        edit.Close();
        _requests = [.. Enumerable.Range(0, Requests).Select(n => ImmPeer.Request(NewProject.Of(((long)1 << 40) + n)))];
    }

    [Benchmark(Baseline = true)]
    public object InEmptyScope() => Decide(_empty, Next(), null);

    [Benchmark]
    public object InFilledScope() => Decide(_state, Next(), null);

    private static ScopeState Decide(ScopeState state, CreateProjectRequest request, Edit? edit)
    {
        CreateProject.TryRead(request, out CreateProject? command);
        return command!.Decide(state, 639_000_000_000_000_000, edit).Next!;
    }

    private CreateProjectRequest Next() => _requests[_at = (_at + 1) & (Requests - 1)];
}
