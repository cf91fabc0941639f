namespace Imm.Core.Storage;

/// <summary>The pages of a data file, as LiteDB reads them.</summary>
internal interface IPages : IDisposable
{
    /// <summary>The path of the data file.</summary>
    string Name { get; }

    /// <summary>
    /// The permissions of the data file on Unix, which a copy of it gets too; null elsewhere. Of a file that nobody may write, as on media
    /// for reading only, a copy can be written by its owner.
    /// </summary>
    UnixFileMode? Mode { get; }

    /// <summary>The number of pages.</summary>
    long PageCount { get; }

    /// <summary>Reads a page as LiteDB wrote it.</summary>
    /// <exception cref="DamagedFileException">The page is damaged or missing.</exception>
    void ReadPage(uint number, Span<byte> page);
}
