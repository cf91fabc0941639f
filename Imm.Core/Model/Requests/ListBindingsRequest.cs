namespace Imm.Core;

/// <summary>A list of the bindings of a dataset: the parameters of the service's ListBindings, under its names.</summary>
/// <inheritdoc cref="ImmRequest" path="/remarks"/>
public sealed class ListBindingsRequest : PageRequest
{
    /// <summary>The project. Required.</summary>
    public string? ProjectName { get; set; }

    /// <summary>The dataset. Required.</summary>
    public string? DatasetName { get; set; }

    /// <summary>
    /// The bucket of the listed binding, without <c>oss://</c>, compared character for character: 0 to 128 characters (Unicode scalar
    /// values). Null or empty: all bindings. The service calls it the name of the binding's task, and gives such names nowhere.
    /// </summary>
    public string? Name { get; set; }
}
