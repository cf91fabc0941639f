using Imm.Core.Storage;
using LiteDB;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>The verification of documents in BSON.</summary>
public class BsonWalkerTests
{
    private static readonly byte[] Whole = BsonSerializer.Serialize(new BsonDocument
    {
        ["Number"] = 1L,
        ["Text"] = "夏の写真",
        ["Later"] = new BsonArray { 1.5, true, new BsonDocument { ["Inner"] = "text", ["Time"] = DateTime.UnixEpoch } },
    });

    [Fact]
    public void A_document_is_verified_with_everything_in_it()
    {
        BsonWalker.Verify(Whole);
        for (int i = 0; i < Whole.Length; i++)
        {
            byte[] cut = Whole[..i];
            Assert.Throws<InvalidDataException>(() => BsonWalker.Verify(cut));
        }

        int inner = Whole.AsSpan().IndexOf("Inner"u8);
        AssertDamaged(inner - 1, 0x66);
        AssertDamaged(inner + "Inner".Length + 1, 0x7F);
        AssertDamaged(inner + "Inner".Length + 5, 0xFF);
        AssertDamaged(Whole.AsSpan().IndexOf("Later"u8), 0xFF);
    }

    [Fact]
    public void Bytes_that_are_flipped_are_a_document_or_are_refused()
    {
        int refused = 0;
        for (int bit = 0; bit < 8 * Whole.Length; bit++)
        {
            byte[] flipped = [.. Whole];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Exception? error = Xunit.Record.Exception(() => BsonWalker.Verify(flipped));
            Assert.True(error is null or InvalidDataException, $"bit {bit}: {error}");
            refused += error is null ? 0 : 1;
        }

        Assert.InRange(refused, Whole.Length, 8 * Whole.Length);
    }

    private static void AssertDamaged(int at, byte value)
    {
        byte[] damaged = [.. Whole];
        damaged[at] = value;
        Assert.Throws<InvalidDataException>(() => BsonWalker.Verify(damaged));
    }
}
