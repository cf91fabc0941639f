namespace Imm.Core.Collections;

/// <summary>Something that an index can file under its name. The name of an object never changes.</summary>
internal interface INamed
{
    string Name { get; }
}
