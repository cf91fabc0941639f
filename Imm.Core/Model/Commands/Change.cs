namespace Imm.Core.Model;

/// <summary>One record that a decision changes.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Number">Its number within the scope.</param>
/// <param name="Value">Its new value; null where it is deleted.</param>
/// <param name="IsNew">True if it is known that there was no such record before.</param>
internal readonly record struct Change(ChangeKind Kind, long Number, object? Value, bool IsNew = false);

/// <summary>The kind of a record. The numbers are part of the file format.</summary>
internal enum ChangeKind : byte
{
    Scope = 1,
    Project = 2,
    Dataset = 3,
    DatasetUse = 4,
}
