namespace Imm.Core;

/// <summary>The answer of GetOrCreate: the project or dataset of the name, and whether the call has created it.</summary>
/// <typeparam name="T">The type: <see cref="Project"/> or <see cref="Dataset"/>.</typeparam>
/// <param name="Value">The project or dataset.</param>
/// <param name="IsNew">True if the call has created it, false if it was there before.</param>
/// <remarks>Immutable and thread-safe. The default value has no project or dataset.</remarks>
public readonly record struct GetOrCreateResult<T>(T Value, bool IsNew)
    where T : class;
