using System.Collections.Concurrent;

namespace Imm.Core.Benchmarks.Demo;

/// <summary>What the job expected and did not find. Safe to use from many threads.</summary>
internal sealed class Findings
{
    private readonly ConcurrentQueue<string> _differences = [];
    private long _checks;

    public long Checks => Interlocked.Read(ref _checks);

    public IReadOnlyCollection<string> Differences => _differences;

    public void Expect(bool asExpected, Func<string> difference)
    {
        Interlocked.Increment(ref _checks);
        if (!asExpected)
        {
            _differences.Enqueue(difference());
        }
    }
}
