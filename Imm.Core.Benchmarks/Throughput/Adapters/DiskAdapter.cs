using Microsoft.Win32.SafeHandles;

namespace Imm.Core.Benchmarks.Throughput.Adapters;

/// <summary>
/// Overwrites 512 bytes of an existing file and flushes them: the least cost of a durable change on this disk. It keeps nothing.
/// </summary>
internal sealed class DiskAdapter : EngineAdapter
{
    private const int Record = 512;
    private const int Length = 1 << 20;

    private readonly SafeFileHandle _file;

    public DiskAdapter(string folder)
    {
        _file = File.OpenHandle(Path.Combine(folder, "floor"), FileMode.OpenOrCreate, FileAccess.ReadWrite);
        RandomAccess.Write(_file, new byte[Length], 0);
        RandomAccess.FlushToDisk(_file);
    }

    public override int ProjectQuota
    {
        set { }
    }

    public override void Load(IEnumerable<NewProject> projects, bool withDatasets)
    {
    }

    public override Session OpenSession() => new DiskSession(_file);

    public override void Dispose() => _file.Dispose();

    private sealed class DiskSession(SafeFileHandle file) : Session
    {
        private readonly byte[] _record = new byte[Record];
        private long _position;

        public override ValueTask<CreateAnswer> CreateAsync(NewProject project)
        {
            _record.AsSpan().Fill((byte)project.Name.Length);
            RandomAccess.Write(file, _record, _position);
            RandomAccess.FlushToDisk(file);
            _position = (_position + Record) % Length;
            return ValueTask.FromResult(CreateAnswer.Created);
        }
    }
}
