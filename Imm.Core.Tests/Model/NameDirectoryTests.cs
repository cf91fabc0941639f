using Imm.Core.Collections;
using Xunit;

namespace Imm.Core.Tests.Model;

/// <summary>The table of an index, with hashes of the test's choice, and changes in the middle of a search.</summary>
public sealed class NameDirectoryTests
{
    [Fact]
    public void A_search_is_repeated_when_its_bucket_is_used_for_others_meanwhile()
    {
        // Names of one hash, too long to be whole in their keys: the search compares the name of the first object with that of the second.
        string Name(int i) => new string('n', NameKey.MaxWholeLength) + i;
        var directory = new NameDirectory(400);
        var first = new Asked(Name(1));
        var second = new Thing(Name(2));
        Assert.True(directory.TryAdd(first, 7) && directory.TryAdd(second, 7));
        first.WhenAsked = () =>
        {
            for (int i = 3; i < 2_000; i++)
            {
                Assert.True(directory.TryAdd(new Thing(Name(i)), i < 20 ? 7 : (uint)i << 21));
            }
        };

        Assert.Same(second, directory.Find(second.Name, 7));
        Assert.Null(first.WhenAsked);
        directory.AssertShape();
    }

    [Fact]
    public void Packed_objects_whose_names_are_not_whole_in_their_keys_are_found_among_others_of_their_hash_and_are_not_made_for_it()
    {
        string Name(int i) => new string('n', NameKey.MaxWholeLength) + i;
        var directory = new NameDirectory(0);
        int made = 0;
        for (int i = 0; i < 100; i++)
        {
            var packed = new Packable(Name(i), new Packable.Maker { WhenMade = () => made++ });
            var change = new NameChange(null, NamedItem.Pack(packed));
            directory.Apply(ref change, 7);
        }

        Assert.Equal(0, made);
        Assert.Null(directory.Find(Name(100), 7));
        Assert.Equal(Name(99), directory.Find(Name(99), 7)!.Name);
        Assert.Equal(1, made);
        Assert.Same(directory.Find(Name(99), 7), directory.Find(Name(99), 7));
        Assert.Equal(Enumerable.Range(0, 100).Select(Name), Enumerable.Range(0, 100).Select(i => directory.Find(Name(i), 7)!.Name));
        Assert.Equal(100, made);
        directory.AssertShape();
    }

    [Fact]
    public void Objects_whose_hash_is_the_greatest_number_are_found()
    {
        var directory = new NameDirectory(0);
        Thing[] things = [.. Enumerable.Range(0, 100).Select(i => new Thing($"n{i}"))];
        for (int i = 0; i < things.Length; i++)
        {
            Assert.Null(directory.Find(things[i].Name, uint.MaxValue - (uint)(i % 5)));
            Assert.True(directory.TryAdd(things[i], uint.MaxValue - (uint)(i % 5)));
        }

        Assert.Equal(things, things.Select((thing, i) => directory.Find(thing.Name, uint.MaxValue - (uint)(i % 5))));
        directory.AssertShape();
    }

    [Fact]
    public void A_search_that_begins_while_its_bucket_is_replaced_goes_on_to_the_overflow_buckets()
    {
        const int Count = 480;
        string Name(int i) => new string('n', NameKey.MaxWholeLength) + i;
        for (int round = 0; round < 100; round++)
        {
            var directory = new NameDirectory(0);
            var first = new Asked(Name(0));
            Assert.True(directory.TryAdd(first, 7));
            for (int i = 1; i < Count; i++)
            {
                Assert.True(directory.TryAdd(new Thing(Name(i)), 7));
            }

            Thread writer = Thread.CurrentThread;
            bool isDone = false;
            INamed? found = null;
            using var barrier = new Barrier(2);
            var reader = new Thread(() =>
            {
                barrier.SignalAndWait();
                Thread.SpinWait(round * 37 % 3_000);
                found = directory.Find(Name(Count - 1), 7);
            });

            // The reader stands still in the first bucket until the other one has replaced it.
            void Wait()
            {
                if (Thread.CurrentThread == writer)
                {
                    first.WhenAsked = Wait;
                    return;
                }

                SpinWait.SpinUntil(() => Volatile.Read(ref isDone));
            }

            first.WhenAsked = Wait;
            reader.Start();
            barrier.SignalAndWait();
            Assert.True(directory.TryAdd(new Thing(Name(Count)), 7));
            Volatile.Write(ref isDone, true);
            reader.Join();
            Assert.NotNull(found);
        }
    }

    [Fact]
    public void An_object_that_is_made_late_does_not_take_the_slot_of_the_next_one()
    {
        var directory = new NameDirectory(0);
        void Apply(string name, uint hash, NamedItem after, INamed? before = null)
        {
            var change = new NameChange(before, after);
            directory.Apply(ref change, hash);
        }

        string[] names = [.. Enumerable.Range(0, 2_000).Select(i => $"n{i}")];
        uint HashOf(int i) => unchecked((uint)i * 2_654_435_769);
        var maker = new Packable.Maker();
        maker.WhenMade = () =>
        {
            // Meanwhile it is removed, and its slot is given to another one: that happens when its bucket is split.
            Apply("late", 1, default, new Thing("late"));
            for (int i = 0; i < names.Length; i++)
            {
                Apply(names[i], HashOf(i), NamedItem.Pack(new Packable(names[i], maker)));
            }
        };
        Apply("late", 1, NamedItem.Pack(new Packable("late", maker)));

        Assert.Null(directory.Find("late", 1));
        Assert.Equal(names, names.Select((name, i) => directory.Find(name, HashOf(i))?.Name));
        directory.AssertShape();
    }

    /// <summary>An object that does something when its name is asked for the first time.</summary>
    private sealed class Asked(string name) : INamed
    {
        public Action? WhenAsked { get; set; }

        public string Name
        {
            get
            {
                Action? action = WhenAsked;
                WhenAsked = null;
                action?.Invoke();
                return name;
            }
        }
    }
}
