using System.Globalization;
using Imm.Core.Model;
using Imm.Core.Wire;
using Microsoft.Extensions.Options;

namespace Imm.Core;

/// <summary>
/// The one holder of the rules for <see cref="ImmStoreOptions"/>; it names every option that breaks one. Stateless and thread-safe.
/// </summary>
public sealed class ImmStoreOptionsValidator : IValidateOptions<ImmStoreOptions>
{
    /// <summary>Checks options.</summary>
    /// <param name="name">The name of the options instance; every name has the same rules.</param>
    /// <param name="options">The options.</param>
    /// <returns>Success, or a failure that lists all that is wrong.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is null.</exception>
    public ValidateOptionsResult Validate(string? name, ImmStoreOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var result = new ValidateOptionsResultBuilder();
        if (options.Name is not null && string.IsNullOrWhiteSpace(options.Name))
        {
            result.AddError("is empty; give a name, or null for none.", nameof(options.Name));
        }

        if (options.Path is { } path && (string.IsNullOrWhiteSpace(path) || path.Contains('\0', StringComparison.Ordinal)))
        {
            result.AddError("is empty or holds a null character; give a file's path, or null for a store in memory.", nameof(options.Path));
        }

        if (options.ProjectQuota < 0)
        {
            result.AddError(
                string.Create(CultureInfo.InvariantCulture, $"is {options.ProjectQuota}; it must be from 0 to {int.MaxValue}."),
                nameof(options.ProjectQuota));
        }

        if (options.MaxLoadedProjects is < 1)
        {
            result.AddError(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"is {options.MaxLoadedProjects}; it must be from 1 to {long.MaxValue}, or null for no bound."),
                nameof(options.MaxLoadedProjects));
        }

        if (!Enum.IsDefined(options.Durability))
        {
            result.AddError(
                string.Create(CultureInfo.InvariantCulture, $"is {(int)options.Durability}; it must be Durable or Relaxed."),
                nameof(options.Durability));
        }

        if (options.MaxWaitingWrites < 1)
        {
            result.AddError(
                string.Create(CultureInfo.InvariantCulture, $"is {options.MaxWaitingWrites}; it must be from 1 to {int.MaxValue}."),
                nameof(options.MaxWaitingWrites));
        }

        if (options.DefaultAccountId is null || !Scope.IsAccountId(options.DefaultAccountId))
        {
            result.AddError($"is '{options.DefaultAccountId}'. {Scope.AccountIdRule}", nameof(options.DefaultAccountId));
        }

        if (options.DefaultRegionId is null || !Scope.IsRegionId(options.DefaultRegionId))
        {
            result.AddError($"is '{options.DefaultRegionId}'. {Scope.RegionIdRule}", nameof(options.DefaultRegionId));
        }

        CheckFigure(result, options.ProjectQueriesPerSecond, nameof(options.ProjectQueriesPerSecond));
        CheckFigure(result, options.EngineConcurrency, nameof(options.EngineConcurrency));
        if (!WireTime.IsOffset(options.TimeOffset))
        {
            result.AddError($"is {options.TimeOffset}; it must be from -14 to +14 hours, in whole minutes.", nameof(options.TimeOffset));
        }

        if (options.TimeProvider is null)
        {
            result.AddError("is null; leave it out for the system's clock.", nameof(options.TimeProvider));
        }

        return result.Build();
    }

    private static void CheckFigure(ValidateOptionsResultBuilder result, long figure, string name)
    {
        if (figure < 1)
        {
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"is {figure}; it must be from 1 to {long.MaxValue}."), name);
        }
    }
}
