using System.Data.Common;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Transactions;
using Imm.Core.Storage;

namespace Imm.Core.Shared;

/// <summary>
/// The database of a shared store: runs work on connections, and again where a failure passes. Thread-safe; a <see cref="Lane"/> is not.
/// </summary>
/// <param name="source">The source of connections, which the host owns.</param>
/// <param name="patience">The time for which the database may not answer before work fails.</param>
/// <param name="observer">The observer; null for none.</param>
internal sealed class SharedDatabase(DbDataSource source, TimeSpan patience, IStoreObserver? observer)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    /// <summary>The time of the first failure since the last success, as a timestamp; 0 for none.</summary>
    private long _failingSince;

    /// <summary>The time of the last failure, as a timestamp; 0 for none.</summary>
    private long _lastFailure;
    private int _closed;

    /// <summary>The failure for which the database does not answer; null while it does.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Verifies each connection that is kept, when it was opened; null for no verification.</summary>
    public Action<Lane>? Opened { get; set; }

    /// <summary>True once the store closes: nothing is tried again.</summary>
    public bool IsClosing => Volatile.Read(ref _closed) != 0;

    /// <summary>Tries nothing again from now on.</summary>
    public void Close() => Volatile.Write(ref _closed, 1);

    /// <summary>Runs work on a connection of its own, again where a failure passes in time. The work must be repeatable.</summary>
    /// <exception cref="DatabaseException">The database does not answer, or refuses.</exception>
    public T Run<T>(Func<Lane, T> work)
    {
        using var lane = new Lane(this);
        return Run(lane, work);
    }

    /// <summary>Runs work on a connection that stays open, again where a failure passes in time. The work must be repeatable.</summary>
    /// <exception cref="DatabaseException">The database does not answer, or refuses.</exception>
    public T Run<T>(Lane lane, Func<Lane, T> work)
    {
        var retry = new Retry(this);
        while (true)
        {
            try
            {
                T result = work(lane);
                Succeeded();
                return result;
            }
            catch (DatabaseException)
            {
                // It was found in what was read. The work may have begun a transaction, which must not stay open.
                lane.Drop();
                throw;
            }
            catch (Exception e)
            {
                lane.Drop();
                retry.PauseOrThrow(e);
            }
        }
    }

    /// <summary>Notes that the database has answered.</summary>
    public void Succeeded()
    {
        if (Volatile.Read(ref _failingSince) != 0 || Failure is not null)
        {
            Volatile.Write(ref _failingSince, 0);
            Failure = null;
        }
    }

    /// <summary>Opens a connection.</summary>
    private DbConnection Open()
    {
        // A driver makes a connection part of the transaction of the thread that opens it: what others commit on it would end with that.
        using var none = new TransactionScope(TransactionScopeOption.Suppress, TransactionScopeAsyncFlowOption.Enabled);
        return source.OpenConnection();
    }

    /// <summary>The attempts of one piece of work.</summary>
    internal struct Retry(SharedDatabase database)
    {
        private TimeSpan _pause;

        /// <summary>The time of the first failure of this work, as a timestamp; 0 for none.</summary>
        private long _failingSince;

        /// <summary>Pauses before the next attempt.</summary>
        /// <param name="e">The failure of this one.</param>
        /// <exception cref="DatabaseException">The failure does not pass, or has not passed within the patience.</exception>
        public void PauseOrThrow(Exception e)
        {
            if (!TryPause(e))
            {
                throw DatabaseException.Of(e);
            }
        }

        /// <inheritdoc cref="PauseOrThrow"/>
        /// <returns>False where there is to be no other attempt.</returns>
        public bool TryPause(Exception e)
        {
            if (!DatabaseException.IsTransient(e))
            {
                return false;
            }

            if (e is ThreadInterruptedException)
            {
                // A caller's thread, which goes on, and is interrupted again at the end.
                Uninterruptible.NoteInterruption();
            }

            // The database has answered, but for the transaction.
            bool isConflict = e is DbException { SqlState: { Length: 5 } state } && state.StartsWith("40", StringComparison.Ordinal);
            long now = Stopwatch.GetTimestamp();
            if (Stopwatch.GetElapsedTime(Interlocked.Exchange(ref database._lastFailure, now), now) >= database.Patience)
            {
                // Nothing was tried for so long that the database may have come back meanwhile.
                Volatile.Write(ref database._failingSince, now);
            }

            // Other work may succeed meanwhile: a database that takes no changes answers reads.
            long since = Interlocked.CompareExchange(ref database._failingSince, now, 0) is var first and not 0 ? first : now;
            _failingSince = _failingSince == 0 ? since : Math.Min(since, _failingSince);
            if (_failingSince != now && Stopwatch.GetElapsedTime(_failingSince, now) >= database.Patience)
            {
                database.Failure = DatabaseException.Of(e);
                return false;
            }

            if (database.IsClosing)
            {
                return false;
            }

            database.Observer?.Retried(e);
            if (!isConflict)
            {
                Pause();
            }

            return true;
        }

        /// <summary>Pauses, each time longer.</summary>
        public void Pause()
        {
            _pause = _pause == default ? FirstPause : _pause < LongestPause ? 2 * _pause : LongestPause;
            try
            {
                Thread.Sleep(_pause);
            }
            catch (ThreadInterruptedException)
            {
                // A caller's thread that commits: it goes on.
                Uninterruptible.NoteInterruption();
            }
        }
    }

    private TimeSpan Patience => patience;

    private IStoreObserver? Observer => observer;

    /// <summary>A connection with its prepared statements. One thread uses it at a time.</summary>
    internal sealed class Lane(SharedDatabase database) : IDisposable
    {
        private readonly Dictionary<string, DbCommand> _commands = new(ReferenceEqualityComparer.Instance);
        private readonly List<DbBatch> _batches = [];
        private DbConnection? _connection;

        /// <summary>True while a transaction on the connection holds locks. They end with the connection.</summary>
        public bool HoldsLocks { get; set; }

        /// <summary>True if there is a connection that was opened.</summary>
        public bool IsOpen => _connection is not null;

        /// <summary>The open connection.</summary>
        /// <exception cref="DatabaseException">A newer version of the library has upgraded the tables.</exception>
        public DbConnection Connection => _connection ?? Open();

        /// <summary>Makes a prepared command, which is kept with the connection.</summary>
        /// <param name="sql">The statement: always the same object for the same statement.</param>
        /// <param name="values">The values of its parameters, always of the same types.</param>
        public DbCommand Command(string sql, params ReadOnlySpan<object> values)
        {
            database.Observer?.MadeRoundTrip();
            if (_commands.TryGetValue(sql, out DbCommand? command))
            {
                for (int i = 0; i < values.Length; i++)
                {
                    command.Parameters[i].Value = values[i];
                }

                return command;
            }

            command = Make(sql, values);
            _commands.Add(sql, command);
            if (_isKept)
            {
                command.Prepare();
            }

            return command;
        }

        /// <summary>Makes a prepared batch of statements that are sent in one round trip. It is kept with the connection.</summary>
        /// <param name="statements">The statements, as for <see cref="Command"/>.</param>
        public DbBatch Batch(params ReadOnlySpan<(string Sql, object[] Values)> statements)
        {
            database.Observer?.MadeRoundTrip();
            foreach (DbBatch known in _batches)
            {
                if (Bind(known, statements))
                {
                    return known;
                }
            }

            DbBatch batch = Connection.CreateBatch();
            foreach ((string sql, object[] values) in statements)
            {
                DbBatchCommand command = batch.CreateBatchCommand();
                command.CommandText = sql;
                foreach (object value in values)
                {
                    DbParameter parameter = command.CreateParameter();
                    parameter.Value = value;
                    command.Parameters.Add(parameter);
                }

                batch.BatchCommands.Add(command);
            }

            _batches.Add(batch);
            if (_isKept)
            {
                batch.Prepare();
            }

            return batch;
        }

        /// <summary>Runs a statement without parameters or result.</summary>
        public void Execute(string sql)
        {
            database.Observer?.MadeRoundTrip();
            using DbCommand command = Make(sql, []);
            command.ExecuteNonQuery();
        }

        /// <summary>Keeps the connection and its statements from one use to the next.</summary>
        public Lane Keep()
        {
            _isKept = true;
            return this;
        }

        /// <summary>Gives up the connection, also one in the middle of a transaction.</summary>
        public void Drop()
        {
            foreach (DbCommand command in _commands.Values)
            {
                Quietly(command.Dispose);
            }

            foreach (DbBatch batch in _batches)
            {
                Quietly(batch.Dispose);
            }

            _commands.Clear();
            _batches.Clear();
            HoldsLocks = false;
            if (Interlocked.Exchange(ref _connection, null) is { } connection)
            {
                Quietly(connection.Dispose);
            }
        }

        public void Dispose() => Drop();

        private bool _isKept;

        private DbConnection Open()
        {
            DbConnection connection = _connection = database.Open();
            if (_isKept)
            {
                try
                {
                    database.Opened?.Invoke(this);
                }
                catch
                {
                    Drop();
                    throw;
                }
            }

            return connection;
        }

        /// <summary>Sets the values of a batch, if it is one of these statements.</summary>
        private static bool Bind(DbBatch batch, ReadOnlySpan<(string Sql, object[] Values)> statements)
        {
            if (batch.BatchCommands.Count != statements.Length)
            {
                return false;
            }

            for (int i = 0; i < statements.Length; i++)
            {
                if (!ReferenceEquals(batch.BatchCommands[i].CommandText, statements[i].Sql))
                {
                    return false;
                }
            }

            for (int i = 0; i < statements.Length; i++)
            {
                for (int j = 0; j < statements[i].Values.Length; j++)
                {
                    batch.BatchCommands[i].Parameters[j].Value = statements[i].Values[j];
                }
            }

            return true;
        }

        [SuppressMessage("Security", "CA2100:Review SQL queries", Justification = "All texts are constants but for the schema's name.")]
        private DbCommand Make(string sql, ReadOnlySpan<object> values)
        {
            DbCommand command = Connection.CreateCommand();
            command.CommandText = sql;
            foreach (object value in values)
            {
                DbParameter parameter = command.CreateParameter();
                parameter.Value = value;
                command.Parameters.Add(parameter);
            }

            return command;
        }

        private static void Quietly(Action dispose)
        {
            try
            {
                dispose();
            }
#pragma warning disable CA1031 // The connection is given up, whatever state it is in.
            catch (Exception)
#pragma warning restore CA1031
            {
            }
        }
    }
}
