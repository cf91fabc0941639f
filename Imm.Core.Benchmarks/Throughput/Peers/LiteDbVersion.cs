using System.Reflection;
using System.Runtime.Loader;

namespace Imm.Core.Benchmarks.Throughput.Peers;

/// <summary>A version of LiteDB. A process has one of them by default; another lives in a load context of its own, with its own copy of the peer.</summary>
internal sealed class LiteDbVersion
{
    private const string Library = "LiteDB";

    private readonly Type _store;

    private LiteDbVersion(Type store, string number)
    {
        _store = store;
        Number = number;
    }

    /// <summary>The one that Imm.Core stands on.</summary>
    public static LiteDbVersion OfImmCore { get; } = new(typeof(LiteDbStore), NumberOf(typeof(LiteDB.LiteDatabase).Assembly));

    /// <summary>The one for which the figures to reach were set.</summary>
    public static LiteDbVersion OfFigures { get; } = Load(Path.Combine(AppContext.BaseDirectory, "litedb-5.0.20", "LiteDB.dll"));

    public string Number { get; }

    /// <summary>Opens a <see cref="LiteDbStore"/> of this version.</summary>
    public object Open(string folder) => Activator.CreateInstance(_store, folder)!;

    private static LiteDbVersion Load(string file)
    {
        var context = new Context(file);
        Type store = context.LoadFromAssemblyName(typeof(LiteDbStore).Assembly.GetName()).GetType(typeof(LiteDbStore).FullName!)!;
        return new LiteDbVersion(store, NumberOf(context.LoadFromAssemblyName(new AssemblyName(Library))));
    }

    private static string NumberOf(Assembly assembly) => assembly.GetName().Version!.ToString(3);

    private sealed class Context(string liteDb) : AssemblyLoadContext("another LiteDB")
    {
        protected override Assembly? Load(AssemblyName assemblyName) =>
            assemblyName.Name == Library ? LoadFromAssemblyPath(liteDb)
            : assemblyName.Name == typeof(LiteDbStore).Assembly.GetName().Name ? LoadFromAssemblyPath(typeof(LiteDbStore).Assembly.Location)
            : null;
    }
}
