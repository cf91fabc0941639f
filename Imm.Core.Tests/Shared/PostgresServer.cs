using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Imm.Core.Tests.Shared;

/// <summary>
/// A private PostgreSQL server on the loopback interface, with fsync on. A shell is its parent and reads a pipe from this process: the
/// server ends, and its files are deleted, also where this process is killed. Both are in a session of their own, so that an interrupt from
/// the terminal reaches this process alone.
/// </summary>
internal sealed class PostgresServer : IDisposable
{
    /// <summary>
    /// Ends the server at the end of the pipe. A line on the pipe names another signal, and keeps the files. Only the server writes to the
    /// output, which so ends with it.
    /// </summary>
    private const string Supervisor = """
        directory=$1; shift
        "$@" 2>&1 </dev/null &
        server=$!
        exec >/dev/null
        signal=; read -r signal
        kill -"${signal:-QUIT}" "$server" 2>/dev/null
        wait "$server"
        [ -n "$signal" ] || rm -rf "$directory"
        """;

    private static readonly Lazy<string?> Binaries = new(FindBinaries);
    private static readonly Lazy<PostgresServer> Common = new(static () => new PostgresServer());
    private static int _schemas;

    private readonly string _directory;
    private readonly string _sharedBuffers;
    private Process? _supervisor;
    private Task _output = Task.CompletedTask;

    /// <summary>Makes the files of a server and starts it.</summary>
    /// <param name="sharedBuffers">The size of its cache, such as 32MB.</param>
    public PostgresServer(string sharedBuffers = "32MB")
        : this(
            directory => Run("initdb", "-D", directory, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"),
            sharedBuffers)
    {
    }

    private PostgresServer(Action<string> makeFiles, string sharedBuffers)
    {
        _sharedBuffers = sharedBuffers;
        string parent = Directory.CreateTempSubdirectory("imm-pg-").FullName;
        _directory = Path.Combine(parent, "data");
        if (Environment.IsPrivilegedProcess)
        {
            Execute("chown", [User!, parent]);
        }

        makeFiles(_directory);
        File.WriteAllText(
            Path.Combine(_directory, "pg_hba.conf"),
            """
            host all guarded 127.0.0.1/32 scram-sha-256
            host all all 127.0.0.1/32 trust
            host replication all 127.0.0.1/32 trust

            """);
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            Port = ((IPEndPoint)free.LocalEndpoint).Port;
        }

        Start();
    }

    /// <summary>The server that tests share which neither stop nor configure it.</summary>
    public static PostgresServer Shared => Common.Value;

    public int Port { get; }

    public string ConnectionString => ConnectionStringOf(Port);

    /// <summary>The user that runs the server where this process is a super-user, who cannot; null if there is none.</summary>
    private static string? User { get; } = Array.Find(
        ["postgres", "nobody"],
        user => OperatingSystem.IsLinux()
            && File.ReadLines("/etc/passwd").Any(line => line.StartsWith(user + ":", StringComparison.Ordinal)));

    /// <summary>The reason for which there can be no server; null if there can be one.</summary>
    public static string? Missing { get; } =
        Binaries.Value is null ? "PostgreSQL's programs were not found: neither in /usr/lib/postgresql nor on the path."
        : Environment.IsPrivilegedProcess && User is null ? "PostgreSQL does not run as root, and there is no user postgres or nobody."
        : null;

    public static string ConnectionStringOf(int port) => string.Create(
        CultureInfo.InvariantCulture,
        $"Host=127.0.0.1;Port={port};Username=postgres;Database=postgres;Maximum Pool Size=20;Timeout=5;SSL Mode=Disable;"
        + $"GSS Encryption Mode=Disable");

    /// <summary>Makes a name of a schema that no other test has.</summary>
    public static string NewSchema() => string.Create(CultureInfo.InvariantCulture, $"t{Interlocked.Increment(ref _schemas)}");

    /// <summary>Starts a standby of this server that follows it. This server waits for it at each commit.</summary>
    public PostgresServer StartSynchronousStandby()
    {
        string source = string.Create(
            CultureInfo.InvariantCulture, $"host=127.0.0.1 port={Port} user=postgres application_name=standby");
        var standby = new PostgresServer(
            directory => Run("pg_basebackup", "-R", "-X", "stream", "-c", "fast", "-D", directory, "-d", source), _sharedBuffers);
        Execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'");
        Execute("SELECT pg_reload_conf()");
        while (Execute("SELECT pg_sleep(0.05), (SELECT sync_state FROM pg_stat_replication)", 1) is not "sync")
        {
        }

        return standby;
    }

    /// <summary>Starts the stopped server again, on the same port.</summary>
    public void Start()
    {
        string[] server =
        [
            .. Unprivileged,
            Path.Combine(Binaries.Value!, "postgres"),
            "-D", _directory, "-p", Port.ToString(CultureInfo.InvariantCulture), "-c", "listen_addresses=127.0.0.1",
            "-c", "unix_socket_directories=", "-c", "fsync=on", "-c", "max_connections=200", "-c", $"shared_buffers={_sharedBuffers}",
            "-c", "lc_messages=C", "-c", "wal_level=replica", "-c", "jit=off",
        ];
        _supervisor = Process.Start(new ProcessStartInfo(
            "setsid", ["/bin/sh", "-c", Supervisor, "sh", Path.GetDirectoryName(_directory)!, .. server])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        var lines = new List<string>();
        while (_supervisor.StandardOutput.ReadLine() is { } line)
        {
            lines.Add(line);
            if (line.Contains("ready to accept", StringComparison.Ordinal))
            {
                _output = _supervisor.StandardOutput.ReadToEndAsync();
                return;
            }
        }

        Dispose();
        throw new InvalidOperationException($"PostgreSQL did not start: {string.Join('\n', lines)}");
    }

    /// <summary>Ends the server without a checkpoint, as <c>pg_ctl stop -m immediate</c> does; or kills it.</summary>
    public void Stop(bool kill = false)
    {
        _supervisor!.StandardInput.Write(kill ? "KILL\n" : "QUIT\n");
        _supervisor.StandardInput.Close();
        _output.GetAwaiter().GetResult();
        _supervisor.WaitForExit();
        _supervisor.Dispose();
        _supervisor = null;
    }

    /// <summary>Runs a statement and gives one value of its first row.</summary>
    public object? Execute(string statement, int column = 0)
    {
        using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        connection.Open();
#pragma warning disable CA2100 // The statements are those of tests.
        using var command = new NpgsqlCommand(statement, connection);
#pragma warning restore CA2100
        using NpgsqlDataReader rows = command.ExecuteReader();
        return rows.Read() && !rows.IsDBNull(column) ? rows.GetValue(column) : null;
    }

    public void Dispose()
    {
        if (_supervisor is not null)
        {
            _supervisor.StandardInput.Close();
            _supervisor.WaitForExit();
            _supervisor.Dispose();
        }
        else if (Directory.Exists(_directory))
        {
            Directory.Delete(Path.GetDirectoryName(_directory)!, recursive: true);
        }
    }

    private static string[] Unprivileged => Environment.IsPrivilegedProcess
        ? ["setpriv", $"--reuid={User}", "--clear-groups", "--"] : [];

    private static void Run(string program, params string[] arguments)
    {
        string[] command = [.. Unprivileged, Path.Combine(Binaries.Value!, program), .. arguments];
        Execute(command[0], command[1..]);
    }

    private static void Execute(string program, string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {errors.Result}");
        }
    }

    private static string? FindBinaries()
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var folders = new List<string>();
        if (Directory.Exists("/usr/lib/postgresql"))
        {
            folders.AddRange(Directory.GetDirectories("/usr/lib/postgresql")
                .OrderByDescending(
                    path => int.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out int version) ? version : 0)
                .Select(path => Path.Combine(path, "bin")));
        }

        folders.AddRange((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries));
        return folders.Find(folder =>
            File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres")));
    }
}
