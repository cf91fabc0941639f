using System.Data.Common;
using System.Net.Sockets;

namespace Imm.Core.Shared;

/// <summary>The database of a shared store cannot be used, for a known reason.</summary>
/// <param name="reason">The reason.</param>
/// <param name="message">The problem, and what to do.</param>
/// <param name="cause">The cause; null for none.</param>
internal sealed class DatabaseException(ImmUnavailableReason reason, string message, Exception? cause = null)
    : Storage.StoreFileException(reason, message, cause)
{
    /// <summary>True if a change may have been made.</summary>
    public bool IsOutcomeUnknown { get; init; }

    /// <summary>True if the failure may pass: the connection was lost, the server is away, or a conflict is to be tried again.</summary>
    public static bool IsTransient(Exception e) => e switch
    {
        DatabaseException => false,
        DbException { SqlState: { Length: 5 } state } => state[..2] is "08" or "40" or "53"
            || state is "57P01" or "57P02" or "57P03" or "57P05" or "57014" or "25006" or "25P03" or "25P04" or "55P03",
        DbException => true,
        IOException or SocketException or TimeoutException or ThreadInterruptedException => true,

        // A connection that the driver has closed.
        ObjectDisposedException => false,
        InvalidOperationException => true,
        _ => false,
    };

    /// <summary>
    /// True if a transaction may have been committed although its commit has failed. The server tells an error only of one that it has
    /// rolled back, but for these: it is ending, or lost the connection.
    /// </summary>
    public static bool IsInDoubt(Exception e) =>
        e is not DbException { SqlState: { Length: 5 } state } || state[..2] is "08" || state[..3] is "57P" || state is "40003" or "57014";

    /// <summary>Makes the exception of a failure that does not pass, or has not passed in time.</summary>
    public static DatabaseException Of(Exception e)
    {
        if (e is DatabaseException known)
        {
            return known;
        }

        if (e is FormatException)
        {
            return new DatabaseException(ImmUnavailableReason.Damaged, $"A record of the database is damaged. {e.Message}", e);
        }

        string? state = (e as DbException)?.SqlState;
        (ImmUnavailableReason reason, string advice) = state switch
        {
            "42501" or "28000" or "28P01" => (
                ImmUnavailableReason.AccessDenied, "The database denies access. Check the user, the password and the rights."),
            "3D000" => (ImmUnavailableReason.NotFound, "There is no such database. Create it, or correct the connection string."),
            "25006" => (
                ImmUnavailableReason.ReadOnly,
                "The database takes no changes: it is a standby, or set to read only. Connect to the primary."),
            "26000" or "42P05" => (
                ImmUnavailableReason.Other,
                "A pooler gives the statements of a connection to several sessions. Let it keep a connection to one session."),
            "53100" => (ImmUnavailableReason.NoSpace, "The database has no room. Make room and try again."),
            _ when IsTransient(e) => (
                ImmUnavailableReason.DatabaseUnreachable, "The database does not answer. Check the server and the network, and try again."),
            _ => (ImmUnavailableReason.Other, "The database refuses a statement."),
        };
        return new DatabaseException(reason, $"{advice} {e.Message}", e);
    }
}
