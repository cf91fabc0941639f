namespace Imm.Core.Model;

/// <summary>One record that a decision changes.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Number">Its number within the scope.</param>
/// <param name="Value">Its new value; for a deleted record the last one, with the revision of the deletion.</param>
/// <param name="State">The effect on the record.</param>
internal readonly record struct Change(ChangeKind Kind, long Number, object Value, ChangeState State = ChangeState.Updated);

/// <summary>The kind of a record. The numbers are part of the file format.</summary>
internal enum ChangeKind : byte
{
    Scope = 1,
    Project = 2,
    Dataset = 3,
    Attachment = 4,
}

/// <summary>The effect of a change on its record. The numbers are part of the file format.</summary>
internal enum ChangeState : byte
{
    /// <summary>There may have been a record before.</summary>
    Updated = 0,

    /// <summary>It is known that there was no such record before.</summary>
    Created = 1,

    /// <summary>The record is deleted.</summary>
    Deleted = 2,
}
