namespace Imm.Core;

/// <summary>So many files and bytes that a dataset gains or loses. Immutable; checked where it is used.</summary>
/// <param name="ProjectName">The project. Required.</param>
/// <param name="DatasetName">The dataset. Required.</param>
/// <param name="FileCount">How many files: 0 to 2^63−1.</param>
/// <param name="TotalFileSize">How many bytes they have together: 0 to 2^63−1.</param>
public sealed record FileChange(string? ProjectName, string? DatasetName, long FileCount, long TotalFileSize);
