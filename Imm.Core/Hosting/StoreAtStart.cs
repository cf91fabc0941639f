using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Imm.Core.Hosting;

/// <summary>Options without content; their validation opens the store of their name when a host starts.</summary>
/// <remarks>
/// A host validates options with <c>ValidateOnStart</c> before it starts the first hosted service. So the store is open by then, and this
/// needs the options package alone, not the hosting package.
/// </remarks>
internal sealed class StoreAtStart;

/// <summary>Opens the store of a name by resolving it.</summary>
internal sealed class StoreOpener(IServiceProvider services) : IValidateOptions<StoreAtStart>
{
    /// <exception cref="OptionsValidationException">An option is out of its range.</exception>
    /// <exception cref="ImmException">The store cannot be opened.</exception>
    public ValidateOptionsResult Validate(string? name, StoreAtStart options)
    {
        _ = string.IsNullOrEmpty(name) ? services.GetRequiredService<ImmStore>() : services.GetRequiredKeyedService<ImmStore>(name);
        return ValidateOptionsResult.Success;
    }
}
