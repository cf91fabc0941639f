using Imm.Core.Wire;
using Microsoft.Extensions.Options;

namespace Imm.Core;

/// <summary>The one holder of the rules for <see cref="ImmApiOptions"/>; it names every option that breaks one. Stateless and thread-safe.</summary>
public sealed class ImmApiOptionsValidator : IValidateOptions<ImmApiOptions>
{
    /// <summary>Checks options.</summary>
    /// <param name="name">The name of the options instance; every name has the same rules.</param>
    /// <param name="options">The options.</param>
    /// <returns>Success, or a failure that lists all that is wrong.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is null.</exception>
    public ValidateOptionsResult Validate(string? name, ImmApiOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var result = new ValidateOptionsResultBuilder();
        if (options.RequestId is null)
        {
            result.AddError("is null; leave it out for random ids.", nameof(options.RequestId));
        }

        if (string.IsNullOrWhiteSpace(options.HostFormat))
        {
            result.AddError("is empty; leave it out for the service's host names.", nameof(options.HostFormat));
        }

        if (options.TimeOffset is { } timeOffset && !WireTime.IsOffset(timeOffset))
        {
            result.AddError($"is {timeOffset}; it must be from -14 to +14 hours, in whole minutes.", nameof(options.TimeOffset));
        }

        return result.Build();
    }
}
