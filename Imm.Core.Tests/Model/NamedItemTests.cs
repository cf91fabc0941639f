using Imm.Core.Collections;
using Xunit;

namespace Imm.Core.Tests.Model;

/// <summary>Packed objects that several threads read for the first time.</summary>
public sealed class NamedItemTests
{
    [Fact]
    public void Of_threads_that_read_an_object_for_the_first_time_all_get_one()
    {
        NamedItem item = default;
        INamed? first = null;
        item = NamedItem.Pack(new Packable("n", new Packable.Maker { WhenMade = () => first = item.Read() }));

        // In the middle of the first read another one makes the object.
        INamed? second = item.Read();

        Assert.NotNull(first);
        Assert.Same(first, second);
        Assert.Same(first, item.Read());
        Assert.Equal("n", first.Name);
    }

    [Fact]
    public void Objects_are_read_and_copied_by_threads_while_they_are_made()
    {
        const int Rounds = 300;
        const int Items = 2_000;
        var maker = new Packable.Maker();
        var changes = new NameChange[Items];
        long wrong = 0;
        using var barrier = new Barrier(3, _ =>
        {
            for (int i = 0; i < Items; i++)
            {
                changes[i] = new NameChange(null, NamedItem.Pack(new Packable($"n{i}", maker)));
            }
        });
        void Run(bool copies)
        {
            for (int round = 0; round < Rounds; round++)
            {
                barrier.SignalAndWait();
                for (int i = 0; i < Items; i++)
                {
                    NameChange copy = copies ? changes[i].Copy() : default;
                    INamed? read = copies ? copy.After.Read() : changes[i].After.Read();
                    wrong += read is Packable { Name: var name } && name.Length > 1 && changes[i].IsOf(name) ? 0 : 1;
                }
            }
        }

        Thread[] threads = [.. Enumerable.Range(0, 3).Select(i => new Thread(() => Run(copies: i == 0)))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.Equal(0, wrong);
    }
}
