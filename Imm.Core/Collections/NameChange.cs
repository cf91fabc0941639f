namespace Imm.Core.Collections;

/// <summary>An object that was added, replaced or removed.</summary>
internal readonly record struct NameChange(INamed Item, bool IsRemoved);
