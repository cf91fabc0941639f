namespace Imm.Core.Model;

/// <summary>
/// The table of the limits, one row each: name, range, default, and whether it is enforced. A limit is a row here, a property on request
/// and answer, and their documentation. Ranges and defaults are the vendor's.
/// </summary>
/// <remarks>
/// The order of the rows is that of the service's page, in which limits are checked, and that of stored records: part of the file format.
/// </remarks>
internal sealed class Limit
{
    /// <summary>The least value of every limit.</summary>
    public const long Minimum = 1;

    /// <summary>The number of rows.</summary>
    public const int Count = 6;

    public static readonly Limit ProjectMaxDatasetCount =
        new(0, nameof(ProjectMaxDatasetCount), 1_000_000_000, 1_000_000_000, counted: "datasets of the project");

    public static readonly Limit DatasetMaxBindCount = new(1, nameof(DatasetMaxBindCount), 10, 10, counted: "bindings of the dataset");

    public static readonly Limit DatasetMaxFileCount =
        new(2, nameof(DatasetMaxFileCount), 100_000_000, 100_000_000, counted: "files of the dataset");

    public static readonly Limit DatasetMaxEntityCount =
        new(3, nameof(DatasetMaxEntityCount), long.MaxValue, 10_000_000_000, counted: null);

    public static readonly Limit DatasetMaxRelationCount =
        new(4, nameof(DatasetMaxRelationCount), long.MaxValue, 100_000_000_000, counted: null);

    public static readonly Limit DatasetMaxTotalFileSize =
        new(5, nameof(DatasetMaxTotalFileSize), long.MaxValue, 90_000_000_000_000_000, counted: "bytes of the dataset");

    private static readonly Limit[] All =
    [
        ProjectMaxDatasetCount, DatasetMaxBindCount, DatasetMaxFileCount, DatasetMaxEntityCount, DatasetMaxRelationCount,
        DatasetMaxTotalFileSize,
    ];

    private readonly string? _counted;

    private Limit(int index, string name, long maximum, long @default, string? counted)
    {
        Index = index;
        Name = name;
        Maximum = maximum;
        Default = @default;
        _counted = counted;
    }

    /// <summary>All limits: those of a project.</summary>
    public static ReadOnlySpan<Limit> OfProject => All;

    /// <summary>The limits of a dataset: all but the first.</summary>
    public static ReadOnlySpan<Limit> OfDataset => All.AsSpan(1);

    /// <summary>The place in the table, from 0.</summary>
    public int Index { get; }

    /// <summary>The name of the parameter, in requests and answers.</summary>
    public string Name { get; }

    /// <summary>The greatest value; the least is <see cref="Minimum"/>.</summary>
    public long Maximum { get; }

    /// <summary>The value of a project whose request does not set it.</summary>
    public long Default { get; }

    /// <summary>True if the limit refuses growth; false if it is stored only, as the service does.</summary>
    public bool IsEnforced => _counted is not null;

    /// <summary>Checks the value that a request sets, if any.</summary>
    public ImmRefusal? Check(long? requested) =>
        requested < Minimum ? ImmRefusal.BelowMinimum(Name, requested.Value, Minimum, Maximum)
        : requested > Maximum ? ImmRefusal.AboveMaximum(Name, requested, Maximum)
        : null;

    /// <summary>Checks growth against an enforced limit. Growth by 0 is accepted even where more is in use than the limit allows.</summary>
    public ImmRefusal? CheckGrowth(UInt128 requested, long used, long limit)
    {
        Invariant.Holds(IsEnforced, "growth is checked against a limit that is enforced");
        return requested == 0 || (used < limit && requested <= (UInt128)(limit - used))
            ? null
            : ImmRefusal.CountExceeded(Name, _counted!, requested, used, limit);
    }
}
