using System.Collections.Immutable;
using Imm.Core.Storage;

namespace Imm.Core.Tests.Storage;

/// <summary>The power went. An I/O error like any other to the engine, which must not be able to tell the two apart.</summary>
internal sealed class PowerCutException() : IOException("The power is cut.");

/// <summary>A disk in memory that can show every content it may have after a power cut.</summary>
/// <remarks>
/// Possible outcomes, including those of file systems without ordered or journalled data:
/// <list type="bullet">
/// <item>Data: each 512-byte sector holds what it held at the last flush of its file or after any later write to it, whatever other
/// sectors and files hold. So writes are lost, torn and reordered; a sector itself is never torn.</item>
/// <item>Length: apart from the data, the length is the one of the last flush or any later one, and where a write grew the file also a
/// sector's end on the way. Data after the end is gone; where the file grew and the data did not arrive, there are zeros.</item>
/// <item>A set-length happens whole or not at all. If a cut is lost and a later growth is not, the old bytes are back.</item>
/// <item>A flush of a file makes its data and its length durable, not its name.</item>
/// <item>Names: of the creations, renames and deletions since the directory was flushed a first part, in order, is kept (metadata is
/// journalled), independent of the data: a new name may show an empty file. A rename is atomic.</item>
/// </list>
/// A flush only takes possibilities away, so the images just before each flush (see <see cref="Flushes"/>) and at the end
/// comprise those of every moment. Stricter than Linux on purpose: an open file cannot be deleted, and is replaced only by
/// <see cref="Replace"/>. There are no directories to create, and two spellings of a path are two files.
/// </remarks>
internal sealed class SimulatedDisk : Disk
{
    private static readonly ImmutableSortedDictionary<string, Node> NoNames =
        ImmutableSortedDictionary.Create<string, Node>(StringComparer.Ordinal);

    private readonly Lock _lock = new();
    private readonly List<long> _flushes = [];
    private ImmutableSortedDictionary<string, Node> _names = NoNames;
    private ImmutableSortedDictionary<string, Node> _durableNames = NoNames;
    private ImmutableList<NameChange> _journal = [];
    private long _operations;
    private long? _crashAt;
    private bool _crashed;

    /// <summary>
    /// The number of writes, set-lengths, flushes, creations, renames, deletions and directory flushes that were carried out.
    /// </summary>
    public long Operations => Locked(() => _operations);

    /// <summary>The numbers of the operations that were flushes, of a file or of the directory.</summary>
    public IReadOnlyList<long> Flushes => Locked(() => _flushes.ToArray());

    /// <summary>
    /// The number, from 1, of the operation at which the power goes: it is not carried out, and from it on every call of the engine
    /// throws. A write that the cut would interrupt is the write before this one, of which an image may keep a part.
    /// </summary>
    public long? CrashAt
    {
        get => Locked(() => _crashAt);
        set => Locked(() => _crashAt = value);
    }

    /// <summary>True if the power was cut at <see cref="CrashAt"/>.</summary>
    public bool Crashed => Locked(() => _crashed);

    /// <summary>The files that are there, as a reader before any crash sees them.</summary>
    public IReadOnlyList<string> Paths => Locked(() => _names.Keys.ToArray());

    /// <summary>A hash of names and contents: two disks with one fingerprint hold the same.</summary>
    public ulong Fingerprint => Locked(() =>
    {
        ulong hash = 0;
        foreach ((string path, Node node) in _names)
        {
            unchecked
            {
                foreach (char letter in path)
                {
                    hash = (hash ^ letter) * 0x100000001B3;
                }

                hash = (hash ^ (ulong)node.State.Current.Length) * 0x9E3779B97F4A7C15;
                hash = (hash ^ (hash >> 32) ^ node.State.Current.Bytes.Hash) * 0xBF58476D1CE4E5B9;
            }
        }

        return hash;
    });

    /// <summary>One content, taken at random, that a power cut at this moment may leave.</summary>
    public CrashImage Crash(Random random) => Moment().Any(random, "random");

    /// <summary>Contents that a power cut at this moment may leave, no two alike: the extremes, then random ones.</summary>
    /// <param name="randomCount">The number of random ones that are tried; those that repeat an earlier one are left out.</param>
    /// <param name="seed">The same seed gives the same images.</param>
    public IEnumerable<CrashImage> Images(int randomCount, int seed)
    {
        CrashMoment moment = Moment();
        return Enumerate();

        IEnumerable<CrashImage> Enumerate()
        {
            var random = new Random(seed);
            IEnumerable<CrashImage> tries = Enumerable.Range(0, randomCount).Select(i => moment.Any(random, $"random {i} of seed {seed}"));
            return moment.Extremes().Concat(tries).DistinctBy(image => image.Disk.Fingerprint);
        }
    }

    /// <summary>The disk as a kill of the process leaves it at this moment: nothing is lost, and nothing open.</summary>
    public SimulatedDisk AsKilled() => Locked(() =>
    {
        var killed = new SimulatedDisk();
        foreach ((string path, Node node) in _names)
        {
            killed.Put(path, node.State.Current);
        }

        return killed;
    });

    /// <summary>
    /// The disk as the next process finds it when this one is killed now: nothing is open, everything that was written is there to be read,
    /// and what was not flushed still is not. A power cut after that may take back what the killed process had written.
    /// </summary>
    public SimulatedDisk AfterKill()
    {
        lock (_lock)
        {
            var nodes = new Dictionary<Node, Node>(ReferenceEqualityComparer.Instance);
            return new SimulatedDisk
            {
                _operations = _operations,
                _names = Copies(_names),
                _durableNames = Copies(_durableNames),
                _journal = [.. _journal.Select(change => change with { Node = change.Node is null ? null : Copy(change.Node) })],
            };

            ImmutableSortedDictionary<string, Node> Copies(ImmutableSortedDictionary<string, Node> names) =>
                names.ToImmutableSortedDictionary(name => name.Key, name => Copy(name.Value), StringComparer.Ordinal);

            // One file may have several names: the durable one and the one of now.
            Node Copy(Node node)
            {
                if (!nodes.TryGetValue(node, out Node? copy))
                {
                    nodes.Add(node, copy = new Node { State = node.State });
                }

                return copy;
            }
        }
    }

    /// <summary>The content of a file as a reader sees it.</summary>
    public byte[] Read(string path)
    {
        Content content = Locked(() => Find(path).State.Current);
        byte[] bytes = new byte[content.Length];
        content.Bytes.Read(0, bytes);
        return bytes;
    }

    /// <summary>Prepares a file with a durable content. All names become durable; no operation is counted.</summary>
    public void Put(string path, ReadOnlySpan<byte> bytes) => Put(path, Content.Empty.Write(0, bytes));

    /// <inheritdoc cref="Put(string, ReadOnlySpan{byte})"/>
    public void Put(string path, Content content)
    {
        lock (_lock)
        {
            RefuseOpen(path);
            _names = _names.SetItem(path, new Node { State = FileState.Flushed(content) });
            _durableNames = _names;
            _journal = [];
        }
    }

    /// <summary>Damages a file, open or not, on the disk itself.</summary>
    /// <exception cref="InvalidOperationException">There are unflushed changes: which of them would hide the damage is not
    /// modelled.</exception>
    public void FlipBit(string path, long bitOffset)
    {
        lock (_lock)
        {
            Node node = Find(path);
            (long offset, long bit) = Math.DivRem(bitOffset, 8);
            if (!node.State.Unflushed.IsEmpty)
            {
                throw new InvalidOperationException($"The file '{path}' has unflushed changes.");
            }

            ArgumentOutOfRangeException.ThrowIfNegative(bitOffset);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(offset, node.State.Current.Length, nameof(bitOffset));
            Span<byte> one = stackalloc byte[1];
            node.State.Current.Bytes.Read(offset, one);
            one[0] ^= (byte)(1 << (int)bit);
            node.State = FileState.Flushed(node.State.Current.Write(offset, one));
        }
    }

    public override long? Length(string path)
    {
        lock (_lock)
        {
            ThrowIfCrashed();
            return _names.TryGetValue(path, out Node? node) ? node.State.Current.Length : null;
        }
    }

    public override DiskFile Open(string path)
    {
        lock (_lock)
        {
            ThrowIfCrashed();
            RefuseOpen(path);
            return new SimulatedFile(this, path, Find(path));
        }
    }

    public override DiskFile OpenToRead(string path)
    {
        lock (_lock)
        {
            ThrowIfCrashed();
            RefuseOpen(path, toRead: true);
            return new SimulatedFile(this, path, Find(path), isReadOnly: true);
        }
    }

    public override DiskFile Create(string path, UnixFileMode? mode = null)
    {
        lock (_lock)
        {
            ThrowIfCrashed();
            RefuseTaken(path);
            Step();
            var node = new Node();
            Name($"create '{path}'", removed: null, path, node);
            return new SimulatedFile(this, path, node);
        }
    }

    public override void Rename(string from, string to)
    {
        if (Directory(from) != Directory(to))
        {
            throw new ArgumentException($"'{from}' and '{to}' are in different directories.", nameof(to));
        }

        lock (_lock)
        {
            ThrowIfCrashed();
            Node node = Find(from);
            RefuseTaken(to);
            Step();
            Name($"rename '{from}' to '{to}'", from, to, node);
        }
    }

    public override void Replace(string from, string to)
    {
        lock (_lock)
        {
            ThrowIfCrashed();
            Node node = Find(from);
            Step();
            Name($"replace '{to}' by '{from}'", from, to, node);
        }
    }

    public override void Delete(string path)
    {
        lock (_lock)
        {
            RefuseOpen(path);
            Step();
            if (_names.ContainsKey(path))
            {
                Name($"delete '{path}'", path, added: null, node: null);
            }
        }
    }

    public override void FlushDirectory(string path)
    {
        lock (_lock)
        {
            Step();
            _flushes.Add(_operations);
            string directory = Directory(path);
            foreach (NameChange change in _journal.Where(change => change.Directory == directory))
            {
                _durableNames = change.Apply(_durableNames);
            }

            _journal = _journal.RemoveAll(change => change.Directory == directory);
        }
    }

    private static string Directory(string path) => Path.GetDirectoryName(path) ?? "";

    private CrashMoment Moment()
    {
        lock (_lock)
        {
            var moments = ImmutableArray.CreateBuilder<CrashMoment.Names>();
            ImmutableSortedDictionary<string, Node> names = _durableNames;
            Add("as flushed");
            foreach (NameChange change in _journal)
            {
                names = change.Apply(names);
                Add($"up to {change.What}");
            }

            return new CrashMoment(moments.ToImmutable());

            void Add(string what) => moments.Add(new(what, [.. names.Select(name => (name.Key, name.Value.State))]));
        }
    }

    private T Locked<T>(Func<T> read)
    {
        lock (_lock)
        {
            return read();
        }
    }

    private Node Find(string path) =>
        _names.GetValueOrDefault(path) ?? throw new FileNotFoundException($"There is no file '{path}'.", path);

    private void RefuseOpen(string path, bool toRead = false)
    {
        const int SharingViolation = unchecked((int)0x80070020);
        if (_names.TryGetValue(path, out Node? node) && (node.IsOpen || (node.Readers > 0 && !toRead)))
        {
            throw new StoreFileException(
                ImmUnavailableReason.Locked, $"The file '{path}' is open: another handle holds it exclusively.")
            {
                HResult = SharingViolation,
            };
        }
    }

    private void RefuseTaken(string path)
    {
        if (_names.ContainsKey(path))
        {
            throw new IOException($"The file '{path}' exists already.");
        }
    }

    private void ThrowIfCrashed()
    {
        if (_crashed)
        {
            throw new PowerCutException();
        }
    }

    private void Step()
    {
        _crashed |= _operations + 1 >= _crashAt;
        ThrowIfCrashed();
        _operations++;
    }

    private void Name(string what, string? removed, string? added, Node? node)
    {
        var change = new NameChange(what, removed, added, node);
        _names = change.Apply(_names);
        _journal = _journal.Add(change);
    }

    private void Write(string path, Node node, long offset, ReadOnlySpan<byte> data)
    {
        if (data.Length > 0)
        {
            Change(path, node, offset, data.Length, node.State.Current.Write(offset, data));
        }
    }

    private void SetLength(string path, Node node, long length)
    {
        if (length != node.State.Current.Length)
        {
            Change(path, node, null, 0, node.State.Current.SetLength(length));
        }
    }

    private void Change(string path, Node node, long? offset, int count, Content after)
    {
        var change = new Change(_operations, path, offset, count, node.State.Current, after);
        node.State = node.State with { Current = after, Unflushed = node.State.Unflushed.Add(change) };
    }

    /// <summary>A change of a directory: a name that goes, a name that comes with its file, or both in one step.</summary>
    private sealed record NameChange(string What, string? Removed, string? Added, Node? Node)
    {
        public string Directory => SimulatedDisk.Directory(Added ?? Removed!);

        public ImmutableSortedDictionary<string, Node> Apply(ImmutableSortedDictionary<string, Node> names)
        {
            names = Removed is null ? names : names.Remove(Removed);
            return Added is null ? names : names.SetItem(Added, Node!);
        }
    }

    /// <summary>A file apart from its name.</summary>
    private sealed class Node
    {
        public FileState State { get; set; } = FileState.Flushed(Content.Empty);

        public bool IsOpen { get; set; }

        public int Readers { get; set; }
    }

    private sealed class SimulatedFile : DiskFile
    {
        private readonly SimulatedDisk _disk;
        private readonly Node _node;
        private readonly bool _isReadOnly;
        private bool _disposed;

        public SimulatedFile(SimulatedDisk disk, string path, Node node, bool isReadOnly = false)
            : base(path)
        {
            _disk = disk;
            _node = node;
            _isReadOnly = isReadOnly;
            _node.IsOpen |= !isReadOnly;
            _node.Readers += isReadOnly ? 1 : 0;
        }

        public override long Length => Current().Length;

        public override bool IsAt(string path)
        {
            lock (_disk._lock)
            {
                _disk.ThrowIfCrashed();
                return _disk._names.GetValueOrDefault(path) == _node;
            }
        }

        public override void Read(long offset, Span<byte> buffer)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(offset);
            Content content = Current();
            if (buffer.Length > 0 && offset > content.Length - buffer.Length)
            {
                throw new EndOfStreamException(
                    $"The file '{Name}' ended at {content.Length} bytes; {buffer.Length} were expected at {offset}.");
            }

            content.Bytes.Read(offset, buffer);
        }

        public override void Write(long offset, ReadOnlySpan<byte> buffer)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(offset);
            lock (_disk._lock)
            {
                Step();
                _disk.Write(Name, _node, offset, buffer);
            }
        }

        public override void SetLength(long length)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(length);
            lock (_disk._lock)
            {
                Step();
                _disk.SetLength(Name, _node, length);
            }
        }

        public override void Flush()
        {
            lock (_disk._lock)
            {
                Step();
                _disk._flushes.Add(_disk._operations);
                _node.State = FileState.Flushed(_node.State.Current);
            }
        }

        public override void Dispose()
        {
            lock (_disk._lock)
            {
                if (!_disposed)
                {
                    _disposed = true;
                    _node.IsOpen &= _isReadOnly;
                    _node.Readers -= _isReadOnly ? 1 : 0;
                }
            }
        }

        private Content Current()
        {
            lock (_disk._lock)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                _disk.ThrowIfCrashed();
                return _node.State.Current;
            }
        }

        private void Step()
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_isReadOnly)
            {
                throw new UnauthorizedAccessException($"The file '{Name}' was opened to read.");
            }

            _disk.Step();
        }
    }
}
