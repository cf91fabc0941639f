using Imm.Core.Storage;

namespace Imm.Core.Telemetry;

/// <summary>The particulars of a store that was opened, for its log.</summary>
/// <param name="Path">The full path of the data file, or a word for a store that has none.</param>
/// <param name="Durability">The durability, or a word for a store that stores nothing.</param>
/// <param name="Format">The format of the data file; 0 for a store in memory.</param>
/// <param name="Scopes">The number of scopes with stored content.</param>
/// <param name="Projects">The number of projects in memory.</param>
/// <param name="Recovered">The numbers of changes and pages that the open took from the logs.</param>
internal sealed record OpenedStoreDetails(
    string Path, string Durability, int Format, int Scopes, long Projects, (int Records, int Pages) Recovered)
{
    /// <summary>The details of a store in a file.</summary>
    /// <param name="file">The files.</param>
    /// <param name="durability">The durability.</param>
    public static OpenedStoreDetails Of(FileStore file, string durability) => new(
        file.DataPath,
        durability,
        DataFileHeader.SupportedFormat,
        file.Scopes.Count,
        0,
        file.Recovered);

    /// <summary>The details of a store in memory, which begins empty or with content.</summary>
    public static OpenedStoreDetails OfMemory(int scopes, long projects) => new("in memory", "not durable", 0, scopes, projects, default);
}
