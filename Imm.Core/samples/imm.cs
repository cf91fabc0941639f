#!/usr/bin/env dotnet
#:project ../Imm.Core.csproj
#:property PublishAot=false

// The operator's program for stores in files, on the public API only: dotnet run Imm.Core/samples/imm.cs -- ls store.db
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Imm.Core;

const string Help = """
    Usage: imm COMMAND ...

      ls STORE                           lists accounts and regions, with projects and quotas
      ls STORE ACCOUNT REGION [PREFIX]   lists projects, one a line
      show STORE ACCOUNT REGION PROJECT  writes a project as JSON
      check STORE                        verifies every page and record
      backup STORE COPY                  writes a verified copy to a new file
      compact STORE                      replaces the file by a dense copy of itself
      export STORE [FILE]                writes everything as JSON, to a new file or the standard output
      import STORE [FILE]                makes a new store from such a JSON, of a file or the standard input
      salvage DAMAGED STORE              recovers what is readable of a damaged store into a new one

    ls, show, check, backup and export open the store for reading and change no file. Nothing replaces a file but compact, which replaces
    its own. Progress is shown on work longer than a second.

    An interrupt (Ctrl-C) or a stop signal ends a backup, compact, export or import, and what it has begun to write is deleted. A second
    one ends the program at once. Other commands end at the first; an unfinished salvage leaves files that begin with STORE-new.

    Exit status: 0 done; 1 problems were found; 2 wrong usage; 3 a store or file cannot be used; 4 no such project; 130 interrupted.
    """;

// Only this work can be told to end. Any other must not go on as if nobody had asked.
bool canBeToldToEnd = args is ["backup" or "compact" or "export" or "import", ..];
using var interrupted = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);

try
{
    return args switch
    {
        ["help" or "--help" or "-h"] => Say(Help),
        ["ls", var store] => ListScopes(store),
        ["ls", var store, var account, var region] => ListProjects(store, account, region, null),
        ["ls", var store, var account, var region, var prefix] => ListProjects(store, account, region, prefix),
        ["show", var store, var account, var region, var project] => Show(store, account, region, project),
        ["check", var store] => Check(store),
        ["backup", var store, var copy] => await BackupAsync(store, copy),
        ["compact", var store] => await CompactAsync(store),
        ["export", var store] => await ExportAsync(store, null),
        ["export", var store, var file] => await ExportAsync(store, file),
        ["import", var store] => Import(store, null),
        ["import", var store, var file] => Import(store, file),
        ["salvage", var damaged, var store] => Salvage(damaged, store),
        [] => Fail(2, Help),
        _ => Fail(2, $"There is no command '{args[0]}', or it has other arguments. Try: imm help"),
    };
}
catch (ImmException e)
{
    int status = e.Code switch
    {
        ImmErrorCode.InvalidArgument => 2,
        ImmErrorCode.ResourceNotFound => 4,
        _ => 3,
    };
    return Fail(status, e.Reason is { } reason ? $"{reason}: {e.Message}" : e.Message);
}
catch (ArgumentException e)
{
    return Fail(2, e.Message);
}
catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
{
    return Fail(3, e.Message);
}
catch (OperationCanceledException)
{
    return Fail(130, "Interrupted. Nothing is left of the file.");
}

void Interrupt(PosixSignalContext signal)
{
    signal.Cancel = canBeToldToEnd && !interrupted.IsCancellationRequested;
    interrupted.Cancel();
}

static int ListScopes(string path)
{
    using ImmStore store = ImmStore.OpenReadOnly(path);
    using var progress = new Progress(static seconds => $"reading, {seconds} s");
    Console.WriteLine($"{"account",-24} {"region",-16} {"projects",10} {"quota",10}");
    foreach (ImmScope scope in store.Scopes)
    {
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{scope.AccountId,-24} {scope.RegionId,-16} {scope.ProjectCount,10} {scope.ProjectQuota,10}"));
    }

    return 0;
}

static int ListProjects(string path, string account, string region, string? prefix)
{
    using ImmStore store = ImmStore.OpenReadOnly(path);
    ProjectRegistry registry = store.Registry(account, region);
    string? token = null;
    do
    {
        ProjectPage page = registry.List(new() { Prefix = prefix, MaxResults = 200, NextToken = token });
        foreach (Project project in page.Projects)
        {
            Console.WriteLine(project.ProjectName.Value);
        }

        token = page.NextToken;
    }
    while (token is not null);
    return 0;
}

static int Show(string path, string account, string region, string project)
{
    using ImmStore store = ImmStore.OpenReadOnly(path);
    return Say(ImmJson.WriteProject(store.Registry(account, region).Get(project), TimeSpan.Zero));
}

static int Check(string path)
{
    using ImmStore store = ImmStore.OpenReadOnly(path);
    using var progress = new Progress(static seconds => $"checking, {seconds} s");
    IReadOnlyList<string> problems = store.Check();
    foreach (string problem in problems)
    {
        Console.WriteLine(problem);
    }

    return problems.Count == 0 ? Say("No problems were found.") : 1;
}

async Task<int> BackupAsync(string path, string copy)
{
    using ImmStore store = ImmStore.OpenReadOnly(path);
    long of = store.Status.DataFileLength;
    using var progress = new Progress(_ => $"{Megabytes(Length(copy + "-new"))} of about {Megabytes(of)} written");
    await store.BackupAsync(copy, interrupted.Token);
    return Say($"{copy}: {Megabytes(Length(copy))}");
}

async Task<int> CompactAsync(string path)
{
    if (!File.Exists(path))
    {
        return Fail(3, $"NotFound: There is no file '{path}'.");
    }

    // The file itself and not a link to it, which would get the dense copy while the file stays as it was.
    path = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
    string dense = path + "-compact";
    long before = Length(path);
    using (ImmStore store = ImmStore.Open(path))
    {
        using var progress = new Progress(_ => $"{Megabytes(Length(dense + "-new"))} of at most {Megabytes(before)} written");
        await store.BackupAsync(dense, interrupted.Token);
    }

    // The store is closed: everything is in both files, and the new name is the old one's in one step.
    KeepOwner(Path.GetFullPath(path), Path.GetFullPath(dense));
    File.Move(dense, path, overwrite: true);
    return Say($"{path}: {Megabytes(before)} before, {Megabytes(Length(path))} now");
}

async Task<int> ExportAsync(string path, string? file)
{
    using ImmStore store = ImmStore.OpenReadOnly(path);

    // Without a buffer, which a close would write once more where the disk is full. The export writes pieces of 64 KB.
    await using Stream output = file is null
        ? Console.OpenStandardOutput()
        : new FileStream(file, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
    var counted = new CountedStream(output);
    using var progress = new Progress(_ => $"{Megabytes(counted.Count)} written");
    try
    {
        await store.ExportAsync(counted, interrupted.Token);
        await output.FlushAsync();
        return 0;
    }
    catch when (file is not null)
    {
        output.Close();
        File.Delete(file);
        throw;
    }
}

int Import(string path, string? file)
{
    if (file is null && IsClosed(descriptor: 0))
    {
        return Fail(3, "The standard input is closed. Name the file to import, or pipe its text in.");
    }

    using Stream input = file is null ? Console.OpenStandardInput() : File.OpenRead(file);
    var counted = new CountedStream(input, interrupted.Token);
    using (new Progress(_ => $"{Megabytes(counted.Count)} read"))
    {
        ImmStore.Import(path, counted);
    }

    return Say($"{path}: {Megabytes(Length(path))}");
}

static int Salvage(string damaged, string path)
{
    SalvageReport report;
    using (new Progress(static seconds => $"reading, {seconds} s"))
    {
        report = ImmStore.Salvage(damaged, path);
    }

    foreach (string problem in report.Problems)
    {
        Console.WriteLine(problem);
    }

    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{path}: {report.ScopeCount} accounts in regions, {report.ProjectCount} projects, {report.DatasetCount} datasets recovered."));
    return report.IsComplete ? 0 : 1;
}

// Gives a file the owner and the group of another one, as far as this user may. .NET has no call for that.
static void KeepOwner(string from, string to)
{
    if (OperatingSystem.IsWindows() || (Owner(from), Owner(to)) is not ({ } owner, { } mine) || owner == mine)
    {
        return;
    }

    if (Run("chown", $"{owner.User}:{owner.Group}", to) is null && owner.Group != mine.Group && Run("chgrp", owner.Group, to) is null)
    {
        // What the group of the old file may do, the group that this one has got may not.
        File.SetUnixFileMode(to, File.GetUnixFileMode(to) & ~(UnixFileMode)0b000_111_000);
    }
}

static (string User, string Group)? Owner(string path) =>
    Run("ls", "-dln", path)?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, var user, var group, ..] ? (user, group) : null;

// Gives the output of a program of the system; null where it fails.
static string? Run(string program, params string[] arguments)
{
    try
    {
        using Process process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : null;
    }
    catch (Win32Exception)
    {
        // The system does not have the program, as in a small container.
        return null;
    }
}

// A program is not given a descriptor that closes on exec. The runtime has opened it for itself, because it was closed.
static bool IsClosed(int descriptor)
{
    return !OperatingSystem.IsWindows() && (GetFlags(descriptor, 1) & 1) != 0;

    [DllImport("libc", EntryPoint = "fcntl")]
    static extern int GetFlags(int descriptor, int command);
}

static long Length(string path) => File.Exists(path) ? new FileInfo(path).Length : -1;

static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(bytes, 0) / 1e6:0.0} MB");

static int Say(string text)
{
    Console.WriteLine(text);
    return 0;
}

static int Fail(int status, string text)
{
    Console.Error.WriteLine($"imm: {text}");
    return status;
}

/// <summary>Writes to the standard error, once a second, how far the work has come.</summary>
internal sealed class Progress : IDisposable
{
    private readonly Timer _timer;
    private readonly long _begin = Stopwatch.GetTimestamp();

    public Progress(Func<int, string> text) => _timer = new Timer(
        _ => Console.Error.WriteLine($"imm: {text((int)Stopwatch.GetElapsedTime(_begin).TotalSeconds)}"),
        null,
        TimeSpan.FromSeconds(1),
        TimeSpan.FromSeconds(1));

    public void Dispose() => _timer.Dispose();
}

/// <summary>Counts the bytes that pass through a stream, whose reads can be cancelled.</summary>
internal sealed class CountedStream(Stream inner, CancellationToken cancellationToken = default) : Stream
{
    private long _count;

    public long Count => Volatile.Read(ref _count);

    public override bool CanRead => inner.CanRead;

    public override bool CanWrite => inner.CanWrite;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        cancellationToken.ThrowIfCancellationRequested();

        // A read of the standard input may wait for ever: it is left alone when the work is told to end.
        Task<int> reading = inner.ReadAsync(buffer.AsMemory(offset, count), CancellationToken.None).AsTask();
        int read = reading.WaitAsync(cancellationToken).GetAwaiter().GetResult();
        Interlocked.Add(ref _count, read);
        return read;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        Interlocked.Add(ref _count, buffer.Length);
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        inner.Write(buffer, offset, count);
        Interlocked.Add(ref _count, count);
    }

    public override void Flush() => inner.Flush();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
