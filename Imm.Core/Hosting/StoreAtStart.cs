using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Imm.Core.Hosting;

/// <summary>Options without content, by which a host opens the stores when it starts.</summary>
/// <remarks>
/// A host validates before it starts anything what asks for it, and to validate these is to open the store of their name. That needs no more than
/// the package of the options, and the store is there before the first hosted service starts.
/// </remarks>
internal sealed class StoreAtStart;

/// <summary>Opens the store that a host is to start with.</summary>
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
