using System.Collections.Immutable;

namespace Imm.Core.Tests.Storage.Outside;

/// <summary>
/// The files of a folder as the recorded system calls made them: what a reader sees, and what a power cut may leave. It knows nothing of
/// what the process meant by its calls, only what the kernel promises for them.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>A successful fsync makes durable what had been written to the file, by whichever process, when the fsync began. Not its
/// name.</item>
/// <item>A failed one makes nothing durable, and a later one does not make up for it: the kernel may have given up what was to be written,
/// and says so only once. What is written again after the failure is durable after the next success.</item>
/// <item>A name (created, renamed, linked, removed) is durable after an fsync of the directory. Until then each change of a name, in their
/// order or out of it, is there or not.</item>
/// <item>What becomes of the content that is not durable is for <see cref="CrashMoment"/> to choose.</item>
/// </list>
/// A call on a file of the folder that is not known here is an error: it might write.
/// </remarks>
internal sealed class RecordedFiles
{
    private const int SectorSize = 512;

    private readonly string _folder;
    private readonly Dictionary<int, Opened> _descriptors = [];
    private readonly Dictionary<SystemCall, Flush> _flushes = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<SystemCall, Change> _underWay = new(ReferenceEqualityComparer.Instance);
    private ImmutableSortedDictionary<string, Node> _names = ImmutableSortedDictionary.Create<string, Node>(StringComparer.Ordinal);
    private ImmutableSortedDictionary<string, Node> _durableNames = ImmutableSortedDictionary.Create<string, Node>(StringComparer.Ordinal);
    private ImmutableList<NameChange> _journal = [];
    private long _changes;

    /// <param name="folder">The full path of the folder, which is durable itself.</param>
    public RecordedFiles(string folder) => _folder = folder;

    /// <summary>The files as a reader sees them.</summary>
    public IEnumerable<(string Path, Content Content)> Visible => _names.Select(name => (name.Key, name.Value.State.Current));

    /// <summary>The files that a call had begun to change and had not come back from: it has done it or not.</summary>
    public IEnumerable<string> UnderWay => _underWay.Values.Select(change => change.Path).Distinct();

    /// <summary>Takes note of a step; true if it was one of the folder's files or of the folder.</summary>
    /// <exception cref="InvalidDataException">It does something to a file of the folder that is not known here.</exception>
    public bool Take(CallStep step)
    {
        SystemCall call = step.Call;
        switch (call.Name)
        {
            case "openat" when step.Ends && call.Result >= 0:
                return Open(call, Full(call, 0), call.Arguments[2]);
            case "open" when step.Ends && call.Result >= 0:
                return Open(call, call.Path(0), call.Arguments[1]);
            case "creat" when step.Ends && call.Result >= 0:
                return Open(call, call.Path(0), "O_WRONLY|O_CREAT|O_TRUNC");

            // Closed as soon as it begins: the number may be given to another file before the end is written down.
            case "close" when !step.Ends:
                return _descriptors.Remove(call.Descriptor());
            case "rename" when Succeeded(step):
                return Rename(call.Path(0), call.Path(1));
            case "renameat" or "renameat2" when Succeeded(step):
                return call.Name == "renameat" || call.Arguments[4] is "0" or "RENAME_NOREPLACE"
                    ? Rename(Full(call, 0), Full(call, 2))
                    : throw Unknown(call);
            case "link" when Succeeded(step):
                return Link(call.Path(0), call.Path(1));
            case "linkat" when Succeeded(step):
                return Link(Full(call, 0), Full(call, 2));
            case "unlink" when Succeeded(step):
                return Unlink(call.Path(0));
            case "unlinkat" when Succeeded(step):
                return Unlink(Full(call, 0));
            case "pwrite64" or "write" or "pwritev" or "ftruncate" or "fallocate" or "fsync" or "fdatasync":
                return _descriptors.TryGetValue(call.Descriptor(), out Opened? opened) && OnFile(step, opened);
            case "openat" or "open" or "creat" or "close" or "rename" or "renameat" or "renameat2":
            case "link" or "linkat" or "unlink" or "unlinkat":
                return false;
            default:
                return call.Arguments.Any(argument => int.TryParse(argument, out int descriptor) && _descriptors.ContainsKey(descriptor))
                    ? throw Unknown(call)
                    : false;
        }
    }

    /// <summary>The contents that a power cut may leave now.</summary>
    public CrashMoment Moment()
    {
        var moments = ImmutableArray.CreateBuilder<CrashMoment.Names>();
        Add("as flushed", []);
        for (int i = 0; i < _journal.Count; i++)
        {
            Add($"up to {_journal[i]}", _journal.Take(i + 1));
            if (i > 0)
            {
                Add($"only {_journal[i]}", [_journal[i]]);
            }

            if (i < _journal.Count - 1)
            {
                Add($"all but {_journal[i]}", _journal.RemoveAt(i));
            }
        }

        if (_journal.Count > 1)
        {
            // Again, to be the last: that is where most of the files are.
            Add("all", _journal);
        }

        return new CrashMoment(moments.ToImmutable());

        void Add(string what, IEnumerable<NameChange> kept)
        {
            ImmutableSortedDictionary<string, Node> names = kept.Aggregate(_durableNames, (names, change) => change.Apply(names));
            moments.Add(new CrashMoment.Names(what, [.. names.Select(name => (name.Key, name.Value.State))]));
        }
    }

    /// <summary>
    /// The files as the next process finds them when this one is killed now: nothing is open, and what was not durable still is not. A call
    /// that was under way has been done.
    /// </summary>
    public RecordedFiles AfterKill()
    {
        var nodes = new Dictionary<Node, Node>(ReferenceEqualityComparer.Instance);
        return new RecordedFiles(_folder)
        {
            _names = Copies(_names),
            _durableNames = Copies(_durableNames),
            _journal = [.. _journal.Select(change => change with { Node = change.Node is null ? null : Copy(change.Node) })],
            _changes = _changes,
        };

        ImmutableSortedDictionary<string, Node> Copies(ImmutableSortedDictionary<string, Node> names) =>
            names.ToImmutableSortedDictionary(name => name.Key, name => Copy(name.Value), StringComparer.Ordinal);

        Node Copy(Node node)
        {
            if (!nodes.TryGetValue(node, out Node? copy))
            {
                nodes.Add(node, copy = new Node { State = node.State, Doubtful = node.Doubtful });
            }

            return copy;
        }
    }

    private static bool Succeeded(CallStep step) => step.Ends && step.Call.Result == 0;

    private static InvalidDataException Unknown(SystemCall call)
    {
        string arguments = string.Join(", ", call.Arguments.Select(argument => argument[..Math.Min(100, argument.Length)]));
        return new InvalidDataException($"The process made a call that is not understood here: {call.Name}({arguments})");
    }

    /// <summary>The path behind a descriptor of a directory, which may be the folder.</summary>
    private string Full(SystemCall call, int argument)
    {
        string path = call.Path(argument + 1);
        bool isFolder = _descriptors.TryGetValue(call.Descriptor(argument), out Opened? opened) && opened.Node is null;
        return isFolder ? Path.Combine(_folder, path) : path;
    }

    private bool IsHere(string path) => Path.GetDirectoryName(path) == _folder;

    private bool Open(SystemCall call, string path, string flags)
    {
        int descriptor = (int)call.Result!.Value;
        _descriptors.Remove(descriptor);
        if (path == _folder)
        {
            _descriptors[descriptor] = new Opened(null, path);
            return true;
        }

        if (!IsHere(path))
        {
            return false;
        }

        if (!_names.TryGetValue(path, out Node? node))
        {
            Name(new NameChange(null, path, node = new Node()));
        }
        else if (flags.Contains("O_TRUNC", StringComparison.Ordinal))
        {
            SetLength(call, node, path, 0);
            _underWay.Remove(call);
        }

        _descriptors[descriptor] = new Opened(node, path);
        return true;
    }

    private bool OnFile(CallStep step, Opened opened)
    {
        SystemCall call = step.Call;
        if (opened.Node is not { } node)
        {
            return call.Name is "fsync" or "fdatasync" ? FlushNames(step) : throw Unknown(call);
        }

        switch (call.Name)
        {
            // A call that will fail does nothing; one that never came to its end may have done everything.
            case "pwrite64" when !step.Ends:
                Write(call, node, opened.Path, call.Number(3), call.Bytes(1));
                break;
            case "pwritev" when !step.Ends:
                Write(call, node, opened.Path, call.Number(3), call.Bytes(1));
                break;
            case "write" when !step.Ends:
                throw Unknown(call);
            case "ftruncate" when !step.Ends && call.Result is null or 0:
                SetLength(call, node, opened.Path, call.Number(1));
                break;
            case "fallocate" when !step.Ends && call.Result is null or 0:
                long end = call.Arguments[1] == "0" ? call.Number(2) + call.Number(3) : throw Unknown(call);
                SetLength(call, node, opened.Path, Math.Max(end, node.State.Current.Length));
                break;
            case "fsync" or "fdatasync":
                FlushContent(step, node);
                break;
            case var _ when call.Result is not null:
                _underWay.Remove(call);
                break;
        }

        return true;
    }

    private void Write(SystemCall call, Node node, string path, long offset, byte[] bytes)
    {
        int count = (int)Math.Min(call.Result ?? bytes.Length, bytes.Length);
        if (count > 0)
        {
            Content content = node.State.Current;
            Content after = content.Write(offset, bytes.AsSpan(0, count));
            _underWay[call] = Add(node, new Change(++_changes, path, offset, count, content, after));
        }
    }

    private void SetLength(SystemCall call, Node node, string path, long length)
    {
        Content content = node.State.Current;
        if (length != content.Length)
        {
            _underWay[call] = Add(node, new Change(++_changes, path, null, 0, content, content.SetLength(length)));
        }
    }

    private static Change Add(Node node, Change change)
    {
        node.State = node.State with { Current = change.After, Unflushed = node.State.Unflushed.Add(change) };
        return change;
    }

    private void FlushContent(CallStep step, Node node)
    {
        if (!step.Ends)
        {
            // A write that has not come back when the flush begins may be too late for it.
            var late = new HashSet<Change>(_underWay.Values, ReferenceEqualityComparer.Instance);
            Change? last = node.State.Unflushed.TakeWhile(change => !late.Contains(change)).LastOrDefault();
            _flushes[step.Call] = new Flush(last, []);
        }
        else if (_flushes.Remove(step.Call, out Flush? flush))
        {
            int covered = flush.Last is null ? 0 : node.State.Unflushed.IndexOf(flush.Last) + 1;
            if (step.Call is { Result: -1, Error: not "EINTR" })
            {
                node.Doubtful = node.State.Unflushed.Count;
            }
            else if (step.Call.Result == 0 && covered > node.Doubtful)
            {
                node.State = Flushed(node.State, node.Doubtful, covered);
            }
        }
    }

    /// <summary>
    /// Makes changes durable behind some that a failed flush has left in doubt: of those only what was not written again stays so.
    /// </summary>
    private static FileState Flushed(FileState state, int doubtful, int covered)
    {
        Content last = state.Unflushed[covered - 1].After;
        Change[] flushed = [.. state.Unflushed.Take(covered).Skip(doubtful)];
        IEnumerable<Change> inDoubt = state.Unflushed.Take(doubtful).Select(change => change with
        {
            Before = change.Before with { Length = last.Length },
            After = WithAll(change.After),
        });
        return state with { Durable = WithAll(state.Durable), Unflushed = [.. inDoubt, .. state.Unflushed.Skip(covered)] };

        Content WithAll(Content content)
        {
            SparseBytes bytes = content.Bytes;
            foreach (Change change in flushed)
            {
                bytes = change.Offset is { } offset
                    ? bytes.Take(
                        last.Bytes,
                        offset / SectorSize * SectorSize,
                        (offset + change.Count + SectorSize - 1) / SectorSize * SectorSize)
                    : bytes.Cut(Math.Min(change.After.Length, last.Length));
            }

            return new Content(bytes, last.Length);
        }
    }

    private bool FlushNames(CallStep step)
    {
        if (!step.Ends)
        {
            _flushes[step.Call] = new Flush(null, _journal);
        }
        else if (_flushes.Remove(step.Call, out Flush? flush) && step.Call.Result == 0)
        {
            foreach (NameChange change in flush.Names.Where(_journal.Contains))
            {
                _durableNames = change.Apply(_durableNames);
                _journal = _journal.Remove(change);
            }
        }

        return true;
    }

    private bool Rename(string from, string to) => IsHere(to) && Name(new NameChange(from, to, _names[from]));

    private bool Link(string from, string to) => IsHere(to) && Name(new NameChange(null, to, _names[from]));

    private bool Unlink(string path) => IsHere(path) && Name(new NameChange(path, null, _names[path]));

    private bool Name(NameChange change)
    {
        _names = change.Apply(_names);
        _journal = _journal.Add(change);
        return true;
    }

    /// <summary>A file apart from its names.</summary>
    private sealed class Node
    {
        public FileState State { get; set; } = FileState.Flushed(Content.Empty);

        /// <summary>The number of the oldest unflushed changes that no flush makes durable any more, because one has failed.</summary>
        public int Doubtful { get; set; }
    }

    /// <summary>An open file; without a node, the folder.</summary>
    private sealed record Opened(Node? Node, string Path);

    /// <summary>A flush under way: the last change of the content that it covers, or the changes of names.</summary>
    private sealed record Flush(Change? Last, ImmutableList<NameChange> Names);

    /// <summary>A name that goes, a name that comes, or both in one step.</summary>
    private sealed record NameChange(string? Removed, string? Added, Node? Node)
    {
        public ImmutableSortedDictionary<string, Node> Apply(ImmutableSortedDictionary<string, Node> names)
        {
            // Out of their order: what goes may be another file by now.
            names = Removed is not null && names.GetValueOrDefault(Removed) == Node ? names.Remove(Removed) : names;
            return Added is null ? names : names.SetItem(Added, Node!);
        }

        public bool Equals(NameChange? other) => ReferenceEquals(this, other);

        public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);

        public override string ToString() => (Removed, Added) switch
        {
            (null, _) => $"create '{System.IO.Path.GetFileName(Added)}'",
            (_, null) => $"delete '{System.IO.Path.GetFileName(Removed)}'",
            _ => $"rename '{System.IO.Path.GetFileName(Removed)}' to '{System.IO.Path.GetFileName(Added)}'",
        };
    }
}
