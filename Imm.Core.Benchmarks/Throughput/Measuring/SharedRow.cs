namespace Imm.Core.Benchmarks.Throughput.Measuring;

/// <summary>A row of the shared store: callers in one process or several that create or get projects in one scope or many.</summary>
/// <param name="Id">The identifier.</param>
/// <param name="Processes">The number of processes.</param>
/// <param name="Callers">The number of callers in each process.</param>
/// <param name="Scopes">The number of scopes of all processes.</param>
internal sealed record SharedRow(string Id, int Processes, int Callers, int Scopes)
{
    /// <summary>True if the callers get projects; otherwise they create some.</summary>
    public bool Reads { get; init; }

    /// <summary>True if the one caller is synchronous; otherwise callers are tasks.</summary>
    public bool IsSynchronous { get; init; }

    /// <summary>True if no two processes use the same scope; otherwise each uses all of them.</summary>
    public bool HasOwnScopes { get; init; }

    public static SharedRow OneCaller { get; } = new("shared/1", 1, 1, 1) { IsSynchronous = true };

    public static SharedRow OneScope { get; } = new("shared/64", 1, 64, 1);

    public static SharedRow ManyScopes { get; } = new("shared/64/100-scopes", 1, 64, 100);

    public static SharedRow ProcessesInOneScope { get; } = new("shared/4x16", 4, 16, 1);

    public static SharedRow ProcessesInOwnScopes { get; } = new("shared/4x16/own-scopes", 4, 16, 100) { HasOwnScopes = true };

    public static SharedRow ProcessesInManyScopes { get; } = new("shared/4x16/100-scopes", 4, 16, 100);

    public static SharedRow Gets { get; } = new("shared/get/64", 1, 64, 100) { Reads = true };

    /// <summary>All rows, in the order of tables.</summary>
    public static IReadOnlyList<SharedRow> All { get; } =
    [
        new("shared/1-awaited", 1, 1, 1),
        OneCaller,
        new("shared/16", 1, 16, 1),
        OneScope,
        ManyScopes,
        new("shared/64/1000-scopes", 1, 64, 1_000),
        ProcessesInOneScope,
        ProcessesInOwnScopes,
        ProcessesInManyScopes,
        Gets,
    ];

    public string Title
    {
        get
        {
            string work = Reads ? "linearizable get" : "create";
            string callers = Callers > 1 ? $"{Callers} callers" : IsSynchronous ? "1 synchronous caller" : "1 caller that awaits";
            string scopes = Scopes == 1 ? "in one scope"
                : HasOwnScopes ? $"each process over its own {Scopes / Processes} scopes"
                : $"over {NumberFormat.Number(Scopes)} scopes";
            return $"shared: {work}, {(Processes > 1 ? $"{Processes} processes × " : "")}{callers}, {scopes}";
        }
    }

    /// <summary>The scopes that a process uses.</summary>
    /// <param name="process">The number of the process, from 0.</param>
    public ScopeRange ScopesOf(int process) =>
        HasOwnScopes ? new(process * (Scopes / Processes), Scopes / Processes) : new(0, Scopes);

    /// <summary>Consecutive scopes.</summary>
    internal readonly record struct ScopeRange(int First, int Count)
    {
        public static ScopeRange One => new(0, 1);
    }
}
