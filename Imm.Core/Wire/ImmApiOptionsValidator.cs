using Imm.Core.Model;
using Microsoft.Extensions.Options;

namespace Imm.Core;

/// <summary>Validates <see cref="ImmApiOptions"/> and names every option that breaks a rule. Stateless and thread-safe.</summary>
internal sealed class ImmApiOptionsValidator : IValidateOptions<ImmApiOptions>
{
    /// <summary>Checks options.</summary>
    /// <param name="name">The name of the options instance. The rules are the same for every name.</param>
    /// <param name="options">The options.</param>
    /// <returns>Success, or a failure that lists every option that breaks a rule.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is null.</exception>
    public ValidateOptionsResult Validate(string? name, ImmApiOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var result = new ValidateOptionsResultBuilder();
        if (options.RequestId is null)
        {
            result.AddError("is null. Set a function, or leave the option out for random ids.", nameof(options.RequestId));
        }

        if (string.IsNullOrWhiteSpace(options.HostFormat))
        {
            result.AddError("is empty. Set a host name, or leave the option out for those of the service.", nameof(options.HostFormat));
        }

        if (options.TimeOffset is { } timeOffset && !UtcOffset.IsValid(timeOffset))
        {
            result.AddError($"is {timeOffset}; {UtcOffset.Rule}", nameof(options.TimeOffset));
        }

        return ImmStoreOptionsValidator.NameStore(name, result.Build());
    }
}
