using System.Runtime.CompilerServices;
using FsCheck.Xunit;
using Imm.Core.Collections;
using Xunit;

namespace Imm.Core.Tests.Model;

/// <summary>The name tree and the name index against a sorted dictionary: every snapshot stays as it was.</summary>
public sealed class NameIndexTests
{
    // Hashes that differ in all bits, in none, in the last ones, in some of the middle, and in the first ones.
    public static TheoryData<int> HashMasks => new(-1, 0, 1, 3, 0x00041041, unchecked((int)0xC0000000), 0x3F000000);

    [Property(MaxTest = 200)]
    public void A_snapshot_does_not_change(int seed, Step[] steps, byte mask) => Run(seed, steps, mask, 60);

    [Property(MaxTest = 60)]
    public void A_snapshot_of_a_large_index_does_not_change(int seed, Step[] steps) => Run(seed, steps, 0, 9000);

    [Theory]
    [MemberData(nameof(HashMasks))]
    public void A_hundred_thousand_random_changes(int mask)
    {
        var random = new Random(mask);
        var world = new World(mask, mask == -1 ? 9000 : 300);
        for (int i = 0; i < 100_000; i++)
        {
            bool rare = random.Next(1000) == 0;
            byte what = (byte)random.Next(rare ? 256 : 6);
            world.Take(new Step(what, random.Next(), (byte)(rare ? 255 : 0), random.Next(8) > 0));
        }

        world.Verify();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    [InlineData(7919)]
    public void Adds_and_removes_all_names_in_any_order(int stride)
    {
        const int Total = 20_000;
        foreach (OwnerToken? owner in new[] { new OwnerToken(), null })
        {
            NameTree<Thing> tree = NameTree<Thing>.Empty;
            NameIndex<Thing> index = NameIndex<Thing>.Empty;
            Thing[] things =
            [
                .. Enumerable.Range(0, Total).Select(i => new Thing($"p{(int)((((long)i * stride) + Total) % Total + Total) % Total:d5}")),
            ];
            foreach (Thing thing in things)
            {
                tree = tree.Set(thing, owner);
                index = index.Set(null, thing, owner);
            }

            tree.AssertShape();
            index.AssertShape();
            Assert.Equal((Total, Total), (tree.Count, index.Count));
            for (int i = 0; i < Total; i++)
            {
                tree = tree.Remove(things[i].Name, owner);
                index = index.Remove(things[i], owner);
                Assert.Null(index.Find(things[i].Name));
                if (i % 500 == 0 || i > Total - 70)
                {
                    index.AssertShape();
                    tree.AssertShape();
                    Assert.Equal(Total - 1 - i, Read(tree.After(null)).Count);
                }
            }

            Assert.Equal(0, tree.Count + index.Count);
            Assert.Empty(Read(tree.From("")));
        }
    }

    [Property(MaxTest = 200)]
    public void A_seek_finds_the_names_that_come_after_a_text(string?[] words, string? probe)
    {
        NameTree<Thing> tree = NameTree<Thing>.Empty;
        var model = new SortedDictionary<string, Thing>(StringComparer.Ordinal);
        foreach (string word in words.Select(word => word ?? ""))
        {
            for (char c = 'a'; c < 'a' + 12; c++)
            {
                var thing = new Thing(word + c);
                tree = tree.Set(thing);
                model[thing.Name] = thing;
            }
        }

        string[] probes = ["", "\0", "a", "\uFFFF", probe ?? "x", .. words.Select(word => word ?? ""), .. model.Keys];
        Assert.Equal(model.Values, Read(tree.After(null)));
        foreach (string name in probes)
        {
            Assert.Equal(model.Values.Where(thing => string.CompareOrdinal(thing.Name, name) > 0).Take(100), Read(tree.After(name), 100));
            Assert.Equal(model.Values.Where(thing => string.CompareOrdinal(thing.Name, name) >= 0).Take(100), Read(tree.From(name), 100));
        }
    }

    [Fact]
    public void The_packed_object_of_the_last_change_is_that_which_was_added_under_its_name()
    {
        var maker = new Packable.Maker();
        var (first, second) = (new Packable("a", maker), new Packable("b", maker));
        NameIndex<Packable> one = NameIndex<Packable>.Empty.Set(null, first);
        NameIndex<Packable> two = one.Set(null, second);

        Assert.False(NameIndex<Packable>.Empty.LastPacked("a").IsSet);
        Assert.Equal("a", one.LastPacked("a").Read()!.Name);
        Assert.False(one.LastPacked("b").IsSet);
        Assert.False(two.LastPacked("a").IsSet);
        Assert.Equal("b", two.LastPacked("b").Read()!.Name);
        Assert.False(two.Set(one.Find("a"), first).LastPacked("a").IsSet);
        Assert.False(two.Remove(two.Find("b")!).LastPacked("b").IsSet);
    }

    [Fact]
    public void A_cursor_at_its_end_stays_there()
    {
        NameTree<Thing>.Cursor cursor = NameTree<Thing>.Empty.Set(new Thing("a")).After(null);
        Assert.True(cursor.MoveNext());
        Assert.False(cursor.MoveNext());
        Assert.False(cursor.MoveNext());
        Assert.False(NameTree<Thing>.Empty.After(null).MoveNext());
        Assert.False(NameTree<Thing>.Empty.From("a").MoveNext());
    }

    [Fact]
    public void An_owner_changes_in_place_and_an_unknown_name_changes_nothing()
    {
        var owner = new OwnerToken();
        NameTree<Thing> tree = NameTree<Thing>.Empty.Set(new Thing("a"), owner);
        Assert.Same(tree, tree.Set(new Thing("b"), owner));
        Assert.Same(tree, tree.Remove("c", owner));

        // A change without the token publishes the collection, even where it changes nothing. What is published is not changed in place.
        Assert.Same(tree, tree.Remove("c"));
        Assert.NotSame(tree, tree.Set(new Thing("d"), owner));
        Assert.Equal(2, tree.Count);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(3)]
    public void Objects_that_are_set_together_are_found_and_leave_earlier_indexes_as_they_were(int mask)
    {
        var random = new Random(mask);
        NameIndex<Thing> index = NameIndex<Thing>.WithHash(name => string.GetHashCode(name, StringComparison.Ordinal) & mask);
        var model = new SortedDictionary<string, Thing>(StringComparer.Ordinal);
        for (int round = 0; round < 60; round++)
        {
            (NameIndex<Thing> before, Thing[] known) = (index, [.. model.Values]);
            (Thing? Before, Thing After)[] items =
            [
                .. Enumerable.Range(0, random.Next(300)).Select(_ => $"p{random.Next(2000)}").Distinct()
                    .Select(name => (model.GetValueOrDefault(name), new Thing(name))),
            ];
            var owner = new OwnerToken();
            index = index.Set(items, round % 3 == 0 ? null : owner);
            owner.Close();
            foreach ((_, Thing after) in items)
            {
                model[after.Name] = after;
            }

            Assert.Equal((model.Count, known.Length), (index.Count, before.Count));
            Assert.All(model.Values, thing => Assert.Same(thing, index.Find(thing.Name)));
            Assert.Equal(known, Read(before.InOrder.After(null)));
            Assert.Equal(model.Values, Read(index.InOrder.After(null)));
            index.AssertShape();
        }
    }

    [Fact]
    public void An_index_stays_as_it_was_for_readers_beside_the_thread_that_makes_its_successors()
    {
        const int Names = 3_000;
        const int Steps = 60_000;
        var random = new Random(6);
        var stepsOf = new List<int>[Names];
        var kept = new (NameIndex<Thing> Index, int Step)[64];
        string[] names = [.. Enumerable.Range(0, Names).Select(i => i % 2 == 0 ? $"n{i}" : new string('n', 50) + i)];
        (int Name, bool IsRemoval)[] steps = [.. Enumerable.Range(0, Steps).Select(_ => (random.Next(Names), random.Next(3) == 0))];
        var made = new Thing[Steps];
        for (int i = 0; i < Names; i++)
        {
            stepsOf[i] = [];
        }

        for (int i = 0; i < Steps; i++)
        {
            stepsOf[steps[i].Name].Add(i);
            made[i] = new Thing(names[steps[i].Name]);
        }

        Thing? Expected(int name, int step)
        {
            int at = stepsOf[name].BinarySearch(step);
            at = at >= 0 ? at : ~at - 1;
            return at < 0 || steps[stepsOf[name][at]].IsRemoval ? null : made[stepsOf[name][at]];
        }

        Array.Fill(kept, (NameIndex<Thing>.Empty, -1));
        long wrong = 0;
        bool isDone = false;
        Thread[] readers =
        [
            .. Enumerable.Range(0, 3).Select(seed => new Thread(() =>
            {
                var mine = new Random(seed);
                while (!Volatile.Read(ref isDone))
                {
                    (NameIndex<Thing> index, int step) entry;
                    lock (kept)
                    {
                        entry = kept[mine.Next(kept.Length)];
                    }

                    for (int i = 0; i < 200; i++)
                    {
                        int name = mine.Next(Names);
                        wrong += ReferenceEquals(entry.index.Find(names[name]), Expected(name, entry.step)) ? 0 : 1;
                    }

                    if (mine.Next(20) == 0)
                    {
                        wrong += entry.index.InOrder.Count == entry.index.Count ? 0 : 1;
                    }
                }
            })),
        ];
        Array.ForEach(readers, reader => reader.Start());
        NameIndex<Thing> index = NameIndex<Thing>.Empty;
        for (int i = 0; i < Steps; i++)
        {
            (int name, bool isRemoval) = steps[i];
            Thing? before = index.Find(names[name]);
            index = !isRemoval ? index.Set(before, made[i]) : before is null ? index : index.Remove(before);
            lock (kept)
            {
                // Half of them are the latest ones.
                kept[i % 2 == 0 ? i % 32 : 32 + random.Next(32)] = (index, i);
            }
        }

        Volatile.Write(ref isDone, true);
        Array.ForEach(readers, reader => reader.Join());
        Assert.Equal(0, wrong);
        index.AssertShape();
    }

    [Fact]
    public void A_frozen_index_does_not_learn_of_the_changes_of_its_successors()
    {
        NameIndex<Thing> frozen = NameIndex<Thing>.Of([.. Enumerable.Range(0, 300).Select(i => new Thing($"n{i}"))], NotExpected);
        frozen.Freeze();
        WeakReference changed = ChangeAll(frozen);

        GC.Collect();
        Assert.False(changed.IsAlive);
        Assert.Equal(300, Read(frozen.InOrder.After(null)).Count);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference ChangeAll(NameIndex<Thing> index)
        {
            for (int i = 0; i < 300; i++)
            {
                index = index.Set(index.Find($"n{i}"), new Thing($"n{i}"));
            }

            return new WeakReference(index.Find("n7"));
        }
    }

    [Fact]
    public void Successors_of_one_index_do_not_see_each_other()
    {
        NameIndex<Thing> index = NameIndex<Thing>.Empty.Set(null, new Thing("a"));
        NameIndex<Thing> left = index.Set(null, new Thing("left"));
        NameIndex<Thing> right = index.Set(null, new Thing("right"));
        NameIndex<Thing> none = index.Remove(index.Find("a")!);

        Assert.Equal(["a"], Read(index.InOrder.After(null)).Select(thing => thing.Name));
        Assert.Equal(["a", "left"], Read(left.InOrder.After(null)).Select(thing => thing.Name));
        Assert.Equal(["a", "right"], Read(right.InOrder.After(null)).Select(thing => thing.Name));
        Assert.Empty(Read(none.InOrder.After(null)));
        Assert.Null(left.Find("right"));
        Assert.Null(none.Find("a"));
    }

    [Fact]
    public void An_index_that_is_read_in_order_after_each_change_makes_each_change_once()
    {
        NameIndex<Thing> index = NameIndex<Thing>.Empty;
        for (int i = 0; i < 100; i++)
        {
            index = index.Set(null, new Thing($"n{i % 10}{i}"));
            NameTree<Thing> tree = index.InOrder;
            Assert.Equal(i + 1, tree.Count);
            Assert.Same(tree, index.InOrder);
        }

        index.AssertShape();
    }

    [Theory]
    [InlineData(1_000)]
    [InlineData(20_000)]
    public void An_index_keeps_a_tree_while_it_is_read_in_order(int count)
    {
        NameIndex<Thing> index = NameIndex<Thing>.Empty;
        for (int i = 0; i < count; i++)
        {
            index = index.Set(null, new Thing($"n{i % 10}{i}"));
            Assert.False(index.HasTree);
        }

        _ = index.InOrder;
        Assert.True(index.HasTree);

        // About as many changes as the index has objects: the tree is given up when recent changes are made.
        int changes = 0;
        for (; index.HasTree && changes < 2 * count; changes++)
        {
            Thing one = index.Find("n11")!;
            index = index.Set(one, new Thing(one.Name));
        }

        Assert.InRange(changes, count - 200, count + 200);
        Assert.Equal(count, Read(index.InOrder.After(null)).Count);
        index.AssertShape();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1_000)]
    public void A_growing_index_gives_its_tree_up_after_as_many_changes_as_it_had_objects(int count)
    {
        NameIndex<Thing> index = NameIndex<Thing>.Empty;
        for (int i = 0; i < count; i++)
        {
            index = index.Set(null, new Thing($"n{i}"));
        }

        Assert.Equal(count, index.InOrder.Count);
        Assert.Equal(count > 0, index.HasTree);
        int added = 0;
        for (; index.HasTree; added++)
        {
            Assert.InRange(added, 0, count + 300);
            index = index.Set(null, new Thing($"later{added}"));
        }

        Assert.InRange(added, count - 200, count + 300);
        Assert.Equal(count + added, index.InOrder.Count);
        Assert.False(NameIndex<Thing>.Empty.HasTree);
    }

    [Fact]
    public void An_index_that_is_made_of_many_objects_at_once_has_a_tree_from_the_first_read_in_order()
    {
        const int Count = 10_000;
        Thing[] things = [.. Enumerable.Range(0, Count).Select(i => new Thing($"n{i % 10}{i}"))];
        NameIndex<Thing> index = NameIndex<Thing>.Of(things, NotExpected);
        for (int i = 0; i < 200; i++)
        {
            index = index.Set(null, new Thing($"later{i}"));
            Assert.False(index.HasTree);
        }

        Assert.Equal(Count + 200, Read(index.InOrder.After(null)).Count);
        for (int i = 0; i < Count / 2; i++)
        {
            Thing one = index.Find("n11")!;
            index = index.Set(one, new Thing(one.Name));
        }

        Assert.True(index.HasTree);
        index.AssertShape();
    }

    [Theory]
    [MemberData(nameof(HashMasks))]
    public void Of_objects_with_one_name_the_first_is_in_a_table(int mask)
    {
        foreach (int count in (int[])[0, 1, 3, 9, 1_000, 3_000])
        {
            Thing[] things = [.. Enumerable.Range(0, count).Select(i => new Thing($"n{i % 40}{(i % 3 == 0 ? "" : $"-{i % 700}")}"))];
            var repeated = new List<Thing>();

            NameTable<Thing> table = NameTable<Thing>.Of(things, repeated.Add, name => name.GetHashCode() & mask);

            Thing[] first = [.. things.DistinctBy(thing => thing.Name)];
            table.AssertShape();
            Assert.Equal(first.ToHashSet<INamed>(), table.ToList().ToHashSet());
            Assert.Equal(things.Except(first).ToHashSet(), repeated.ToHashSet());
            Assert.All(first, thing => Assert.Same(thing, table.Find(thing.Name, table.HashOf(thing.Name))));

            repeated.Clear();
            NameIndex<Thing> index = NameIndex<Thing>.Of(things, repeated.Add);
            Assert.Equal(things.Except(first).ToHashSet(), repeated.ToHashSet());
            Assert.All(first, thing => Assert.Same(thing, index.Find(thing.Name)));
            index.AssertShape();
        }
    }

    [Fact]
    public void Names_at_random_are_sorted_in_ordinal_order()
    {
        var random = new Random(4);
        foreach (int count in (int[])[0, 1, 2, 16, 17, 500, 5_000])
        {
            // Few characters, so that many names begin with the same ones; some are longer than what is compared as numbers.
            Thing[] things =
            [
                .. Enumerable.Range(0, count).Select(_ => new Thing(new string('c', random.Next(9) == 0 ? 300 : 0)
                    + new string([.. Enumerable.Range(0, random.Next(12)).Select(_ => "\0aAé\uFFFF"[random.Next(5)])]))),
            ];
            INamed[] sorted = [.. things];

            NameOrder.Sort(sorted);

            string[] expected = [.. things.Select(thing => thing.Name).Order(StringComparer.Ordinal)];
            Assert.Equal(expected, sorted.Select(thing => thing.Name), StringComparer.Ordinal);
        }
    }

    [Fact]
    public void A_read_of_an_older_index_makes_the_next_ones_keep_a_tree()
    {
        NameIndex<Thing> older = NameIndex<Thing>.Empty.Set(null, new Thing("a"));
        NameIndex<Thing> index = older.Set(null, new Thing("b"));
        _ = older.InOrder;
        for (int i = 0; !index.HasTree; i++)
        {
            Assert.InRange(i, 0, 300);
            index = index.Set(null, new Thing($"n{i}"));
        }

        index.AssertShape();
    }

    [Fact]
    public void Reading_allocates_nothing()
    {
        var owner = new OwnerToken();
        NameIndex<Thing> index = NameIndex<Thing>.Empty;
        NameTree<Thing> tree = NameTree<Thing>.Empty;
        string[] names = [.. Enumerable.Range(0, 5000).Select(i => $"project-{i}")];
        foreach (string name in names)
        {
            index = index.Set(null, new Thing(name), owner);
            tree = tree.Set(new Thing(name), owner);
        }

        // The first read makes the objects that are packed.
        Assert.All(names, name => Assert.NotNull(index.Find(name)));
        int found = 0;
        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (string name in names)
        {
            found += index.Find(name) is null ? 0 : 1;
            found += tree.Find(name) is null ? 0 : 1;
        }

        foreach (Thing thing in tree.From(names[0]))
        {
            found += thing.Name.Length > 0 ? 1 : 0;
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(15_000, found);
    }

    private static void Run(int seed, Step[] steps, byte mask, int names)
    {
        int[] masks = [.. HashMasks];
        var world = new World(masks[mask % masks.Length], names);
        world.Take(new Step(0, seed, unchecked((byte)seed), true));
        foreach (Step step in steps)
        {
            world.Take(step);
        }

        world.Verify();
    }

    private static void NotExpected(Thing repeated) => Assert.Fail($"'{repeated.Name}' is there once.");

    private static List<Thing> Read(NameTree<Thing>.Cursor cursor, int most = int.MaxValue)
    {
        var read = new List<Thing>();
        while (read.Count < most && cursor.MoveNext())
        {
            read.Add(cursor.Current);
        }

        return read;
    }

    /// <summary>A step: its kind, its first name and the number of names, and true for the present token.</summary>
    public readonly record struct Step(byte What, int Name, byte Run, bool Token);

    private sealed record Snapshot(NameTree<Thing> Tree, NameIndex<Thing> Index, SortedDictionary<string, Thing> Model);

    /// <summary>The present snapshot, the token that it is changed under, and all snapshots that were published.</summary>
    private sealed class World
    {
        private readonly int _hashMask;
        private readonly string[] _names;
        private readonly List<(Snapshot Snapshot, Thing[] Things, OwnerToken Owner)> _published = [];
        private readonly Random _random = new(1);
        private Snapshot _now;
        private OwnerToken _owner = new();

        public World(int hashMask, int names)
        {
            _hashMask = hashMask;

            // Ordinal order is not the order of a culture: case counts, no character is ignored, surrogates come before U+FFFF.
            string[] odd = ["", "a", "A", "b", "a\0", "-a", "a-", "é", "\uD83D\uDE00", "\uFFFF"];
            // Names as long as a key holds whole, and longer ones with the same start.
            string whole = new('w', NameKey.MaxWholeLength);
            string[] longer =
            [
                whole, whole[1..], whole[1..] + "é", whole + "w", whole + "v", whole + "\0", new('w', 128), new string('w', 127) + "v",
            ];
            _names = [.. odd, .. longer, .. Enumerable.Range(0, names).Select(i => $"n{i:d5}")];
            NameIndex<Thing> index = hashMask == -1
                ? NameIndex<Thing>.Empty
                : NameIndex<Thing>.WithHash(name => name.GetHashCode() & hashMask);
            _now = new Snapshot(NameTree<Thing>.Empty, index, new(StringComparer.Ordinal));
        }

        public void Take(Step step)
        {
            // Long runs make the tree split and merge on every level.
            int run = step.Run < 128 ? 1 : _names.Length > 1000 ? (step.Run - 127) * 20 : step.Run - 127;
            int first = (int)(unchecked((uint)step.Name * 97) % (uint)_names.Length);
            string[] names = [.. Enumerable.Range(first, run).Select(i => _names[i % _names.Length])];
            OwnerToken? owner = step.Token ? _owner : null;
            switch (step.What % 16)
            {
                case 12:
                    // The end of a batch: the snapshot is published and the token dropped.
                    HandOut(_now);
                    _owner = new OwnerToken();
                    break;
                case 13:
                    // A change beside the batch, which goes on.
                    HandOut(Change(_now with { Model = ModelOf([.. _now.Model.Values]) }, names, step.Name % 2 == 0, null));
                    break;
                case 14 when _published.Count > 0:
                    // A change of an old snapshot, under any token but its own: that was closed when the snapshot was published.
                    HandOut(_now);
                    (Snapshot old, Thing[] things, OwnerToken madeUnder) = _published[first % _published.Count];
                    _owner = step.Token && madeUnder != _owner ? _owner : new OwnerToken();
                    _now = old with { Model = ModelOf(things) };
                    break;
                case 15:
                    // Published while a batch goes on, perhaps under the same token.
                    _now = Change(_now, names, true, null);
                    HandOut(_now);
                    _owner = step.Token ? _owner : new OwnerToken();
                    break;
                default:
                    _now = Change(_now, names, step.What % 2 == 0, owner);
                    if (owner is null)
                    {
                        _owner = new OwnerToken();
                    }

                    if (owner is null && (run > 1 || _names.Length < 1000))
                    {
                        HandOut(_now);
                    }

                    break;
            }
        }

        public void Verify()
        {
            HandOut(_now);
            foreach ((Snapshot snapshot, Thing[] things, _) in _published)
            {
                Assert.Equal(things.Length, snapshot.Tree.Count);
                Assert.Equal(things.Length, snapshot.Index.Count);
                Assert.True(things.AsSpan().SequenceEqual(Read(snapshot.Index.InOrder.After(null)).ToArray()));
                snapshot.Index.AssertShape();
                Thing[] shuffled = [.. things];
                _random.Shuffle(shuffled);
                NameTable<Thing> made = NameTable<Thing>.Of(shuffled, NotExpected, name => name.GetHashCode() & _hashMask);
                made.AssertShape();
                NameIndex<Thing> madeIndex = NameIndex<Thing>.Of(shuffled, NotExpected);
                madeIndex.AssertShape();
                Assert.True(things.AsSpan().SequenceEqual(Read(madeIndex.InOrder.After(null)).ToArray()));
                snapshot.Tree.AssertShape();
                List<Thing> read = Read(snapshot.Tree.After(null));
                Assert.True(things.AsSpan().SequenceEqual(read.ToArray()));
                Dictionary<string, Thing> byName = things.ToDictionary(thing => thing.Name, StringComparer.Ordinal);
                foreach (string name in _names)
                {
                    Thing? expected = byName.GetValueOrDefault(name);
                    Assert.True(ReferenceEquals(expected, made.Find(name, made.HashOf(name))));
                    Assert.True(ReferenceEquals(expected, madeIndex.Find(name)));
                    Assert.True(ReferenceEquals(expected, snapshot.Tree.Find(name)));
                    Assert.True(ReferenceEquals(expected, snapshot.Index.Find(name)));
                }
            }
        }

        private static SortedDictionary<string, Thing> ModelOf(Thing[] things) =>
            new(things.ToDictionary(thing => thing.Name), StringComparer.Ordinal);

        private static Snapshot Change(Snapshot snapshot, string[] names, bool set, OwnerToken? owner)
        {
            (NameTree<Thing> tree, NameIndex<Thing> index, SortedDictionary<string, Thing> model) = snapshot;
            foreach (string name in names)
            {
                if (set)
                {
                    var thing = new Thing(name);
                    tree = tree.Set(thing, owner);
                    index = index.Set(index.Find(name), thing, owner);
                    model[name] = thing;
                }
                else if (model.Remove(name))
                {
                    index = index.Remove(index.Find(name)!, owner);
                    tree = tree.Remove(name, owner);
                }
                else
                {
                    Assert.Same(tree, tree.Remove(name, owner));
                }
            }

            // Half of the indexes are also read in order as they are made.
            Assert.Equal(model.Count, model.Count % 2 == 0 ? index.InOrder.Count : index.Count);
            return new Snapshot(tree, index, model);
        }

        private void HandOut(Snapshot snapshot)
        {
            (Snapshot, Thing[], OwnerToken) entry = (snapshot, [.. snapshot.Model.Values], _owner);
            if (_published.Count < 40)
            {
                _published.Add(entry);
            }
            else
            {
                _published[_random.Next(40)] = entry;
            }
        }
    }
}
