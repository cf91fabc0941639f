using Microsoft.Extensions.Options;

namespace Imm.Core.Hosting;

/// <summary>Validates that the options of a container's store say where it is. Stateless and thread-safe.</summary>
internal sealed class StorePlaceValidator : IValidateOptions<ImmStoreOptions>
{
    public ValidateOptionsResult Validate(string? name, ImmStoreOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        if (options is { Path: null, InMemory: false, DataSource: null })
        {
            result.AddError(
                "is not set. Give a file's path, a DataSource, or set InMemory to true for a store that is gone when it is closed.",
                nameof(options.Path));
        }

        return ImmStoreOptionsValidator.NameStore(name, result.Build());
    }
}
