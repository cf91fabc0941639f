namespace Imm.Core.Benchmarks.Throughput.Peers;

/// <summary>LiteDB, in one of its versions.</summary>
internal sealed class LiteDbPeer : Peer
{
    private readonly Action<int> _setQuota;
    private readonly Action<IEnumerable<(string Name, string Description, string TemplateId, string TagText)>, bool> _load;
    private readonly Func<string, string, string, string, int> _create;
    private readonly Func<string, object> _get;
    private readonly Func<string, int, int> _list;
    private readonly Action<string, string> _update;
    private readonly Func<string, string, long, long, bool> _addFiles;
    private readonly Action _dispose;

    public LiteDbPeer(LiteDbVersion version, string folder)
    {
        // Bound once, so that a call costs the same in every version.
        object store = version.Open(folder);
        T Bind<T>(string method)
            where T : Delegate => store.GetType().GetMethod(method)!.CreateDelegate<T>(store);

        _setQuota = Bind<Action<int>>(nameof(LiteDbStore.SetQuota));
        _load = Bind<Action<IEnumerable<(string, string, string, string)>, bool>>(nameof(LiteDbStore.Load));
        _create = Bind<Func<string, string, string, string, int>>(nameof(LiteDbStore.Create));
        _get = Bind<Func<string, object>>(nameof(LiteDbStore.Get));
        _list = Bind<Func<string, int, int>>(nameof(LiteDbStore.List));
        _update = Bind<Action<string, string>>(nameof(LiteDbStore.Update));
        _addFiles = Bind<Func<string, string, long, long, bool>>(nameof(LiteDbStore.AddFiles));
        _dispose = Bind<Action>(nameof(LiteDbStore.Dispose));
    }

    public override int ProjectQuota
    {
        set => _setQuota(value);
    }

    public override void Load(IEnumerable<NewProject> projects, bool withDatasets) =>
        _load(projects.Select(project => (project.Name, project.Description, project.TemplateId, project.TagText)), withDatasets);

    public override Caller Enter() => new OneCaller(this);

    public override void Dispose() => _dispose();

    private sealed class OneCaller(LiteDbPeer peer) : Caller
    {
        public override ValueTask<CreateAnswer> CreateAsync(NewProject project) => ValueTask.FromResult(Create(project));

        public override CreateAnswer Create(NewProject project) =>
            (CreateAnswer)peer._create(project.Name, project.Description, project.TemplateId, project.TagText);

        public override object Get(string name) => peer._get(name);

        public override int List(string position, int count) => peer._list(position, count);

        public override ValueTask UpdateAsync(string name, string description)
        {
            peer._update(name, description);
            return ValueTask.CompletedTask;
        }

        public override ValueTask<bool> AddFilesAsync(string project, string dataset, long files, long bytes) =>
            ValueTask.FromResult(peer._addFiles(project, dataset, files, bytes));
    }
}
