namespace Imm.Core;

/// <summary>The parameters that ListProjects and ListDatasets share.</summary>
/// <inheritdoc cref="ImmRequest" path="/remarks"/>
public abstract class ListRequest : PageRequest
{
    private protected ListRequest()
    {
    }

    /// <summary>
    /// The text that each listed name starts with, compared character for character: 0 to 128 characters (Unicode scalar values). Null or
    /// empty: all names.
    /// </summary>
    public string? Prefix { get; set; }
}
