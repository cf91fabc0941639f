namespace Imm.Core.Storage;

/// <summary>A file of the store holds what no correct run of this library wrote there.</summary>
internal sealed class DamagedFileException(string file, string problem)
    : IOException($"The file '{file}' is damaged: {problem}");
