using System.Security.Cryptography;
using System.Text;
using Imm.Core.Model;

namespace Imm.Core.Shared;

/// <summary>The keys of scopes in the tables.</summary>
internal static class SharedKey
{
    /// <summary>Makes the key of a scope: a hash, which databases that spread rows by key spread evenly.</summary>
    public static Guid Of(Scope scope)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.ASCII.GetBytes($"{scope.AccountId}/{scope.RegionId}"), hash);
        return new Guid(hash[..16], bigEndian: true);
    }
}
