using System.Collections;
using System.Collections.ObjectModel;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using CommunityToolkit.Diagnostics;

namespace Imm.Core.Testing;

/// <summary>
/// The calls that a fixture's store has received, in the order in which they began, whoever made them: registries,
/// <see cref="ImmFixture.Api"/>, or an <see cref="HttpClient"/> over <see cref="ImmFixture.HttpHandler"/>.
/// </summary>
/// <remarks>
/// <para>
/// Refused calls are calls too. Not among them: seeding, the project quota, which is no operation of the service, and what never came to be
/// a call, such as a null request or <see cref="ProjectRegistry.TryGet"/> of a text that is no name.
/// </para>
/// <para>Safe to use from many threads at once; what is looked at is the record as it is then.</para>
/// </remarks>
public sealed class ImmCalls : IReadOnlyList<ImmCall>
{
    private readonly Lock _lock = new();
    private readonly List<ImmCall> _calls = [];
    private int _lastNumber;

    internal ImmCalls()
    {
    }

    /// <summary>The number of calls there have been.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _calls.Count;
            }
        }
    }

    /// <summary>A call.</summary>
    /// <param name="index">Its place, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such place.</exception>
    public ImmCall this[int index]
    {
        get
        {
            lock (_lock)
            {
                return _calls[index];
            }
        }
    }

    /// <summary>Forgets the calls so far, as between the preparation of a test and what it is about. Numbers go on.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _calls.Clear();
        }
    }

    /// <summary>Asserts that there was such a call, once or more.</summary>
    /// <param name="operation">What was asked for.</param>
    /// <param name="projectName">The project that it was about, alone or among others; null for any.</param>
    /// <param name="where">What else must be true of it; null for nothing.</param>
    /// <param name="whereText">The text of <paramref name="where"/>, for the message; the compiler fills it in.</param>
    /// <returns>Those calls.</returns>
    /// <exception cref="ImmAssertionException">There was none.</exception>
    public IReadOnlyList<ImmCall> Received(
        ImmOperation operation,
        string? projectName = null,
        Func<ImmCall, bool>? where = null,
        [CallerArgumentExpression(nameof(where))] string? whereText = null) =>
        Expect(null, operation, projectName, where, whereText);

    /// <summary>Asserts that there were exactly so many such calls.</summary>
    /// <param name="times">How many, from 0.</param>
    /// <param name="operation">What was asked for.</param>
    /// <param name="projectName">The project that it was about, alone or among others; null for any.</param>
    /// <param name="where">What else must be true of it; null for nothing.</param>
    /// <param name="whereText">The text of <paramref name="where"/>, for the message; the compiler fills it in.</param>
    /// <returns>Those calls.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="times"/> is negative.</exception>
    /// <exception cref="ImmAssertionException">There were more or fewer.</exception>
    public IReadOnlyList<ImmCall> ReceivedExactly(
        int times,
        ImmOperation operation,
        string? projectName = null,
        Func<ImmCall, bool>? where = null,
        [CallerArgumentExpression(nameof(where))] string? whereText = null)
    {
        Guard.IsGreaterThanOrEqualTo(times, 0, nameof(times));
        return Expect(times, operation, projectName, where, whereText);
    }

    /// <summary>Asserts that there was no such call.</summary>
    /// <param name="operation">What was asked for.</param>
    /// <param name="projectName">The project that it was about, alone or among others; null for any.</param>
    /// <param name="where">What else must be true of it; null for nothing.</param>
    /// <param name="whereText">The text of <paramref name="where"/>, for the message; the compiler fills it in.</param>
    /// <exception cref="ImmAssertionException">There was one or more.</exception>
    public void ReceivedNever(
        ImmOperation operation,
        string? projectName = null,
        Func<ImmCall, bool>? where = null,
        [CallerArgumentExpression(nameof(where))] string? whereText = null) =>
        Expect(0, operation, projectName, where, whereText);

    /// <summary>Asserts that there was no call at all.</summary>
    /// <exception cref="ImmAssertionException">There was one or more.</exception>
    public void ReceivedNothing()
    {
        ImmCall[] calls = ToArray();
        if (calls.Length > 0)
        {
            throw new ImmAssertionException(Describe("Expected no call at all", calls.Length, calls, calls));
        }
    }

    /// <inheritdoc/>
    public IEnumerator<ImmCall> GetEnumerator() => ((IEnumerable<ImmCall>)ToArray()).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The calls, one a line.</summary>
    public override string ToString() => string.Join('\n', (object[])ToArray());

    internal ImmCall Add(Func<int, ImmCall> make)
    {
        lock (_lock)
        {
            ImmCall call = make(++_lastNumber);
            _calls.Add(call);
            return call;
        }
    }

    private ImmCall[] ToArray()
    {
        lock (_lock)
        {
            return [.. _calls];
        }
    }

    private ReadOnlyCollection<ImmCall> Expect(
        int? times, ImmOperation operation, string? projectName, Func<ImmCall, bool>? where, string? whereText)
    {
        ImmCall[] calls = ToArray();
        ImmCall[] matches = Array.FindAll(
            calls,
            call => call.Operation == operation && (projectName is null || call.IsAbout(projectName)) && (where is null || where(call)));
        if (times is { } exactly ? matches.Length == exactly : matches.Length > 0)
        {
            return Array.AsReadOnly(matches);
        }

        var expected = new StringBuilder("Expected ")
            .Append(times switch
            {
                null => "at least one call",
                0 => "no call",
                1 => "exactly 1 call",
                _ => string.Create(CultureInfo.InvariantCulture, $"exactly {times} calls"),
            })
            .Append(" of ").Append(operation);
        if (projectName is not null)
        {
            expected.Append(" of project '").Append(projectName).Append('\'');
        }

        if (where is not null)
        {
            expected.Append(" where ").Append(whereText);
        }

        throw new ImmAssertionException(Describe(expected.ToString(), matches.Length, matches, calls));
    }

    /// <summary>Lists what was expected, how many came, and all calls, with a mark before those that count.</summary>
    private static string Describe(string expected, int count, ImmCall[] matches, ImmCall[] calls)
    {
        const int MaxShown = 50;
        var text = new StringBuilder(expected).Append("; there ")
            .Append(count switch
            {
                0 => "was none",
                1 => "was 1",
                _ => string.Create(CultureInfo.InvariantCulture, $"were {count}"),
            })
            .Append('.');
        text.Append(
            calls.Length == 0 ? " There was no call at all." : matches.Length > 0 ? " The calls, with * where they count:" : " The calls:");
        foreach (ImmCall call in calls.Take(MaxShown))
        {
            text.Append('\n').Append(Array.IndexOf(matches, call) >= 0 ? " * " : "   ").Append(call);
        }

        if (calls.Length > MaxShown)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n   and {calls.Length - MaxShown} more");
        }

        return text.ToString();
    }
}
