namespace Imm.Core.Storage;

/// <summary>The pages of a data file, as LiteDB reads them.</summary>
internal interface IPages : IDisposable
{
    /// <summary>The path of the data file.</summary>
    string Name { get; }

    /// <summary>The number of pages.</summary>
    long PageCount { get; }

    /// <summary>Reads a page as LiteDB wrote it.</summary>
    /// <exception cref="DamagedFileException">The page is damaged or missing.</exception>
    void ReadPage(uint number, Span<byte> page);
}
