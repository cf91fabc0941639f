using System.Buffers;
using System.Globalization;
using Imm.Core.Model;
using Microsoft.Extensions.Options;

namespace Imm.Core;

/// <summary>
/// Validates <see cref="ImmStoreOptions"/>, and names every option that is out of its range. Stateless and thread-safe.
/// </summary>
internal sealed class ImmStoreOptionsValidator : IValidateOptions<ImmStoreOptions>
{
    private const int MaxKeptChanges = 65_536;
    private const int MaxSchemaLength = 63;

    private static readonly TimeSpan MaxPatience = TimeSpan.FromMinutes(5);
    private static readonly SearchValues<char> SchemaCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_");

    /// <summary>Validates options.</summary>
    /// <param name="name">
    /// The name of the options, which is the key of a keyed store: the messages name it. The rules are the same for every name.
    /// </param>
    /// <param name="options">The options.</param>
    /// <returns>Success, or a failure with one message for each option that is out of its range.</returns>
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

        if (options is { InMemory: true, Path: not null })
        {
            result.AddError("is true, and there is a Path; a store is in memory or in a file.", nameof(options.InMemory));
        }

        if (options is { DataSource: not null })
        {
            CheckShared(result, options);
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
                    $"is {options.MaxLoadedProjects}; it must be from 1 to {long.MaxValue}, or null for no limit."),
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

        if (options.KeptChanges is < 0 or > MaxKeptChanges)
        {
            result.AddError(
                string.Create(CultureInfo.InvariantCulture, $"is {options.KeptChanges}; it must be from 0 to {MaxKeptChanges}."),
                nameof(options.KeptChanges));
        }

        if (options.DefaultAccountId is null || !Scope.IsAccountId(options.DefaultAccountId))
        {
            result.AddError($"is '{options.DefaultAccountId}'. {Scope.AccountIdRule}", nameof(options.DefaultAccountId));
        }

        if (options.DefaultRegionId is null || !Scope.IsRegionId(options.DefaultRegionId))
        {
            result.AddError($"is '{options.DefaultRegionId}'. {Scope.RegionIdRule}", nameof(options.DefaultRegionId));
        }

        CheckPositive(result, options.ProjectQueriesPerSecond, nameof(options.ProjectQueriesPerSecond));
        CheckPositive(result, options.EngineConcurrency, nameof(options.EngineConcurrency));
        CheckAge(result, options.BindingRunsAfter, nameof(options.BindingRunsAfter));
        CheckAge(result, options.BindingIsScannedAfter, nameof(options.BindingIsScannedAfter));
        if (!UtcOffset.IsValid(options.TimeOffset))
        {
            result.AddError($"is {options.TimeOffset}; {UtcOffset.Rule}", nameof(options.TimeOffset));
        }

        if (options.TimeProvider is null)
        {
            result.AddError("is null; omit it for the system's clock.", nameof(options.TimeProvider));
        }

        return NameStore(name, result.Build());
    }

    /// <summary>Names the store in each failure of named options.</summary>
    internal static ValidateOptionsResult NameStore(string? name, ValidateOptionsResult result) =>
        string.IsNullOrEmpty(name) || result.Failures is not { } failures
            ? result
            : ValidateOptionsResult.Fail(failures.Select(failure => $"Store '{name}': {failure}"));

    /// <summary>Checks the options that only a store in a database reads, and those that it does not take.</summary>
    private static void CheckShared(ValidateOptionsResultBuilder result, ImmStoreOptions options)
    {
        if (options.Path is not null || options.InMemory)
        {
            result.AddError(
                $"is set, and so is {(options.InMemory ? "InMemory" : "Path")}; a store is in a database, in a file or in memory.",
                nameof(options.DataSource));
        }

        if (options.Durability == Durability.Relaxed)
        {
            result.AddError("is Relaxed; a store in a database is as durable as the database.", nameof(options.Durability));
        }

        if (options.Schema is not { Length: >= 1 and <= MaxSchemaLength } schema
            || char.IsAsciiDigit(schema[0])
            || schema.AsSpan().ContainsAnyExcept(SchemaCharacters))
        {
            result.AddError(
                $"is '{options.Schema}'; it must have 1 to {MaxSchemaLength} of the characters a-z, 0-9 and '_', the first no digit.",
                nameof(options.Schema));
        }

        if (options.DatabasePatience < TimeSpan.Zero || options.DatabasePatience > MaxPatience)
        {
            result.AddError(
                string.Create(CultureInfo.InvariantCulture, $"is {options.DatabasePatience}; it must be from 0 to {MaxPatience}."),
                nameof(options.DatabasePatience));
        }

        if (options.WatchInterval < TimeSpan.FromMilliseconds(1) || options.WatchInterval > TimeSpan.FromDays(1))
        {
            result.AddError(
                string.Create(CultureInfo.InvariantCulture, $"is {options.WatchInterval}; it must be from 1 ms to 1 day."),
                nameof(options.WatchInterval));
        }
    }

    private static void CheckAge(ValidateOptionsResultBuilder result, TimeSpan age, string name)
    {
        if (age < TimeSpan.Zero)
        {
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"is {age}; it must be zero or more."), name);
        }
    }

    private static void CheckPositive(ValidateOptionsResultBuilder result, long value, string name)
    {
        if (value < 1)
        {
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"is {value}; it must be from 1 to {long.MaxValue}."), name);
        }
    }
}
