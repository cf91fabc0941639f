namespace Imm.Core.Collections;

/// <summary>An object that a collection finds by its name. The name of an object never changes.</summary>
internal interface INamed
{
    string Name { get; }
}
