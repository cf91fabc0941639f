using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Imm.Core.Storage;

/// <summary>
/// Reads documents by their keys, which are numbers, from the pages of LiteDB: the collections in page 0, the index of their keys, which is
/// a skip list, and the blocks of bytes that a document consists of. Not thread-safe.
/// </summary>
/// <remarks>
/// LiteDB makes objects of every page, index node and field that it reads, and runs a query for each search. Here a document is a slice of
/// its page. The pages have their checksums verified, and yet every link is checked: a wrong one is damage. Keys rise along the index, so
/// no walk is endless.
/// </remarks>
/// <param name="pages">The pages.</param>
/// <param name="isRecycling">
/// True if a document is valid only until the next one is read. The memory of its page is then used again.
/// </param>
internal sealed class CollectionReader(IPages pages, bool isRecycling = false)
{
    /// <summary>The offset of the type of a page.</summary>
    public const int PageType = 4;

    /// <summary>The type of a page with documents.</summary>
    public const byte DocumentPage = 4;

    /// <summary>The offset of the number of the highest slot of a page; 255 for none.</summary>
    public const int HighestSlot = 30;

    /// <summary>The length of what stands in front of the bytes of a document in each of its blocks.</summary>
    public const int BlockHeaderLength = 1 + AddressLength;

    /// <summary>The first byte of the first block of a document.</summary>
    public const byte FirstBlock = 0;

    /// <summary>The number of pages, 512 KiB, that are held at most, each in a place that its number decides.</summary>
    private const int MaxPagesHeld = 64;

    private const int None = -1;
    private const int CollectionsOffset = 192;
    private const int IndexesOffset = 96;
    private const int FirstSegment = 32;
    private const int SlotLength = 4;
    private const int AddressLength = 5;
    private const byte CollectionPage = 2;
    private const byte IndexPage = 3;

    private readonly (long Number, byte[]? Page)[] _held = new (long, byte[]?)[MaxPagesHeld];

    /// <summary>Forgets a page that has changed.</summary>
    public void Forget(uint number)
    {
        ref (long Number, byte[]? Page) held = ref _held[number % MaxPagesHeld];
        if (held.Number == number)
        {
            held = (None, held.Page);
        }
    }

    /// <summary>Finds a segment of a page; false if the slot is free, or leads out of the page.</summary>
    /// <param name="page">The page.</param>
    /// <param name="number">The number of the slot, not above that of the highest.</param>
    /// <param name="position">The offset of the segment.</param>
    /// <param name="length">Its length in bytes.</param>
    public static bool TryGetSegment(ReadOnlySpan<byte> page, int number, out int position, out int length)
    {
        int slot = DataPage.Size - ((number + 1) * SlotLength);
        length = BinaryPrimitives.ReadUInt16LittleEndian(page[slot..]);
        position = BinaryPrimitives.ReadUInt16LittleEndian(page[(slot + 2)..]);
        return position >= FirstSegment && position + length <= slot;
    }

    /// <summary>Reads the documents with keys in a range, both ends inclusive, in order, as they are enumerated.</summary>
    /// <exception cref="IOException">A page is damaged or cannot be read.</exception>
    /// <exception cref="InvalidDataException">A link between pages is damaged.</exception>
    public IEnumerable<StoredDocument> Read(string collection, long first, long last)
    {
        if (FindIndex(collection) is not { } index)
        {
            yield break;
        }

        long previous = long.MinValue;
        for (Address at = NodeAt(Before(index, first)).Next(0); IsKey(at, index);)
        {
            Node node = NodeAt(at);
            Expect(node.Key > previous);
            if (node.Key > last)
            {
                yield break;
            }

            previous = node.Key;
            at = node.Next(0);
            yield return new StoredDocument(previous, ReadDocument(node.Document));
        }
    }

    /// <summary>Reads the document with the greatest key in a range; null if there is none.</summary>
    /// <inheritdoc cref="Read" path="/exception"/>
    public StoredDocument? ReadLast(string collection, long first, long last)
    {
        if (FindIndex(collection) is not { } index)
        {
            return null;
        }

        Node node = NodeAt(Before(index, last));
        if (node.Next(0) is var at && IsKey(at, index) && NodeAt(at) is var next && next.Key == last)
        {
            node = next;
        }

        return node.IsHead || node.Key < first ? null : new StoredDocument(node.Key, ReadDocument(node.Document));
    }

    /// <summary>Finds the least key in a range; null if there is none.</summary>
    /// <inheritdoc cref="Read" path="/exception"/>
    public long? FirstKey(string collection, long first, long last) =>
        FindIndex(collection) is { } index && NodeAt(Before(index, first)).Next(0) is var at && IsKey(at, index)
        && NodeAt(at).Key is var key && key <= last ? key : null;

    /// <summary>Finds the node with the greatest key below a key; the head of the index if there is none.</summary>
    private Address Before(in KeyIndex index, long key)
    {
        Address found = index.Head;
        Node node = NodeAt(found);
        Expect(node.IsHead);
        for (int level = node.Levels - 1; level >= 0; level--)
        {
            while (node.Next(level) is var at && IsKey(at, index) && NodeAt(at) is var next && next.Key < key)
            {
                Expect(next.Levels > level && (node.IsHead || next.Key > node.Key));
                (found, node) = (at, next);
            }
        }

        return found;
    }

    private static bool IsKey(in Address address, in KeyIndex index) => !address.IsNone && address != index.Tail;

    private Node NodeAt(in Address address) => new(SegmentAt(address, IndexPage).Span);

    /// <summary>Finds the index of the keys of a collection; null if the collection does not exist.</summary>
    private KeyIndex? FindIndex(string collection)
    {
        if (pages.PageCount == 0)
        {
            return null;
        }

        ReadOnlySpan<byte> names = Page(0).AsSpan(CollectionsOffset);
        int length = BinaryPrimitives.ReadInt32LittleEndian(names);
        if (length == 0)
        {
            // A file without collections has zeros there.
            return null;
        }

        Expect(length >= BsonWalker.MinLength && length <= names.Length);
        var fields = new BsonWalker(names[..length]);
        if (!fields.MoveTo(collection))
        {
            return null;
        }

        Expect(fields.Type == BsonWalker.Int32);
        return ReadIndex(BinaryPrimitives.ReadUInt32LittleEndian(fields.Value));
    }

    private KeyIndex ReadIndex(uint collection)
    {
        byte[] page = Page(collection);
        Expect(page[PageType] == CollectionPage);
        ReadOnlySpan<byte> rest = page.AsSpan(IndexesOffset + 1);
        for (int i = page[IndexesOffset]; i > 0; i--)
        {
            // A slot and a type, two texts that end with zero (a name and an expression), a flag, head and tail, five more bytes.
            Expect(rest.Length > 2);
            rest = rest[2..];
            int name = rest.IndexOf((byte)0);
            bool isOfKeys = name >= 0 && rest[..name].SequenceEqual("_id"u8);
            Expect(name >= 0);
            rest = rest[(name + 1)..];
            int expression = rest.IndexOf((byte)0);
            Expect(expression >= 0 && expression + 2 + (2 * AddressLength) + 5 <= rest.Length);
            rest = rest[(expression + 2)..];
            if (isOfKeys)
            {
                return new KeyIndex(Address.Read(rest), Address.Read(rest[AddressLength..]));
            }

            rest = rest[((2 * AddressLength) + 5)..];
        }

        throw Damaged();
    }

    private ReadOnlyMemory<byte> ReadDocument(Address address)
    {
        ReadOnlyMemory<byte> block = SegmentAt(address, DocumentPage);
        Expect(block.Length > BlockHeaderLength + BsonWalker.MinLength);
        int length = BinaryPrimitives.ReadInt32LittleEndian(block.Span[BlockHeaderLength..]);
        if (length <= block.Length - BlockHeaderLength)
        {
            Expect(length >= BsonWalker.MinLength);
            return block.Slice(BlockHeaderLength, length);
        }

        // Of several blocks: one that is longer than a page. The bound is that of the pages, so a damaged length is not allocated.
        Expect(length <= pages.PageCount * DataPage.Size);
        var document = new byte[length];
        int filled = 0;
        while (true)
        {
            ReadOnlySpan<byte> some = block.Span[BlockHeaderLength..];
            some = some[..Math.Min(some.Length, length - filled)];
            some.CopyTo(document.AsSpan(filled));
            filled += some.Length;
            if (filled == length)
            {
                return document;
            }

            address = Address.Read(block.Span[1..]);
            Expect(!address.IsNone);
            block = SegmentAt(address, DocumentPage);
            Expect(block.Length > BlockHeaderLength);
        }
    }

    /// <summary>Returns a segment of a page: its slot at the end of the page has its length and position.</summary>
    private ReadOnlyMemory<byte> SegmentAt(in Address address, byte type)
    {
        byte[] page = Page(address.Page);
        Expect(page[PageType] == type && page[HighestSlot] != byte.MaxValue && address.Slot <= page[HighestSlot]);
        Expect(TryGetSegment(page, address.Slot, out int position, out int length));
        return page.AsMemory(position, length);
    }

    private byte[] Page(uint number)
    {
        ref (long Number, byte[]? Page) held = ref _held[number % MaxPagesHeld];
        if (held.Page is { } known && held.Number == number)
        {
            return known;
        }

        Expect(number < pages.PageCount);

        // Nothing is held under the number if the read fails.
        byte[] page = (isRecycling ? held.Page : null) ?? GC.AllocateUninitializedArray<byte>(DataPage.Size);
        held = (None, null);
        pages.ReadPage(number, page);
        held = (number, page);
        return page;
    }

    private void Expect(bool condition)
    {
        if (!condition)
        {
            throw Damaged();
        }
    }

    private InvalidDataException Damaged() => new($"A link between the pages of the file '{pages.Name}' is damaged.");

    private readonly record struct KeyIndex(Address Head, Address Tail);

    /// <summary>The place of a segment.</summary>
    private readonly record struct Address(uint Page, byte Slot)
    {
        public bool IsNone => Page == uint.MaxValue;

        public static Address Read(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt32LittleEndian(bytes), bytes[sizeof(uint)]);
    }

    /// <summary>A node of the index: at each of its levels it leads to the next node that has the level.</summary>
    private readonly struct Node
    {
        private const int LevelsOffset = 1;
        private const int DocumentOffset = 2;
        private const int LinksOffset = DocumentOffset + (2 * AddressLength);
        private const int MaxLevels = 32;
        private const byte Int64Key = 3;
        private const byte HeadKey = 0;

        private readonly Links _next;

        public Node(ReadOnlySpan<byte> segment)
        {
            int levels = segment.Length > LevelsOffset ? segment[LevelsOffset] : 0;
            int key = LinksOffset + (2 * AddressLength * levels);
            if (levels is 0 or > MaxLevels || segment.Length <= key
                || (segment[key] != HeadKey && (segment[key] != Int64Key || segment.Length < key + 1 + sizeof(long))))
            {
                throw new InvalidDataException("A node of an index is damaged.");
            }

            Levels = levels;
            IsHead = segment[key] == HeadKey;
            Key = IsHead ? long.MinValue : BinaryPrimitives.ReadInt64LittleEndian(segment[(key + 1)..]);
            Document = Address.Read(segment[DocumentOffset..]);
            for (int level = 0; level < levels; level++)
            {
                // At each level a link back and one forward.
                _next[level] = Address.Read(segment[(LinksOffset + (((2 * level) + 1) * AddressLength))..]);
            }
        }

        public int Levels { get; }

        public bool IsHead { get; }

        public long Key { get; }

        public Address Document { get; }

        public Address Next(int level) => _next[level];

        [InlineArray(MaxLevels)]
        private struct Links
        {
            private Address _first;
        }
    }
}

/// <summary>A document of a collection.</summary>
/// <param name="Key">The key under which the index has it.</param>
/// <param name="Bytes">The document in BSON: a slice of its page if it is not longer.</param>
internal readonly record struct StoredDocument(long Key, ReadOnlyMemory<byte> Bytes);
