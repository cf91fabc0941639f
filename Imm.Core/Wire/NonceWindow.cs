using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Imm.Core.Wire;

/// <summary>
/// The nonces that were used lately, in bounded memory: past the bound the oldest go first. Safe to use from many threads at once.
/// </summary>
/// <param name="maxCount">The number of nonces that are kept at most.</param>
internal sealed class NonceWindow(int maxCount)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<UInt128, long> _expiryOf = [];
    private readonly Queue<(UInt128 Nonce, long Expiry)> _byAge = new();

    /// <summary>The number of nonces that are kept.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _byAge.Count;
            }
        }
    }

    /// <summary>Records a nonce of a key; false where it is recorded already. Of equal ones at the same time one is recorded.</summary>
    /// <param name="accessKeyId">The key: each has its own nonces.</param>
    /// <param name="nonce">The nonce.</param>
    /// <param name="now">The moment from which on nonces that have expired are forgotten.</param>
    /// <param name="expiry">The last moment at which the nonce is refused.</param>
    public bool TryUse(string accessKeyId, string nonce, DateTimeOffset now, DateTimeOffset expiry)
    {
        // A digest has one length whatever the nonce has. The length of the key keeps the two texts apart.
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(
            Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{accessKeyId.Length}:{accessKeyId}{nonce}")), digest);
        UInt128 key = BinaryPrimitives.ReadUInt128LittleEndian(digest);
        lock (_lock)
        {
            if (_expiryOf.TryGetValue(key, out long until) && until >= now.UtcTicks)
            {
                return false;
            }

            _expiryOf[key] = expiry.UtcTicks;
            _byAge.Enqueue((key, expiry.UtcTicks));
            while (_byAge.Count > maxCount || _byAge.Peek().Expiry < now.UtcTicks)
            {
                // A nonce that was used again after it had expired stands in the queue twice; the later entry counts.
                (UInt128 oldest, long oldestExpiry) = _byAge.Dequeue();
                if (_expiryOf.TryGetValue(oldest, out long current) && current == oldestExpiry)
                {
                    _expiryOf.Remove(oldest);
                }
            }

            return true;
        }
    }
}
