using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>A store has one owner at a time, also where the switch is set that turns the file locks of .NET off.</summary>
public sealed class LockTests : IDisposable
{
    private static readonly (string Name, string Value) NoLocks = ("DOTNET_SYSTEM_IO_DISABLEFILELOCKING", "1");

    private readonly TempDirectory _directory = new();
    private readonly string _path;

    public LockTests() => _path = _directory.File("imm.db");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Two_opens_in_one_process_exclude_each_other(bool withoutFileLocks)
    {
        using (StoreProcess process = Start(withoutFileLocks))
        {
            process.OpenWith("first", _path, "one");
            AssertRefused(process.Open("second", _path));
            Assert.Equal("ok", process.Create("first", "two"));
            Assert.Equal("ok", process.Do("close", "first"));
            Assert.Equal("ok", process.Open("third", _path));
            Assert.Equal("ok: one,two", process.Names("third"));
            Assert.Equal("ok", process.Do("close", "third"));
        }

        Assert.Equal(["one", "two"], Names());
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Two_processes_exclude_each_other(bool firstWithoutFileLocks, bool secondWithoutFileLocks)
    {
        using (StoreProcess first = Start(firstWithoutFileLocks))
        using (StoreProcess second = Start(secondWithoutFileLocks))
        {
            first.OpenWith("s", _path, "one");
            AssertRefused(second.Open("s", _path));
            Assert.Equal("ok", first.Create("s", "two"));
            Assert.Equal("ok", first.Do("close", "s"));

            Assert.Equal("ok", second.Open("s", _path));
            AssertRefused(first.Open("again", _path));
            Assert.Equal("ok", second.Create("s", "three"));
            Assert.Equal("ok", second.Do("close", "s"));
        }

        Assert.Equal(["one", "three", "two"], Names());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_refused_open_in_the_process_of_the_owner_does_not_release_the_lock(bool withoutFileLocks)
    {
        using StoreProcess owner = Start(withoutFileLocks);
        using StoreProcess other = Start(withoutFileLocks);
        owner.OpenWith("s", _path, "one");

        AssertRefused(owner.Open("second", _path));

        AssertRefused(other.Open("s", _path));
        Assert.Equal("ok", owner.Create("s", "two"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_killed_owner_holds_no_lock(bool withoutFileLocks)
    {
        using (StoreProcess process = Start(withoutFileLocks))
        {
            process.OpenWith("s", _path, "one");
            process.Kill();
        }

        using StoreProcess next = Start(withoutFileLocks);
        Assert.Equal("ok", next.Open("s", _path));
        Assert.Equal("ok: one", next.Names("s"));
    }

    [TheoryOnLinux]
    [InlineData(false)]
    [InlineData(true)]
    public void Two_names_of_one_file_exclude_each_other(bool withoutFileLocks)
    {
        ImmStore.Open(_path).Dispose();
        Unix.Run("ln", _path, _directory.File("hard.db"));
        File.CreateSymbolicLink(_directory.File("soft.db"), "imm.db");
        using StoreProcess process = Start(withoutFileLocks);
        Assert.Equal("ok", process.Open("s", _path));

        AssertRefused(process.Open("hard", _directory.File("hard.db")));
        AssertRefused(process.Open("soft", _directory.File("soft.db")));

        Assert.Equal("ok", process.Create("s", "one"));
        Assert.Equal(["hard.db", "imm.db", "imm.db-log1", "imm.db-log2", "soft.db"], _directory.Names);
    }

    private static StoreProcess Start(bool withoutFileLocks) => new([], withoutFileLocks ? [NoLocks] : []);

    private static void AssertRefused(string answer)
    {
        Assert.StartsWith(ImmErrorCode.ServiceUnavailable, answer, StringComparison.Ordinal);
        Assert.Contains("open already", answer, StringComparison.Ordinal);
    }

    private string[] Names()
    {
        using ImmStore store = ImmStore.Open(_path);
        return [.. store.Registry().List().Projects.Select(project => project.ProjectName.Value)];
    }
}
