using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>Fields that were read before, of which equal ones are one object.</summary>
internal sealed class SharedFields
{
    public SharedValues<string> Texts { get; } = new();

    public SharedValues<TagSet> Tags { get; } = new();
}
