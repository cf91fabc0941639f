using Imm.Core.Storage;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>Tests of <see cref="FaultyDisk"/> over a <see cref="SimulatedDisk"/>.</summary>
public sealed class FaultyDiskTests
{
    private const string Path = "/store/data";

    private readonly SimulatedDisk _inner = new();
    private readonly FaultyDisk _disk;

    public FaultyDiskTests()
    {
        _inner.Put(Path, new byte[1000]);
        _disk = new FaultyDisk(_inner);
    }

    [Fact]
    public void Without_faults_every_operation_succeeds_and_is_counted()
    {
        using (DiskFile file = _disk.Open(Path))
        {
            file.Write(0, [1, 2, 3]);
            file.SetLength(900);
            file.Read(0, new byte[900]);
            file.Flush();
            Assert.Equal(900, file.Length);
        }

        _disk.Create("/store/new").Dispose();
        _disk.Rename("/store/new", "/store/newer");
        _disk.FlushDirectory(Path);
        _disk.Delete("/store/newer");

        Assert.Equal(1, _disk.Count(FaultKinds.Read));
        Assert.Equal(2, _disk.Count(FaultKinds.Write));
        Assert.Equal(2, _disk.Count(FaultKinds.Flush));
        Assert.Equal(4, _disk.Count(FaultKinds.Name));
        Assert.Equal(9, _disk.Count());
        Assert.Equal(900, _disk.Length(Path));
        Assert.Equal([Path], _inner.Paths);
        Assert.Null(_disk.Failed);
    }

    [Fact]
    public void The_nth_operation_of_a_kind_fails_once()
    {
        using DiskFile file = _disk.Open(Path);
        file.Write(0, [1]);
        _disk.FailAt(2, FaultKinds.Write);
        file.Write(1, [2]);
        file.Flush();

        Assert.IsType<IOException>(Assert.Throws<IOException>(() => file.Write(2, [3])));
        file.Write(3, [4]);

        Assert.Equal(new FailedOperation(5, FaultKinds.Write, Path, "write 2+1"), _disk.Failed);
        Assert.Equal([1, 2, 0, 4], _inner.Read(Path)[..4]);
    }

    [Fact]
    public void From_the_nth_on_every_operation_of_the_kind_fails_until_the_disk_is_healed()
    {
        using DiskFile file = _disk.Open(Path);
        _disk.FailAt(1, FaultKinds.Flush, fromThenOn: true);

        Assert.Throws<IOException>(file.Flush);
        Assert.Throws<IOException>(() => _disk.FlushDirectory(Path));
        file.Write(0, [1]);
        _disk.Heal();
        file.Flush();

        Assert.Equal("flush", _disk.Failed?.What);
        Assert.Equal(3, _disk.Count(FaultKinds.Flush));
        Assert.Single(_inner.Flushes);
    }

    [Fact]
    public void A_full_disk_takes_half_of_a_write()
    {
        using DiskFile file = _disk.Open(Path);
        _disk.FailAt(1, FaultKinds.Any, FaultMode.DiskFull);

        IOException error = Assert.Throws<IOException>(() => file.Write(1000, [1, 2, 3, 4]));

        Assert.Contains("not enough space", error.Message, StringComparison.Ordinal);
        Assert.Equal(OperatingSystem.IsWindows() ? 0x70 : 28, error.HResult & 0xFFFF);
        Assert.Equal(1002, file.Length);
    }

    [Fact]
    public void A_short_read_fills_half_of_the_buffer()
    {
        using DiskFile file = _disk.Open(Path);
        file.Write(0, [1, 2, 3, 4]);
        _disk.FailAt(1, FaultKinds.Read, FaultMode.ShortRead);
        byte[] buffer = new byte[4];

        Assert.Throws<EndOfStreamException>(() => file.Read(0, buffer));
        Assert.Equal([1, 2, 0, 0], buffer);
        file.Read(0, buffer);
        Assert.Equal([1, 2, 3, 4], buffer);
    }

    [Fact]
    public void Operations_on_names_fail_without_effect()
    {
        _disk.FailAt(1, FaultKinds.Name, fromThenOn: true);

        Assert.Throws<IOException>(() => _disk.Open(Path));
        Assert.Throws<IOException>(() => _disk.Create("/store/new"));
        Assert.Throws<IOException>(() => _disk.Rename(Path, "/store/new"));
        Assert.Throws<IOException>(() => _disk.Delete(Path));

        Assert.Equal([Path], _inner.Paths);
        _inner.Open(Path).Dispose();
    }
}
