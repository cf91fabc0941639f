using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>A path is resolved once, when it is given: against the working directory of then, and through links to the file.</summary>
public sealed class PathTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly string _first;
    private readonly string _second;

    public PathTests()
    {
        _first = Directory.CreateDirectory(_directory.File("first")).FullName;
        _second = Directory.CreateDirectory(_directory.File("second")).FullName;
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Closing_after_a_change_of_the_working_directory_does_not_touch_a_store_of_that_name_there()
    {
        string other = Path.Combine(_second, "store.db");
        using (var process = new StoreProcess())
        {
            Assert.Equal("ok", process.Do("cd", _first));
            process.OpenWith("mine", "store.db", "mine");
            process.OpenWith("other", other, "other");

            Assert.Equal("ok", process.Do("cd", _second));
            Assert.Equal("ok", process.Do("close", "mine"));
            process.Kill();
        }

        Assert.Equal(["mine"], Names(Path.Combine(_first, "store.db")));
        Assert.Equal(["other"], Names(other));
        Assert.Equal(["store.db"], FileNames(_first));
    }

    [Fact]
    public void Changes_after_a_change_of_the_working_directory_go_to_the_opened_files()
    {
        using (var process = new StoreProcess())
        {
            Assert.Equal("ok", process.Do("cd", _first));
            Assert.Equal("ok", process.Open("s", "store.db", checkpointLength: 8 << 10));
            Assert.Equal("ok", process.Do("cd", _second));
            for (int i = 0; i < 60; i++)
            {
                Assert.Equal("ok", process.Create("s", $"p{i:00}"));
            }

            Assert.Equal("ok", process.Do("check", "s"));
            Assert.Equal("ok", process.Do("backup", "s", "copy.db"));
            Assert.Equal("ok", process.Do("close", "s"));
        }

        Assert.Equal(["store.db"], FileNames(_first));
        Assert.Equal(["copy.db"], FileNames(_second));
        Assert.Equal(60, Names(Path.Combine(_first, "store.db")).Length);
        Assert.Equal(60, Names(Path.Combine(_second, "copy.db")).Length);
    }

    [Fact]
    public void A_backup_goes_to_the_working_directory_of_the_call()
    {
        using (var process = new StoreProcess())
        {
            process.OpenWith("s", Path.Combine(_first, "store.db"), "one");
            Assert.Equal("ok", process.Do("cd", _first));
            Assert.Equal("ok", process.Do("backup-and-cd", "s", "copy.db", _second));
            Assert.Equal("ok", process.Do("close", "s"));
        }

        Assert.Empty(FileNames(_second));
        Assert.Equal(["one"], Names(Path.Combine(_first, "copy.db")));
    }

    [FactOnLinux]
    public void A_relative_path_in_a_working_directory_that_is_gone_is_refused()
    {
        using var process = new StoreProcess();
        Assert.Equal("ok", process.Open("s", Path.Combine(_first, "store.db")));
        Assert.Equal("ok", process.Do("cd", _second));
        Directory.Delete(_second);

        Assert.StartsWith(ImmErrorCode.ServiceUnavailable, process.Open("lost", "store.db"), StringComparison.Ordinal);
        Assert.StartsWith(ImmErrorCode.ServiceUnavailable, process.Do("backup", "s", "copy.db"), StringComparison.Ordinal);
        Assert.StartsWith(ImmErrorCode.ServiceUnavailable, process.Do("import", "copy.db"), StringComparison.Ordinal);
        Assert.StartsWith(
            ImmErrorCode.ServiceUnavailable, process.Do("salvage", Path.Combine(_first, "other.db"), "copy.db"), StringComparison.Ordinal);
        Assert.Equal("ok", process.Create("s", "one"));
        Assert.Equal("ok", process.Do("close", "s"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_relative_path_in_a_host_is_relative_to_the_content_root(bool keyed)
    {
        string name = Path.GetRandomFileName();
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { ContentRootPath = _first, DisableDefaults = true });
        if (keyed)
        {
            builder.Services.AddKeyedImm("key", options => options.Path = name);
        }
        else
        {
            builder.Services.AddImm(options => options.Path = name);
        }

        try
        {
            using (IHost host = builder.Build())
            {
                await host.StartAsync();
                Create(host.Services.GetRequiredKeyedService<ImmStore>(keyed ? "key" : null), "one");
                await host.StopAsync();
            }

            Assert.Equal([name], FileNames(_first));
            Assert.Equal(["one"], Names(Path.Combine(_first, name)));
        }
        finally
        {
            // Where it is made if the path is not relative to the content root.
            File.Delete(name);
        }
    }

    [TheoryOnLinux]
    [InlineData("store.db")]
    [InlineData("./store.db")]
    [InlineData("../first//./store.db")]
    public void A_relative_path_is_resolved_as_the_system_resolves_it(string path)
    {
        using (var process = new StoreProcess())
        {
            Assert.Equal("ok", process.Do("cd", _first));
            process.OpenWith("s", path, "one");
            Assert.Equal(["store.db", "store.db-log1", "store.db-log2"], FileNames(_first));
        }

        Assert.Equal(["one"], Names(Path.Combine(_first, "store.db")));
    }

    [TheoryOnLinux]
    [InlineData("first/s.db")]
    [InlineData("./second/../first/s.db")]
    [InlineData("chain")]
    [InlineData("absolute")]
    [InlineData("folder/s.db")]
    [InlineData("inner/../s.db")]
    [InlineData("./inner/.././../first//s.db")]
    public void A_store_behind_a_link_has_its_logs_beside_the_file(string target)
    {
        string real = Path.Combine(_first, "s.db");
        using (ImmStore store = ImmStore.Open(real))
        {
            Create(store, "before");
        }

        Link("link2", "first/s.db");
        Link("chain", "link2");
        Link("absolute", real);
        Link("folder", "first");

        // Out of where it leads, not out of where it stands.
        Directory.CreateDirectory(Path.Combine(_first, "inside"));
        Link("inner", "first/inside");
        Link("l.db", target);

        using (var process = new StoreProcess())
        {
            process.OpenWith("s", _directory.File("l.db"), "after");
            Assert.Equal(["s.db", "s.db-log1", "s.db-log2"], FileNames(_first));
        }

        // The process was killed: without its logs the file would be refused under its own name.
        Assert.Equal(["after", "before"], Names(real));
        Assert.Equal(["after", "before"], Names(_directory.File("l.db")));
        Assert.Equal(["s.db"], FileNames(_first));
        Assert.DoesNotContain(FileNames(_directory.Path), name => name.Contains("-log", StringComparison.Ordinal));
        Assert.Equal(target, new FileInfo(_directory.File("l.db")).LinkTarget);
    }

    [TheoryOnLinux]
    [InlineData("first/s.db")]
    [InlineData("chain")]
    public void A_link_to_a_missing_file_creates_the_store_at_its_target(string target)
    {
        Link("chain", "first/s.db");
        Link("l.db", target);

        using (ImmStore store = ImmStore.Open(_directory.File("l.db")))
        {
            Create(store, "one");
            Assert.Equal(["s.db", "s.db-log1", "s.db-log2"], FileNames(_first));
        }

        Assert.Equal(["one"], Names(Path.Combine(_first, "s.db")));
        Assert.Equal(target, new FileInfo(_directory.File("l.db")).LinkTarget);
    }

    [FactOnLinux]
    public void A_link_to_an_empty_file_creates_the_store_in_that_file()
    {
        string real = Path.Combine(_first, "s.db");
        File.WriteAllBytes(real, []);
        string before = Unix.Stat(real);
        Link("l.db", "first/s.db");

        using (ImmStore store = ImmStore.Open(_directory.File("l.db")))
        {
            Create(store, "one");
        }

        Assert.Equal(before, Unix.Stat(real));
        Assert.Equal(["one"], Names(real));
        Assert.Equal("first/s.db", new FileInfo(_directory.File("l.db")).LinkTarget);
    }

    [FactOnLinux]
    public void A_link_into_a_missing_folder_is_refused()
    {
        Link("l.db", "missing/s.db");

        ImmException refused = Assert.Throws<ImmException>(() => ImmStore.Open(_directory.File("l.db")));

        Assert.Equal(ImmErrorCode.ServiceUnavailable, refused.Code);
        Assert.Equal(["l.db"], FileNames(_directory.Path));
        Assert.False(Directory.Exists(_directory.File("missing")));
    }

    [TheoryOnLinux]
    [InlineData("l.db")]
    [InlineData("folder/s.db")]
    public void A_link_that_changes_later_does_not_affect_the_open_store(string path)
    {
        // Both folders have a store of that name, and the links lead to the first.
        Link("l.db", "first/s.db");
        Link("folder", "first");
        using var process = new StoreProcess();
        process.OpenWith("mine", _directory.File(path), "mine");
        process.OpenWith("other", Path.Combine(_second, "s.db"), "other");

        File.Delete(_directory.File("l.db"));
        File.Delete(_directory.File("folder"));
        Link("l.db", "second/s.db");
        Link("folder", "second");
        Assert.Equal("ok", process.Create("mine", "mine2"));
        Assert.Equal("ok", process.Do("close", "mine"));
        process.Kill();

        Assert.Equal(["mine", "mine2"], Names(Path.Combine(_first, "s.db")));
        Assert.Equal(["other"], Names(Path.Combine(_second, "s.db")));
    }

    [FactOnLinux]
    public void Two_names_of_one_store_exclude_each_other()
    {
        string real = Path.Combine(_first, "s.db");
        Link("l.db", "first/s.db");
        using ImmStore store = ImmStore.Open(_directory.File("l.db"));
        Create(store, "one");

        Assert.Equal(ImmErrorCode.ServiceUnavailable, Assert.Throws<ImmException>(() => ImmStore.Open(real)).Code);

        Create(store, "two");
    }

    [FactOnLinux]
    public async Task A_backup_does_not_replace_a_link_of_its_name()
    {
        string target = Path.Combine(_second, "target");
        File.WriteAllText(target, "a note");
        Link("backup.db", "second/target");
        Link("loose.db", "second/missing");
        using ImmStore store = ImmStore.Open(Path.Combine(_first, "s.db"));

        await Assert.ThrowsAsync<ImmException>(() => store.BackupAsync(_directory.File("backup.db")));
        await Assert.ThrowsAsync<ImmException>(() => store.BackupAsync(_directory.File("loose.db")));

        Assert.Equal("a note", File.ReadAllText(target));
        Assert.Equal("second/target", new FileInfo(_directory.File("backup.db")).LinkTarget);
        Assert.Equal("second/missing", new FileInfo(_directory.File("loose.db")).LinkTarget);
        Assert.Equal(["target"], FileNames(_second));
    }

    private static void Create(ImmStore store, string name) => store.Registry().Create(new CreateProjectRequest { ProjectName = name });

    private static string[] Names(string path)
    {
        using ImmStore store = ImmStore.Open(path);
        return [.. store.Registry().List().Projects.Select(project => project.ProjectName.Value)];
    }

    private static string[] FileNames(string directory) =>
        [.. Directory.GetFiles(directory).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private void Link(string name, string target) => File.CreateSymbolicLink(_directory.File(name), target);
}
