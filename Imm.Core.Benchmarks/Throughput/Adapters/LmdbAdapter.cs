using System.Buffers.Binary;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using LightningDB;

namespace Imm.Core.Benchmarks.Throughput.Adapters;

/// <summary>
/// LMDB in its durable default: one write transaction a change, which flushes to disk; one read transaction for each reader, renewed for
/// each read. A project is one packed value under its name.
/// </summary>
internal sealed class LmdbAdapter : EngineAdapter
{
    private const long MapSize = 16L << 30;
    private const int MaxReaders = 1_024;
    private const int MaxValue = 8_192;
    private const int Numbers = 11;

    private static readonly Lazy<string?> LoadedVersion = new(Load);

    private readonly LightningEnvironment _environment;
    private readonly LightningDatabase _projects;
    private readonly LightningDatabase _datasets;
    private readonly Lock _lock = new();
    private long _count;
    private int _quota = int.MaxValue;

    public LmdbAdapter(string folder)
    {
        // Also in a process that was started for one measurement: the library is found when its version is asked for.
        if (Version is null)
        {
            throw new InvalidOperationException("No native library of LMDB loads on this machine.");
        }

        _environment = new LightningEnvironment(
            Path.Combine(folder, "lmdb"), new EnvironmentConfiguration { MapSize = MapSize, MaxReaders = MaxReaders, MaxDatabases = 2 });
        // A task may resume on another thread, so read transactions must not be bound to threads.
        _environment.Open(EnvironmentOpenFlags.NoThreadLocalStorage | EnvironmentOpenFlags.NoMemoryInitialization);
        using LightningTransaction transaction = _environment.BeginTransaction();
        var create = new DatabaseConfiguration { Flags = DatabaseOpenFlags.Create };
        _projects = transaction.OpenDatabase("project", create, closeOnDispose: false);
        _datasets = transaction.OpenDatabase("dataset", create, closeOnDispose: false);
        _count = transaction.GetEntriesCount(_projects);
        transaction.Commit().ThrowOnError();
    }

    /// <summary>The version of LMDB; null if no native library of it loads on this machine.</summary>
    public static string? Version => LoadedVersion.Value;

    public override int ProjectQuota
    {
        set => _quota = value;
    }

    public override void Load(IEnumerable<NewProject> projects, bool withDatasets)
    {
        const int BatchSize = 100_000;
        var session = new LmdbSession(this);
        foreach (NewProject[] batch in projects.Chunk(BatchSize))
        {
            using LightningTransaction transaction = _environment.BeginTransaction();
            foreach (NewProject project in batch)
            {
                session.Put(transaction, project);
                foreach (string dataset in withDatasets ? DatasetNames : [])
                {
                    session.PutDataset(transaction, project.Name, dataset);
                }
            }

            transaction.Commit().ThrowOnError();
            _count += batch.Length;
        }
    }

    public override Session OpenSession() => new LmdbSession(this);

    public override void Dispose()
    {
        _projects.Dispose();
        _datasets.Dispose();
        _environment.Dispose();
    }

    private static string? Load()
    {
        NativeLibrary.SetDllImportResolver(typeof(LightningEnvironment).Assembly, FindLibrary);

        // Tried before an environment exists: one without a library cannot be closed, and its finalizer ends the process.
        if (FindLibrary("lmdb", typeof(LightningEnvironment).Assembly, searchPath: null) == 0)
        {
            return null;
        }

        string folder = Directory.CreateTempSubdirectory("imm-lmdb-").FullName;
        try
        {
            using var environment = new LightningEnvironment(folder);
            environment.Open();
            LightningVersionInfo version = environment.Version;
            return $"{version.Major}.{version.Minor}.{version.Patch}";
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>
    /// Loads the package's native library, or else the system's, because the former needs a newer C library than some systems have.
    /// </summary>
    /// <returns>The library's handle; 0 if neither loads.</returns>
    private static nint FindLibrary(string name, Assembly assembly, DllImportSearchPath? searchPath) =>
        NativeLibrary.TryLoad(name, assembly, searchPath, out nint library) || NativeLibrary.TryLoad("liblmdb.so.0", out library)
            ? library
            : 0;

    private sealed class LmdbSession(LmdbAdapter adapter) : Session
    {
        private readonly byte[] _key = new byte[512];
        private readonly byte[] _value = new byte[MaxValue];
        private LightningTransaction? _read;
        private LightningCursor? _cursor;

        public override ValueTask<CreateAnswer> CreateAsync(NewProject project) => ValueTask.FromResult(Create(project));

        public override CreateAnswer Create(NewProject project)
        {
            lock (adapter._lock)
            {
                if (adapter._count >= adapter._quota)
                {
                    LightningTransaction read = BeginRead();
                    bool taken = read.ContainsKey(adapter._projects, Key(project.Name));
                    read.Reset();
                    return taken ? CreateAnswer.NameIsTaken : CreateAnswer.QuotaIsUsedUp;
                }

                using LightningTransaction transaction = adapter._environment.BeginTransaction();
                if (Put(transaction, project) == MDBResultCode.KeyExist)
                {
                    return CreateAnswer.NameIsTaken;
                }

                transaction.Commit().ThrowOnError();
                adapter._count++;
                return CreateAnswer.Created;
            }
        }

        public override object Get(string name)
        {
            LightningTransaction transaction = BeginRead();
            try
            {
                (MDBResultCode code, _, MDBValue value) = transaction.Get(adapter._projects, Key(name));
                code.ThrowOnError();
                return Read(name, value.AsSpan());
            }
            finally
            {
                transaction.Reset();
            }
        }

        public override int List(string position, int count)
        {
            LightningTransaction transaction = BeginRead();
            try
            {
                if (_cursor is null)
                {
                    _cursor = transaction.CreateCursor(adapter._projects);
                }
                else
                {
                    _cursor.Renew(transaction).ThrowOnError();
                }

                var projects = new List<AdapterProject>(count);
                ReadOnlySpan<byte> after = Key(position);
                (MDBResultCode code, MDBValue key, MDBValue value) = position.Length == 0 ? _cursor.First() : SetRange(after);
                if (code == MDBResultCode.Success && key.AsSpan().SequenceEqual(after))
                {
                    (code, key, value) = _cursor.Next();
                }

                while (code == MDBResultCode.Success && projects.Count < count)
                {
                    projects.Add(Read(Encoding.UTF8.GetString(key.AsSpan()), value.AsSpan()));
                    (code, key, value) = _cursor.Next();
                }

                return projects.Count;
            }
            finally
            {
                transaction.Reset();
            }
        }

        public override ValueTask UpdateAsync(string name, string description)
        {
            lock (adapter._lock)
            {
                using LightningTransaction transaction = adapter._environment.BeginTransaction();
                (MDBResultCode code, _, MDBValue value) = transaction.Get(adapter._projects, Key(name));
                code.ThrowOnError();
                AdapterProject old = Read(name, value.AsSpan());
                int length = Pack(
                    Math.Max(TimeProvider.System.GetUtcNow().UtcTicks, old.UpdateTicks + 1),
                    old.CreateTicks,
                    description,
                    old.ServiceRole,
                    old.TemplateId,
                    old.TagText);
                transaction.Put(adapter._projects, Key(name), _value.AsSpan(0, length)).ThrowOnError();
                transaction.Commit().ThrowOnError();
            }

            return ValueTask.CompletedTask;
        }

        public override ValueTask<bool> AddFilesAsync(string project, string dataset, long files, long bytes)
        {
            lock (adapter._lock)
            {
                using LightningTransaction transaction = adapter._environment.BeginTransaction();
                ReadOnlySpan<byte> key = DatasetKey(project, dataset);
                (MDBResultCode code, _, MDBValue value) = transaction.Get(adapter._datasets, key);
                code.ThrowOnError();
                Span<byte> numbers = _value.AsSpan(0, 32);
                value.AsSpan().CopyTo(numbers);
                long usedFiles = Number(numbers, 2), usedBytes = Number(numbers, 3);
                if (files > Number(numbers, 0) - usedFiles || bytes > Number(numbers, 1) - usedBytes)
                {
                    return ValueTask.FromResult(false);
                }

                BinaryPrimitives.WriteInt64LittleEndian(numbers[16..], usedFiles + files);
                BinaryPrimitives.WriteInt64LittleEndian(numbers[24..], usedBytes + bytes);
                transaction.Put(adapter._datasets, key, numbers).ThrowOnError();
                transaction.Commit().ThrowOnError();
                return ValueTask.FromResult(true);
            }
        }

        public MDBResultCode Put(LightningTransaction transaction, NewProject project)
        {
            long now = TimeProvider.System.GetUtcNow().UtcTicks;
            int length = Pack(now, now, project.Description, ProjectDefaults.ServiceRole, project.TemplateId, project.TagText);
            MDBResultCode code = transaction.Put(adapter._projects, Key(project.Name), _value.AsSpan(0, length), PutOptions.NoOverwrite);
            if (code != MDBResultCode.KeyExist)
            {
                code.ThrowOnError();
            }

            return code;
        }

        public void PutDataset(LightningTransaction transaction, string project, string dataset)
        {
            Span<byte> numbers = _value.AsSpan(0, 32);
            numbers.Clear();
            BinaryPrimitives.WriteInt64LittleEndian(numbers, ProjectDefaults.DatasetMaxFileCount);
            BinaryPrimitives.WriteInt64LittleEndian(numbers[8..], ProjectDefaults.DatasetMaxTotalFileSize);
            transaction.Put(adapter._datasets, DatasetKey(project, dataset), numbers).ThrowOnError();
        }

        public override void Dispose()
        {
            _cursor?.Dispose();
            _read?.Dispose();
            base.Dispose();
        }

        private LightningTransaction BeginRead()
        {
            if (_read is null)
            {
                _read = adapter._environment.BeginTransaction(TransactionBeginFlags.ReadOnly);
            }
            else
            {
                _read.Renew().ThrowOnError();
            }

            return _read;
        }

        private (MDBResultCode Code, MDBValue Key, MDBValue Value) SetRange(ReadOnlySpan<byte> key)
        {
            MDBResultCode code = _cursor!.SetRange(key);
            return code == MDBResultCode.Success ? _cursor.GetCurrent() : (code, default, default);
        }

        private Span<byte> Key(string name) => _key.AsSpan(0, Encoding.UTF8.GetBytes(name, _key));

        private Span<byte> DatasetKey(string project, string dataset)
        {
            int length = Encoding.UTF8.GetBytes(project, _key);
            _key[length++] = (byte)'/';
            return _key.AsSpan(0, length + Encoding.UTF8.GetBytes(dataset, _key.AsSpan(length)));
        }

        private int Pack(long updateTicks, long createTicks, string description, string serviceRole, string templateId, string tagText)
        {
            ReadOnlySpan<long> numbers =
            [
                createTicks,
                updateTicks,
                ProjectDefaults.ProjectMaxDatasetCount,
                ProjectDefaults.DatasetMaxBindCount,
                ProjectDefaults.DatasetMaxFileCount,
                ProjectDefaults.DatasetMaxEntityCount,
                ProjectDefaults.DatasetMaxRelationCount,
                ProjectDefaults.DatasetMaxTotalFileSize,
                0,
                0,
                0,
            ];
            int length = 0;
            foreach (long number in numbers)
            {
                BinaryPrimitives.WriteInt64LittleEndian(_value.AsSpan(length), number);
                length += sizeof(long);
            }

            foreach (string text in (ReadOnlySpan<string>)[description, serviceRole, templateId, tagText])
            {
                int size = Encoding.UTF8.GetBytes(text, _value.AsSpan(length + sizeof(ushort)));
                BinaryPrimitives.WriteUInt16LittleEndian(_value.AsSpan(length), checked((ushort)size));
                length += sizeof(ushort) + size;
            }

            return length;
        }

        private static AdapterProject Read(string name, ReadOnlySpan<byte> value)
        {
            ReadOnlySpan<byte> rest = value[(Numbers * sizeof(long))..];
            return new AdapterProject
            {
                Name = name,
                CreateTicks = Number(value, 0),
                UpdateTicks = Number(value, 1),
                ProjectMaxDatasetCount = Number(value, 2),
                DatasetMaxBindCount = Number(value, 3),
                DatasetMaxFileCount = Number(value, 4),
                DatasetMaxEntityCount = Number(value, 5),
                DatasetMaxRelationCount = Number(value, 6),
                DatasetMaxTotalFileSize = Number(value, 7),
                DatasetCount = Number(value, 8),
                FileCount = Number(value, 9),
                TotalFileSize = Number(value, 10),
                Description = Text(ref rest),
                ServiceRole = Text(ref rest),
                TemplateId = Text(ref rest),
                TagText = Text(ref rest),
            };
        }

        private static long Number(ReadOnlySpan<byte> value, int index) =>
            BinaryPrimitives.ReadInt64LittleEndian(value[(index * sizeof(long))..]);

        private static string Text(ref ReadOnlySpan<byte> rest)
        {
            int size = BinaryPrimitives.ReadUInt16LittleEndian(rest);
            string text = Encoding.UTF8.GetString(rest.Slice(sizeof(ushort), size));
            rest = rest[(sizeof(ushort) + size)..];
            return text;
        }
    }
}
