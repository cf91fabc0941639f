using System.Collections;
using System.Collections.ObjectModel;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using CommunityToolkit.Diagnostics;

namespace Imm.Core.Testing;

/// <summary>
/// The record of the calls that a fixture's store has received, in the order in which they began. They come from registries,
/// <see cref="ImmFixture.Api"/>, or an <see cref="HttpClient"/> over <see cref="ImmFixture.HttpHandler"/>.
/// </summary>
/// <remarks>
/// <para>
/// Refused calls are included. Not included are seeding, the project quota, which is not an operation of the service, a null request, and
/// <see cref="ProjectRegistry.TryGet"/> of a text that is not a name.
/// </para>
/// <para>Thread-safe. A member reads the record at the moment of its call.</para>
/// </remarks>
public sealed class ImmCalls : IReadOnlyList<ImmCall>
{
    private readonly Lock _lock = new();
    private readonly List<ImmCall> _calls = [];
    private int _lastNumber;

    internal ImmCalls()
    {
    }

    /// <summary>The number of calls in the record.</summary>
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

    /// <summary>Gets a call.</summary>
    /// <param name="index">The index, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="index"/> is out of range.</exception>
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

    /// <summary>Removes the calls so far, for example those of a test's preparation. Numbers continue.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _calls.Clear();
        }
    }

    /// <summary>Asserts that there was at least one matching call.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="projectName">The project that the call is about, alone or among others; null for any.</param>
    /// <param name="where">A further condition; null for none.</param>
    /// <param name="whereText">The text of <paramref name="where"/>, for the message. The compiler supplies it.</param>
    /// <returns>The matching calls.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="operation"/> is not an operation.</exception>
    /// <exception cref="ImmAssertionException">There was none.</exception>
    public IReadOnlyList<ImmCall> Received(
        ImmOperation operation,
        string? projectName = null,
        Func<ImmCall, bool>? where = null,
        [CallerArgumentExpression(nameof(where))] string? whereText = null) =>
        Expect(null, operation, projectName, where, whereText);

    /// <summary>Asserts that there was a given number of matching calls.</summary>
    /// <param name="times">The number of calls, from 0.</param>
    /// <param name="operation">The operation.</param>
    /// <param name="projectName">The project that the call is about, alone or among others; null for any.</param>
    /// <param name="where">A further condition; null for none.</param>
    /// <param name="whereText">The text of <paramref name="where"/>, for the message. The compiler supplies it.</param>
    /// <returns>The matching calls.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="times"/> is negative, or <paramref name="operation"/> is not an operation.
    /// </exception>
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

    /// <summary>Asserts that there was no matching call.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="projectName">The project that the call is about, alone or among others; null for any.</param>
    /// <param name="where">A further condition; null for none.</param>
    /// <param name="whereText">The text of <paramref name="where"/>, for the message. The compiler supplies it.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="operation"/> is not an operation.</exception>
    /// <exception cref="ImmAssertionException">There was one or more.</exception>
    public void ReceivedNever(
        ImmOperation operation,
        string? projectName = null,
        Func<ImmCall, bool>? where = null,
        [CallerArgumentExpression(nameof(where))] string? whereText = null) =>
        Expect(0, operation, projectName, where, whereText);

    /// <summary>Asserts that there was no call of any operation.</summary>
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

    /// <summary>Describes the calls, one a line.</summary>
    public override string ToString() => string.Join('\n', (object[])ToArray());

    /// <summary>Adds a call that is made with its number.</summary>
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
        // No call is of any other value, so that an assertion of none would always hold.
        ImmOperations.Checked(operation, nameof(operation));
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

    /// <summary>Describes a failed assertion: what was expected, the number of matches, and all calls with the matches marked.</summary>
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
