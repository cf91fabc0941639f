using System.Text;
using Imm.Core.Storage;
using Imm.Core.Testing;
using Imm.Core.Tests.Hosting;
using Imm.Core.Tests.Storage;
using Xunit;

namespace Imm.Core.Tests.Operations;

/// <summary>A store that is opened for reading: closed or killed, by several readers, from files that nobody may write.</summary>
public sealed class ReadOnlyTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly string _path;

    public ReadOnlyTests() => _path = _directory.File("imm.db");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_store_that_was_closed_or_killed_is_read_and_no_file_is_changed(bool killed)
    {
        using (ImmStore store = ImmStore.Open(_path))
        {
            RegistryOperations.Prepare(store.Registry());
        }

        if (killed)
        {
            using var process = new StoreProcess();
            process.OpenWith("s", _path, "later");
        }

        SortedDictionary<string, byte[]> before = _directory.Files();
        using (ImmStore store = ImmStore.OpenReadOnly(_path))
        {
            ProjectRegistry registry = store.Registry();
            Assert.Equal(killed, registry.TryGet("later", out _));
            Assert.Equal(registry.List().Projects.Count, Assert.Single(store.Scopes).ProjectCount);
            Assert.Empty(store.Check());
            Assert.Equal((ImmStoreState.Open, null, before["imm.db"].Length), (
                store.Status.State, store.Status.Failure, store.Status.DataFileLength));
            Assert.Equal(ImmSnapshot.Of(store).ProjectCount, await Exported(store));
            await store.BackupAsync(_directory.File("copy.db"));
        }

        using (ImmStore copy = ImmStore.OpenReadOnly(_directory.File("copy.db")))
        {
            Assert.Equal(killed, copy.Registry().TryGet("later", out _));
        }

        File.Delete(_directory.File("copy.db"));
        AssertSame(before);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_change_is_refused_and_says_why(bool empty)
    {
        using (ImmStore store = ImmStore.Open(_path))
        {
            if (!empty)
            {
                RegistryOperations.Prepare(store.Registry());
            }
        }

        SortedDictionary<string, byte[]> before = _directory.Files();
        using (ImmStore store = ImmStore.OpenReadOnly(_path))
        {
            ProjectRegistry registry = store.Registry();
            AssertReadOnly(Assert.Throws<ImmException>(() => registry.Create(new() { ProjectName = "new" })));
            AssertReadOnly(Assert.Throws<ImmException>(() => registry.Delete("p")));
            AssertReadOnly(Assert.Throws<ImmException>(() => registry.SetProjectQuota(1)));
            AssertReadOnly(Assert.Throws<ImmException>(() => store.Registry("a", "b").Create(new() { ProjectName = "p" })));
            AssertReadOnly(await Assert.ThrowsAsync<ImmException>(async () => await registry.CreateAsync(new() { ProjectName = "new" })));
            ImmApiResponse answer = await new ImmApi(store).InvokeAsync("default", "local", "CreateProject", [new("ProjectName", "new")]);
            Assert.Equal(503, answer.StatusCode);
            Assert.Equal(ImmStoreState.Open, store.Status.State);
        }

        AssertSame(before);

        static void AssertReadOnly(ImmException refused)
        {
            Assert.Equal((ImmErrorCode.ServiceUnavailable, ImmUnavailableReason.ReadOnly), (refused.Code, refused.Reason));
            Assert.Contains("for reading only", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Several_readers_exclude_writers_and_a_writer_excludes_readers()
    {
        ImmStore.Open(_path).Dispose();
        using (ImmStore one = ImmStore.OpenReadOnly(_path))
        using (ImmStore two = ImmStore.OpenReadOnly(_path))
        {
            Assert.Empty(one.Scopes);
            Assert.Empty(two.Check());
            Assert.Equal(ImmUnavailableReason.Locked, Assert.Throws<ImmException>(() => ImmStore.Open(_path)).Reason);
        }

        using (ImmStore writer = ImmStore.Open(_path))
        {
            Assert.Equal(ImmUnavailableReason.Locked, Assert.Throws<ImmException>(() => ImmStore.OpenReadOnly(_path)).Reason);
            writer.Registry().Create(new() { ProjectName = "p" });
        }

        using var process = new StoreProcess();
        Assert.Equal("ok", process.Open("s", _path));
        Assert.Equal(ImmUnavailableReason.Locked, Assert.Throws<ImmException>(() => ImmStore.OpenReadOnly(_path)).Reason);
    }

    [Fact]
    public void What_is_not_there_is_not_created()
    {
        Assert.Equal(ImmUnavailableReason.NotFound, Assert.Throws<ImmException>(() => ImmStore.OpenReadOnly(_path)).Reason);
        Assert.Throws<ArgumentException>(() => ImmStore.OpenReadOnly(" "));
        Assert.Empty(_directory.Names);

        File.WriteAllText(_path, "a note");
        Assert.Equal(ImmUnavailableReason.NotAStore, Assert.Throws<ImmException>(() => ImmStore.OpenReadOnly(_path)).Reason);
        Assert.Equal("a note", File.ReadAllText(_path));
    }

    [FactIfMountable]
    public void A_killed_store_on_a_read_only_medium_is_read()
    {
        using var system = new SmallFileSystem();
        string path = system.File("imm.db");
        using (var process = new StoreProcess())
        {
            process.OpenWith("s", path, "one");
        }

        Assert.True(SmallFileSystem.Run("mount", "-o", "remount,ro", Path.GetDirectoryName(path)!));

        using ImmStore store = ImmStore.OpenReadOnly(path);

        Assert.True(store.Registry().TryGet("one", out _));
        Assert.Empty(store.Check());
        Assert.Equal(ImmUnavailableReason.ReadOnly, Assert.Throws<ImmException>(() => ImmStore.Open(path)).Reason);
    }

    [FactUnlessRoot]
    public void Files_without_write_permission_are_read()
    {
        ImmStore.Open(_path).Dispose();
        Unix.SetMode(_path, "400");

        using ImmStore store = ImmStore.OpenReadOnly(_path);

        Assert.Empty(store.Scopes);
    }

    [Fact]
    public void After_a_power_cut_a_reader_sees_what_the_next_open_recovers()
    {
        int crashes = 0;
        for (int seed = 0; seed < 60; seed++)
        {
            var disk = new SimulatedDisk();
            ImmStore store = new StoreOnDisk(disk) { CheckpointLength = 4 << 10 }.Open();
            for (int i = 0; i < 3 + (seed % 20); i++)
            {
                store.Registry($"a{i % 3}", "r").Create(new() { ProjectName = $"p{i}", Description = new string('d', 200) });
            }

            SimulatedDisk crashed = disk.Crash(new Random(seed)).Disk;
            store.Dispose();
            SimulatedDisk untouched = crashed.AsKilled();
            string read;
            using (ImmStore reader = ImmStore.OpenReadOnly(new ImmStoreOptions { Path = StoreOnDisk.DataPath }, crashed))
            {
                read = WithoutTime(ImmSnapshot.Of(reader).ToJson());
                Assert.Empty(reader.Check());
            }

            Assert.All(untouched.Paths, path => Assert.Equal(untouched.Read(path), crashed.Read(path)));
            using ImmStore recovered = ImmStore.Open(new ImmStoreOptions { Path = StoreOnDisk.DataPath }, crashed);
            Assert.Equal(WithoutTime(ImmSnapshot.Of(recovered).ToJson()), read);
            crashes += recovered.Status.RecoveredRecords > 0 ? 1 : 0;
        }

        Assert.True(crashes > 30);
    }

    [Fact]
    public void A_damaged_scope_is_refused_each_time_and_others_are_read()
    {
        using (ImmStore store = ImmStore.Open(_path))
        {
            for (int i = 0; i < 400; i++)
            {
                store.Registry($"a{i / 100}", "r").Create(new() { ProjectName = $"p{i}", Description = new string('d', 255) });
            }
        }

        byte[] whole = File.ReadAllBytes(_path);
        bool met = false;
        for (int at = 100; at < whole.Length && !met; at += DataPage.Size)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= 4;
            File.WriteAllBytes(_path, damaged);
            if (Xunit.Record.Exception(() => ImmStore.OpenReadOnly(_path).Dispose()) is not null)
            {
                continue;
            }

            using ImmStore store = ImmStore.OpenReadOnly(_path);
            ImmException?[] refused =
            [
                .. Enumerable.Range(0, 8).Select(i =>
                    (ImmException?)Xunit.Record.Exception(() => store.Registry($"a{i % 4}", "r").List())),
            ];
            met = refused.Count(static e => e is not null) == 2;
            Assert.All(refused, e => Assert.True(e is null or { Reason: ImmUnavailableReason.Damaged }));
            Assert.Equal(ImmStoreState.Open, store.Status.State);
        }

        Assert.True(met);
    }

    private static string WithoutTime(string json) => string.Join('\n', json.Split('\n').Where((_, line) => line != 2));

    private static async Task<int> Exported(ImmStore store)
    {
        using var stream = new MemoryStream();
        await store.ExportAsync(stream);
        return ImmSnapshot.FromJson(Encoding.UTF8.GetString(stream.ToArray())).ProjectCount;
    }

    private void AssertSame(SortedDictionary<string, byte[]> before)
    {
        SortedDictionary<string, byte[]> after = _directory.Files();
        Assert.Equal(before.Keys, after.Keys);
        Assert.All(before, file => Assert.Equal(file.Value, after[file.Key]));
    }
}
