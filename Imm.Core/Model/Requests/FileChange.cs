namespace Imm.Core;

/// <summary>The files and bytes that a dataset gains or loses. Immutable; checked when it is used.</summary>
/// <param name="ProjectName">The project. Required.</param>
/// <param name="DatasetName">The dataset. Required.</param>
/// <param name="FileCount">The number of files: 0 to 2^63−1.</param>
/// <param name="TotalFileSize">The number of bytes in those files together: 0 to 2^63−1.</param>
public sealed record FileChange(string? ProjectName, string? DatasetName, long FileCount, long TotalFileSize);
