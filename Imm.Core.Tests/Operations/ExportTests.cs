using System.Globalization;
using System.Text;
using Imm.Core.Storage;
using Imm.Core.Testing;
using Imm.Core.Tests.Hosting;
using Imm.Core.Tests.Storage;
using Xunit;

namespace Imm.Core.Tests.Operations;

/// <summary>Export and import: one JSON for stores in files, stores in memory and fixtures, in pieces.</summary>
[Collection(nameof(ListensToTheProcess))]
public sealed class ExportTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly string _path;

    public ExportTests() => _path = _directory.File("imm.db");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_export_is_the_snapshot_of_a_fixture_with_the_content_of_the_store(bool onFile)
    {
        using ImmFixture fixture = Prepared();
        string expected = fixture.Snapshot().ToJson();
        using ImmStore store = onFile ? ImportedFile(expected) : ImmStore.ImportInMemory(Utf8(expected));

        string json = await Export(store);

        Assert.Equal(WithoutTime(expected), WithoutTime(json));
        Assert.Equal(WithoutTime(expected), WithoutTime(ImmSnapshot.FromJson(json).ToJson()));
    }

    [Fact]
    public void A_stream_that_gives_little_at_once_is_read_once() => Bounded.Run(() => "an import", () =>
    {
        // The text of a project was read again from its beginning after each piece that came.
        string datasets = string.Join(',', Enumerable.Range(0, 50_000).Select(i => $$"""{"DatasetName":"d{{i}}","Bindings":[]}"""));
        string projects = $$"""[{"ProjectName":"p","Datasets":[{{datasets}}]}]""";
        byte[] text = Encoding.UTF8.GetBytes(
            $$"""{"Format":"imm-core-snapshot/1","Scopes":[{"AccountId":"a","RegionId":"r","Projects":{{projects}}}]}""");

        using ImmStore store = ImmStore.ImportInMemory(new Trickle(text));

        Assert.Equal(50_000, store.Registry("a", "r").Get("p").DatasetCount);
    });

    [Fact]
    public void An_imported_file_has_revisions_times_counts_bindings_and_quotas()
    {
        using ImmFixture fixture = Prepared();
        ProjectRegistry origin = fixture.Registry;
        using ImmStore store = ImportedFile(fixture.Snapshot().ToJson());
        ProjectRegistry copy = store.Registry(fixture.AccountId, fixture.RegionId);

        Assert.Equal(origin.Get("photos"), copy.Get("photos"));
        Assert.Equal(origin.Get("photos").Revision, copy.Get("photos").Revision);
        Assert.Equal(origin.GetDataset("photos", "raw"), copy.GetDataset("photos", "raw"));
        Assert.Equal(origin.ListBindings("photos", "raw"), copy.ListBindings("photos", "raw"));
        Assert.Equal(7, copy.ProjectQuota);
        Assert.Equal(fixture.Store.Scopes, store.Scopes);

        // A project that was deleted in the origin has left its revision.
        long next = origin.Create(new() { ProjectName = "next" }).Revision;
        Assert.Equal(next, copy.Create(new() { ProjectName = "next" }).Revision);
        Assert.Equal(["imm.db", "imm.db-log1", "imm.db-log2"], _directory.Names);
        Assert.Empty(store.Check());
    }

    [Fact]
    public async Task An_export_of_a_file_is_of_one_moment_and_needs_no_scope_in_memory()
    {
        using ImmStore store = ImmStore.Open(new ImmStoreOptions { Path = _path, MaxLoadedProjects = 1 });
        for (int i = 0; i < 20; i++)
        {
            store.Registry($"a{i:00}", "r").Create(new() { ProjectName = "p" });
        }

        // The first piece is written when the second scope is read: what is created then is later than the snapshot.
        var changing = new Interrupted(() => store.Registry("a19", "r").Create(new() { ProjectName = "later" }), every: 1);
        await store.ExportAsync(changing);

        Assert.True(changing.Pieces >= 1);
        ImmSnapshot snapshot = ImmSnapshot.FromJson(Encoding.UTF8.GetString(changing.ToArray()));
        Assert.Equal(20, snapshot.ProjectCount);
        Assert.Equal(21, store.Scopes.Sum(scope => scope.ProjectCount));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_export_holds_neither_the_text_nor_the_projects_in_memory(bool onFile)
    {
        const int Scopes = 40;
        const int ProjectsOfEach = 50;
        const long Bound = 24 << 20;
        string description = new('x', 255);
        using ImmStore store = onFile
            ? ImmStore.Open(new ImmStoreOptions { Path = _path, MaxLoadedProjects = 1, Durability = Durability.Relaxed })
            : ImmStore.InMemory();
        for (int i = 0; i < Scopes * ProjectsOfEach; i++)
        {
            store.Registry($"a{i / ProjectsOfEach}", "r").Create(new() { ProjectName = $"p{i}", Description = description });
        }

        var sink = new Counting();
        await store.ExportAsync(sink);

        // A piece has little more than 64 KiB. The whole text has far more than the largest piece.
        Assert.InRange(sink.LargestPiece, 1, 1 << 17);
        Assert.InRange(sink.Length, 20 * sink.LargestPiece, Bound);
    }

    [Fact]
    public void An_import_holds_no_more_of_the_text_than_a_project()
    {
        // 400 scopes of 100 projects are some 70 MB of text, and their states some 40 MB: the import holds what no checkpoint has applied,
        // and LiteDB the pages that it has seen.
        const int Scopes = 400;
        var text = new Repeated(Scopes, projects: 100);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        long most = 0;
        text.ScopeWasRead += scope =>
        {
            if (scope % 50 == 49)
            {
                most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);
            }
        };

        ImmStore.Import(
            _path,
            text,
            LocalDisk.Instance,
            settings => settings with { CheckpointLength = 256 << 10, MaxLogLength = 512 << 10, MaxPagesOfLiteDb = 512 });

        Assert.InRange(text.Length, 60 << 20, long.MaxValue);
        Assert.InRange(most, 1, 16 << 20);
        using ImmStore store = ImmStore.Open(_path);
        Assert.Equal((Scopes, Scopes * 100), (store.Scopes.Count, store.Scopes.Sum(scope => scope.ProjectCount)));
    }

    [Theory]
    [InlineData("", "The text is not the JSON of a snapshot.")]
    [InlineData("{", "The text is not the JSON of a snapshot")]
    [InlineData("{}", "$.Format. It is missing.")]
    [InlineData("{}{}", "$.Format. It is missing.")]
    [InlineData("""{"Format":"imm-core-snapshot/1"} x""", "The text is not the JSON of a snapshot")]
    [InlineData("""{"Format":"imm-core-snapshot/1"}{}""", "The text is not the JSON of a snapshot")]
    [InlineData("""{"Format":"imm-core-snapshot/1","Scopes":{}}""", "$.Scopes is not an array")]
    [InlineData("""{"Format":"imm-core-snapshot/1","Scopes":[[]]}""", "$.Scopes[0] is not an object")]
    [InlineData(
        """{"Format":"imm-core-snapshot/1","Scopes":[{"AccountId":"a","RegionId":"r","Projects":[7]}]}""", "$.Scopes[0].Projects[0]")]
    [InlineData(
        """{"Format":"imm-core-snapshot/1","Scopes":[{"AccountId":"a","RegionId":"r","Projects":{}}]}""", "Projects is not an array")]
    [InlineData(
        """{"Scopes":[{"AccountId":"a","RegionId":"r","Projects":[{"ProjectName":"p"}]}],"Time":"2021-01-01T00:00:00Z"}""", "$.Time")]
    [InlineData(
        """
        {
        "Format":"imm-core-snapshot/1",
        "Scopes":[{"AccountId":"a","RegionId":"r",
        "Projects":[{"ProjectName":
        ]}]}
        """,
        "LineNumber: 4")]
    [InlineData(
        """
        {"Format":"imm-core-snapshot/1","Scopes":[{"AccountId":"a","RegionId":"r","Projects":[
            {"ProjectName":"p","Revision":3},{"ProjectName":"q","Revision":3}]}]}
        """,
        "$.Scopes[0].Projects[1].Revision. 3 occurs twice.")]
    [InlineData(
        """
        {"Format":"imm-core-snapshot/1","Scopes":[{"AccountId":"a","RegionId":"r","Revision":2,"Projects":[
            {"ProjectName":"p","Revision":3}]}]}
        """,
        "$.Scopes[0].Revision. It is below that of a project.")]
    [InlineData(
        """{"Format":"imm-core-snapshot/1","Scopes":[{"AccountId":"a","RegionId":"r","Revision":9223372036854775807}]}""",
        "$.Scopes[0].Revision. It is above its maximum, 4611686018427387904.")]
    [InlineData(
        """
        {"Format":"imm-core-snapshot/1","Scopes":[{"AccountId":"a","RegionId":"r","Projects":[
            {"ProjectName":"p","Revision":9223372036854775807},{"ProjectName":"q"}]}]}
        """,
        "$.Scopes[0].Projects[0].Revision. It is above its maximum, 4611686018427387904.")]
    public void A_text_that_is_not_an_export_names_its_place_and_leaves_no_file(string json, string problem)
    {
        FormatException refused = Assert.Throws<FormatException>(() => ImmStore.Import(_path, Utf8(json)));

        Assert.Contains(problem, refused.Message, StringComparison.Ordinal);
        Assert.Empty(_directory.Names);
        Assert.Equal(refused.Message, Assert.Throws<FormatException>(() => ImmStore.ImportInMemory(Utf8(json))).Message);
    }

    [Fact]
    public void Every_truncation_of_an_export_is_refused_and_leaves_no_file()
    {
        byte[] whole = Encoding.UTF8.GetBytes(Prepared().Snapshot().ToJson());
        for (int length = 0; length < whole.Length - 1; length++)
        {
            using var cut = new MemoryStream(whole, 0, length);
            Assert.Throws<FormatException>(() => ImmStore.ImportInMemory(cut));
        }

        var disk = new SimulatedDisk();
        for (int length = 0; length < whole.Length - 1; length += 97)
        {
            using var cut = new MemoryStream(whole, 0, length);
            Assert.Throws<FormatException>(() => ImmStore.Import("/store/imm.db", cut, disk));
            Assert.Empty(disk.Paths);
        }
    }

    [Fact]
    public void An_export_arrives_in_pieces_of_any_length()
    {
        string json = Prepared().Snapshot().ToJson();
        byte[] bytes = [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(json)];
        foreach (int piece in (int[])[1, 2, 3, 7, 4096])
        {
            using ImmStore store = ImmStore.ImportInMemory(new Slow(bytes, piece));
            Assert.Equal(WithoutTime(json), WithoutTime(ImmSnapshot.Of(store).ToJson()));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("-log1")]
    public void An_import_replaces_no_file(string suffix)
    {
        File.WriteAllText(_path + suffix, "a note");

        ImmException refused = Assert.Throws<ImmException>(() => ImmStore.Import(_path, Utf8(Prepared().Snapshot().ToJson())));

        Assert.Equal((ImmErrorCode.ServiceUnavailable, ImmUnavailableReason.NameTaken), (refused.Code, refused.Reason));
        Assert.Equal(["imm.db" + suffix], _directory.Names);
        Assert.Equal("a note", File.ReadAllText(_path + suffix));
    }

    [Fact]
    public void An_import_leaves_what_has_its_temporary_name()
    {
        File.WriteAllText(_path + "-new", "a note");

        ImmStore.Import(_path, Utf8(Prepared().Snapshot().ToJson()));

        Assert.Equal("a note", File.ReadAllText(_path + "-new"));
        Assert.Equal(["imm.db", "imm.db-new"], _directory.Names);
    }

    [Fact]
    public void An_import_without_room_leaves_no_file()
    {
        var disk = new SimulatedDisk();
        var full = new FullDisk(disk);
        full.Leave(100_000);

        ImmException refused = Assert.Throws<ImmException>(() => ImmStore.Import("/store/imm.db", new Repeated(20, 100), full));

        Assert.Equal(ImmUnavailableReason.NoSpace, refused.Reason);
        Assert.Empty(disk.Paths);
    }

    [Fact]
    public void An_import_that_fails_leaves_no_file_whichever_operation_it_was()
    {
        string json = Prepared().Snapshot().ToJson();
        bool isDone = false;
        for (int n = 1; !isDone; n++)
        {
            var disk = new SimulatedDisk();
            var faulty = new FaultyDisk(disk);
            faulty.FailAt(n, FaultKinds.Flush | FaultKinds.Name);

            if (Xunit.Record.Exception(() => ImmStore.Import("/store/imm.db", Utf8(json), faulty)) is { } refused)
            {
                Assert.Equal(ImmErrorCode.ServiceUnavailable, Assert.IsType<ImmException>(refused).Code);
                Assert.True(disk.Paths.Count == 0, $"{faulty.Failed} left {string.Join(", ", disk.Paths)}.");
            }

            isDone = faulty.Failed is null;
        }
    }

    [TheoryOnLinux]
    [InlineData("imm.db-new", true)]
    [InlineData("imm.db-new", false)]
    [InlineData("imm.db-new-log1", true)]
    [InlineData("imm.db-new-log2", false)]
    public void An_import_leaves_a_file_that_came_under_one_of_its_names(string name, bool isWhole)
    {
        string json = """{"Format":"imm-core-snapshot/1"}"""[..^(isWhole ? 0 : 1)];
        string foreign = _directory.File(name);
        var changing = new CallingWhenRead(Encoding.UTF8.GetBytes(json), () =>
        {
            File.Move(foreign, _directory.File("moved"));
            File.WriteAllText(foreign, "a note");
        });

        bool isMade = Xunit.Record.Exception(() => ImmStore.Import(_path, changing)) is null;

        Assert.Equal("a note", File.ReadAllText(foreign));
        Assert.Equal(isMade ? ["imm.db", name, "moved"] : [name, "moved"], _directory.Names);
    }

    [Fact]
    public async Task A_damaged_scope_fails_the_export_with_its_reason()
    {
        using (ImmStore before = ImmStore.Open(_path))
        {
            RegistryOperations.Prepare(before.Registry());
        }

        byte[] whole = File.ReadAllBytes(_path);
        int met = 0;
        for (int at = 100; at < whole.Length; at += DataPage.Size)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= 4;
            File.WriteAllBytes(_path, damaged);
            if (Xunit.Record.Exception(() => ImmStore.Open(_path).Dispose()) is not null)
            {
                continue;
            }

            using ImmStore store = ImmStore.Open(_path);
            if (await Xunit.Record.ExceptionAsync(() => store.ExportAsync(Stream.Null)) is ImmException refused)
            {
                met++;
                Assert.Equal(ImmUnavailableReason.Damaged, refused.Reason);
            }
        }

        Assert.True(met > 0);
    }

    [Fact]
    public async Task A_stream_that_fails_or_a_cancellation_ends_the_export_and_the_store_can_close()
    {
        ImmStore store = ImmStore.Open(_path);
        store.Registry().Create(new() { ProjectName = "p" });

        await Assert.ThrowsAsync<NotSupportedException>(() => store.ExportAsync(new Interrupted(() => throw new NotSupportedException())));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => store.ExportAsync(Stream.Null, new CancellationToken(canceled: true)));
        await Assert.ThrowsAsync<ArgumentException>(() => store.ExportAsync(new MemoryStream([], writable: false)));

        store.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => store.ExportAsync(Stream.Null));
        Assert.Throws<ArgumentException>(() => ImmStore.Import(" ", Stream.Null));
    }

    private static ImmFixture Prepared()
    {
        var fixture = new ImmFixture();
        ProjectRegistry registry = fixture.Registry;
        registry.Create(new() { ProjectName = "photos", Description = "照片 𠮷", Tag = [new("k", "v"), new("ключ", "")] });
        fixture.Clock.Advance(TimeSpan.FromTicks(12_345_678));
        registry.CreateDataset(new() { ProjectName = "photos", DatasetName = "raw", DatasetMaxBindCount = 3 });
        registry.CreateBinding("photos", "raw", "oss://bucket");
        registry.AddFiles("photos", "raw", 5, 50);
        registry.Create(new() { ProjectName = "videos", ProjectMaxDatasetCount = 1 });
        registry.Create(new() { ProjectName = "gone" });
        registry.Delete("gone");
        registry.SetProjectQuota(7);
        fixture.Clock.Advance(TimeSpan.FromSeconds(3));
        registry.Update(new() { ProjectName = "photos", TemplateId = "t" });
        fixture.Store.Registry("other", "cn-beijing").Create(new() { ProjectName = "photos" });
        return fixture;
    }

    internal static MemoryStream Utf8(string json) => new(Encoding.UTF8.GetBytes(json));

    internal static string WithoutTime(string json) => string.Join('\n', json.Split('\n').Where((_, line) => line != 2));

    internal static async Task<string> Export(ImmStore store)
    {
        using var stream = new MemoryStream();
        await store.ExportAsync(stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private ImmStore ImportedFile(string json)
    {
        ImmStore.Import(_path, Utf8(json));
        return ImmStore.Open(_path);
    }

    /// <summary>Calls back before each write.</summary>
    private sealed class Interrupted(Action call, int every = 1) : MemoryStream
    {
        public int Pieces { get; private set; }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Pieces++ % every == 0 && Pieces == 1)
            {
                call();
            }

            return base.WriteAsync(buffer, cancellationToken);
        }
    }

    /// <summary>Calls something when it is first read.</summary>
    private sealed class CallingWhenRead(byte[] bytes, Action call) : MemoryStream(bytes)
    {
        private bool _isRead;

        public override int Read(byte[] buffer, int offset, int count)
        {
            if (!_isRead)
            {
                _isRead = true;
                call();
            }

            return base.Read(buffer, offset, count);
        }
    }

    private sealed class Counting : MemoryStream
    {
        private long _length;

        public int LargestPiece { get; private set; }

        public override long Length => _length;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _length += buffer.Length;
            LargestPiece = Math.Max(LargestPiece, buffer.Length);
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>Gives at most some bytes at a time.</summary>
    private sealed class Slow(byte[] bytes, int piece) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, piece));
    }

    /// <summary>The text of a large store, made as it is read.</summary>
    private sealed class Repeated(int scopes, int projects) : Stream
    {
        private static readonly string Description = new('x', 255);
        private static readonly string Space = new(' ', 1500);

        private byte[] _piece = Encoding.UTF8.GetBytes("""{"Format":"imm-core-snapshot/1","Scopes":[""");
        private int _at;
        private int _scope;
        private long _length;

        public event Action<int>? ScopeWasRead;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => _length;

        public override long Position
        {
            get => _length;
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            if (_at == _piece.Length)
            {
                if (_scope > scopes)
                {
                    return 0;
                }

                ScopeWasRead?.Invoke(_scope);
                _piece = Encoding.UTF8.GetBytes(_scope == scopes ? "]}" : Scope());
                _at = 0;
                _scope++;
            }

            int read = Math.Min(count, _piece.Length - _at);
            _piece.AsSpan(_at, read).CopyTo(buffer.AsSpan(offset));
            _at += read;
            _length += read;
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        private string Scope()
        {
            var text = new StringBuilder(_scope == 0 ? "" : ",");
            text.Append(CultureInfo.InvariantCulture, $$"""{"AccountId":"a{{_scope}}","RegionId":"r","Projects":[""");
            for (int i = 0; i < projects; i++)
            {
                text.Append(i == 0 ? "" : ",").Append(
                    CultureInfo.InvariantCulture,
                    $$"""{"ProjectName":"p{{i}}","Description":"{{Description}}",{{Space}}"Datasets":[]}""");
            }

            return text.Append("]}").ToString();
        }
    }

    /// <summary>A stream that gives one byte at once, as a slow network may.</summary>
    private sealed class Trickle(byte[] bytes) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, 1));

        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, 1)]);
    }
}
