namespace Imm.Core;

/// <summary>The answer of GetOrCreate: the project or dataset of the name, and whether the call has created it.</summary>
/// <typeparam name="T">The type: <see cref="Project"/> or <see cref="Dataset"/>.</typeparam>
/// <remarks>Immutable and thread-safe. The default value has no project or dataset.</remarks>
public readonly record struct GetOrCreateResult<T>
    where T : class
{
    internal GetOrCreateResult(T value, bool isNew)
    {
        Value = value;
        IsNew = isNew;
    }

    /// <summary>The project or dataset.</summary>
    public T Value { get; }

    /// <summary>True if the call has created it, false if it was there before.</summary>
    public bool IsNew { get; }

    /// <summary>Deconstructs the answer: <c>(Project project, bool isNew) = registry.GetOrCreate(request);</c>.</summary>
    /// <param name="value">The project or dataset.</param>
    /// <param name="isNew">True if the call has created it.</param>
    public void Deconstruct(out T value, out bool isNew) => (value, isNew) = (Value, IsNew);
}
