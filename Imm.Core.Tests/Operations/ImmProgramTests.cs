using System.Diagnostics;
using System.Text;
using Imm.Core.Storage;
using Imm.Core.Tests.Conventions;
using Imm.Core.Tests.Hosting;
using Imm.Core.Tests.Storage;
using Xunit;

namespace Imm.Core.Tests.Operations;

/// <summary>The operator's program, run as a process: output, exit status, and what it does to files.</summary>
public sealed class ImmProgramTests(Samples samples) : IClassFixture<Samples>, IDisposable
{
    private readonly TempDirectory _directory = new();

    private string StorePath => _directory.File("imm.db");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_store_is_listed_shown_and_checked_without_a_change()
    {
        Prepare();
        using (var process = new StoreProcess())
        {
            process.OpenWith("s", StorePath, "killed");
        }

        SortedDictionary<string, byte[]> before = _directory.Files();

        (int status, string output, string error) = Run("", "ls", StorePath);
        Assert.Equal((0, ""), (status, error));
        Assert.Contains("default                  local", output, StringComparison.Ordinal);

        (status, output, _) = Run("", "ls", StorePath, "default", "local", "kill");
        Assert.Equal((0, "killed\n"), (status, output));

        (status, output, _) = Run("", "show", StorePath, "default", "local", "killed");
        Assert.Equal((0, "killed"), (status, ImmJson.ReadProject(output).ProjectName.Value));

        (status, output, _) = Run("", "check", StorePath);
        Assert.Equal((0, "No problems were found.\n"), (status, output));
        Assert.All(before, file => Assert.Equal(file.Value, _directory.Files()[file.Key]));
    }

    [Fact]
    public void A_store_is_backed_up_compacted_exported_and_imported()
    {
        Prepare();
        (int status, string output, string error) = Run("", "backup", StorePath, _directory.File("copy.db"));
        Assert.True(status == 0, error);
        Assert.StartsWith(_directory.File("copy.db"), output, StringComparison.Ordinal);

        (status, string exported, _) = Run("", "export", StorePath);
        Assert.Equal(0, status);
        Assert.Equal(0, Run("", "export", StorePath, _directory.File("all.json")).Status);
        Assert.Equal(WithoutTime(exported), WithoutTime(File.ReadAllText(_directory.File("all.json"))));

        (status, _, error) = Run(exported, "import", _directory.File("piped.db"));
        Assert.True(status == 0, error);
        Assert.Equal(0, Run("", "import", _directory.File("file.db"), _directory.File("all.json")).Status);
        Assert.Equal(0, Run("", "compact", StorePath).Status);

        Assert.Equal(["all.json", "copy.db", "file.db", "imm.db", "piped.db"], _directory.Names);
        foreach (string name in (string[])["copy.db", "file.db", "imm.db", "piped.db"])
        {
            Assert.Equal(WithoutTime(exported), WithoutTime(Run("", "export", _directory.File(name)).Output));
        }
    }

    [FactOnLinux]
    public void Behind_a_link_the_file_is_compacted_and_the_link_stays()
    {
        Directory.CreateDirectory(_directory.File("data"));
        string real = _directory.File("data/real.db");
        using (ImmStore store = ImmStore.Open(real))
        {
            store.Registry().Create(new() { ProjectName = "kept" });
        }

        File.CreateSymbolicLink(_directory.File("link.db"), "data/real.db");
        string before = Unix.Stat(real);

        (int status, _, string error) = Run("", "compact", _directory.File("link.db"));

        Assert.True(status == 0, error);
        Assert.Equal("data/real.db", new FileInfo(_directory.File("link.db")).LinkTarget);
        Assert.NotEqual(before, Unix.Stat(real));
        Assert.Equal("kept\n", Run("", "ls", real, "default", "local").Output);
    }

    [FactIfMountable]
    public void An_export_to_a_full_disk_leaves_no_file()
    {
        Prepare();
        using var disk = new SmallFileSystem();
        using (FileStream ballast = File.Create(disk.File("ballast")))
        {
            Assert.Throws<IOException>(() => ballast.Write(new byte[32 << 20]));
        }

        AssertFails(3, "space", "export", StorePath, disk.File("all.json"));

        Assert.False(File.Exists(disk.File("all.json")));
    }

    [Fact]
    public void A_damaged_store_is_reported_and_salvaged()
    {
        using (ImmStore store = ImmStore.Open(new ImmStoreOptions { Path = StorePath, ProjectQuota = 1000 }))
        {
            for (int i = 0; i < 600; i++)
            {
                store.Registry().Create(new() { ProjectName = $"p{i}", Description = new string('d', 200) });
            }
        }

        byte[] bytes = File.ReadAllBytes(StorePath);
        int page = Enumerable.Range(1, (bytes.Length / DataPage.Size) - 1).First(IsNotReadByOpen);

        (int status, string output, _) = Run("", "check", StorePath);
        Assert.Equal(1, status);
        Assert.Contains($"page {page} ", output, StringComparison.Ordinal);

        (status, output, _) = Run("", "salvage", StorePath, _directory.File("new.db"));
        Assert.Equal(1, status);
        Assert.Contains($"Page {page} ", output, StringComparison.Ordinal);
        Assert.Contains("1 accounts in regions", output, StringComparison.Ordinal);
        Assert.Equal(0, Run("", "check", _directory.File("new.db")).Status);

        bool IsNotReadByOpen(int page)
        {
            byte[] damaged = [.. bytes];
            damaged[(page * DataPage.Size) + 4000] ^= 1;
            File.WriteAllBytes(StorePath, damaged);
            return damaged[(page * DataPage.Size) + 4] == 4
                && Xunit.Record.Exception(() => ImmStore.OpenReadOnly(StorePath).Dispose()) is null;
        }
    }

    [Fact]
    public void Wrong_usage_and_what_cannot_be_used_are_errors_with_a_status_and_leave_no_file()
    {
        Assert.Equal(0, Run("", "help").Status);
        Assert.Contains("Usage: imm", Run("", "--help").Output, StringComparison.Ordinal);
        Assert.Equal(2, Run("").Status);
        Assert.Equal(2, Run("", "list", StorePath).Status);
        Assert.Equal(2, Run("", "ls").Status);

        AssertFails(3, "NotFound: ", "ls", StorePath);
        AssertFails(3, "NotFound: ", "compact", StorePath);
        AssertFails(3, "", "import", StorePath, _directory.File("missing.json"));
        AssertFails(3, "The text is not the JSON of a snapshot.", "import", StorePath);
        Assert.Empty(_directory.Names);

        Prepare();
        AssertFails(4, "project is not found", "show", StorePath, "default", "local", "absent");
        AssertFails(2, "ProjectName", "show", StorePath, "default", "local", "a name");
        AssertFails(2, "account", "ls", StorePath, "a b", "local");
        AssertFails(3, "NameTaken: ", "import", StorePath);
        File.WriteAllText(_directory.File("all.json"), "a note");
        AssertFails(3, "exists", "export", StorePath, _directory.File("all.json"));
        Assert.Equal("a note", File.ReadAllText(_directory.File("all.json")));
        using (ImmStore.Open(StorePath))
        {
            AssertFails(3, "Locked: ", "ls", StorePath);
        }
    }

    [FactOnLinux]
    public async Task An_import_that_is_told_to_end_leaves_no_file()
    {
        using Process process = samples.Start("imm", "import", StorePath);
        await process.StandardInput.WriteAsync("""{ "Format": "imm-core-snapshot/1", "Scopes": [ """);
        await process.StandardInput.FlushAsync();

        // After a second it shows its progress, and waits for the rest of the text.
        Assert.EndsWith(" read", await process.StandardError.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Contains("imm.db-new", _directory.Names);
        Unix.Run("kill", "-TERM", $"{process.Id}");
        await process.WaitForExitAsync();

        Assert.Equal(130, process.ExitCode);
        Assert.EndsWith(
            "imm: Interrupted. Nothing is left of the file.\n", await process.StandardError.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.Empty(_directory.Names);
    }

    [FactOnLinux]
    public async Task An_import_from_a_closed_standard_input_is_refused()
    {
        using Process process = samples.StartIn("exec timeout 20 \"$@\" <&-", "imm", "import", StorePath);
        await process.WaitForExitAsync();

        Assert.Equal(
            (3, "imm: The standard input is closed. Name the file to import, or pipe its text in.\n"),
            (process.ExitCode, await process.StandardError.ReadToEndAsync()));
        Assert.Empty(_directory.Names);
    }

    [FactIfPrivileged]
    public async Task A_compacted_store_keeps_owner_and_group_as_far_as_the_process_may_give_them()
    {
        Prepare();
        foreach ((string shell, string owner) in new[]
        {
            ("exec \"$@\"", "12:34 640"),
            ("exec setpriv --bounding-set=-chown --groups=34 \"$@\"", "0:34 640"),
            ("exec setpriv --bounding-set=-chown --clear-groups \"$@\"", "0:0 600"),
        })
        {
            Unix.SetMode(StorePath, "640");
            Unix.Run("chown", "12:34", StorePath);

            using Process process = samples.StartIn(shell, "imm", "compact", StorePath);
            await process.WaitForExitAsync();

            Assert.Equal((0, ""), (process.ExitCode, await process.StandardError.ReadToEndAsync()));
            Assert.Equal(owner, Unix.Run("stat", "-c", "%u:%g %a", StorePath).Trim());
        }
    }

    [FactOnLinux]
    public void A_store_is_compacted_through_a_link_which_stays_one()
    {
        Prepare();
        string link = _directory.File("link.db");
        File.CreateSymbolicLink(link, StorePath);
        string before = Unix.Stat(StorePath);

        (int status, _, string error) = Run("", "compact", link);

        Assert.True(status == 0, error);
        Assert.Equal(StorePath, new FileInfo(link).LinkTarget);
        Assert.NotEqual(before, Unix.Stat(StorePath));
        Assert.Equal(["imm.db", "link.db"], _directory.Names);
        Assert.Equal(0, Run("", "check", StorePath).Status);
    }

    [Fact]
    public void The_programs_use_no_more_than_the_public_API()
    {
        foreach (string program in (string[])["imm.cs", "serve.cs"])
        {
            string text = Repository.Text($"Imm.Core/samples/{program}");
            Assert.Contains("#:project ../Imm.Core.csproj", text, StringComparison.Ordinal);
            Assert.DoesNotContain("using Imm.Core.", text, StringComparison.Ordinal);
        }
    }

    private void Prepare()
    {
        using ImmStore store = ImmStore.Open(StorePath);
        RegistryOperations.Prepare(store.Registry());
    }

    private void AssertFails(int status, string text, params string[] arguments)
    {
        (int actual, _, string error) = Run("", arguments);
        Assert.True(actual == status, $"{actual}: {error}");
        Assert.StartsWith("imm: ", error, StringComparison.Ordinal);
        Assert.Contains(text, error, StringComparison.OrdinalIgnoreCase);
    }

    private (int Status, string Output, string Error) Run(string input, params string[] arguments)
    {
        using Process process = samples.Start("imm", arguments);
        Task<string> error = process.StandardError.ReadToEndAsync();
        Task<string> output = new StreamReader(process.StandardOutput.BaseStream, Encoding.UTF8).ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        return (process.ExitCode, output.Result, error.Result);
    }

    private static string WithoutTime(string json) => string.Join('\n', json.Split('\n').Where((_, line) => line != 2));
}
