namespace Imm.Core.Hosting;

/// <summary>The keys in configuration of all options that a text can give. Services and functions are given by code.</summary>
internal static class OptionsKeys
{
    /// <summary>The key of the section, in that of a store, with the options of its API.</summary>
    public const string ApiSection = "Api";

    public static ConfigurationKeys<ImmApiOptions> Api { get; } = new(
        (nameof(ImmApiOptions.HostFormat), (options, section) => options.HostFormat = section.Text()),
        (nameof(ImmApiOptions.TimeOffset), (options, section) => options.TimeOffset = section.Time()));

    public static ConfigurationKeys<ImmStoreOptions> Store { get; } = new(
        (nameof(ImmStoreOptions.Name), (options, section) => options.Name = section.TextOrNull()),
        (nameof(ImmStoreOptions.Path), (options, section) => options.Path = section.TextOrNull()),
        (nameof(ImmStoreOptions.InMemory), (options, section) => options.InMemory = section.Flag()),
        (nameof(ImmStoreOptions.Schema), (options, section) => options.Schema = section.Text()),
        (nameof(ImmStoreOptions.ReadConsistency), (options, section) => options.ReadConsistency = section.Consistency()),
        (nameof(ImmStoreOptions.DatabasePatience), (options, section) => options.DatabasePatience = section.Time()),
        (nameof(ImmStoreOptions.WatchInterval), (options, section) => options.WatchInterval = section.Time()),
        (nameof(ImmStoreOptions.ProjectQuota), (options, section) => options.ProjectQuota = section.Int32()),
        (
            nameof(ImmStoreOptions.MaxLoadedProjects),
            (options, section) => options.MaxLoadedProjects = section.TextOrNull() is null ? null : section.Int64()),
        (nameof(ImmStoreOptions.Durability), (options, section) => options.Durability = section.Name<Durability>()),
        (nameof(ImmStoreOptions.MaxWaitingWrites), (options, section) => options.MaxWaitingWrites = section.Int32()),
        (nameof(ImmStoreOptions.KeptChanges), (options, section) => options.KeptChanges = section.Int32()),
        (nameof(ImmStoreOptions.DefaultAccountId), (options, section) => options.DefaultAccountId = section.Text()),
        (nameof(ImmStoreOptions.DefaultRegionId), (options, section) => options.DefaultRegionId = section.Text()),
        (nameof(ImmStoreOptions.ProjectQueriesPerSecond), (options, section) => options.ProjectQueriesPerSecond = section.Int64()),
        (nameof(ImmStoreOptions.EngineConcurrency), (options, section) => options.EngineConcurrency = section.Int64()),
        (nameof(ImmStoreOptions.BindingRunsAfter), (options, section) => options.BindingRunsAfter = section.Time()),
        (nameof(ImmStoreOptions.BindingIsScannedAfter), (options, section) => options.BindingIsScannedAfter = section.Time()),
        (nameof(ImmStoreOptions.TimeOffset), (options, section) => options.TimeOffset = section.Time()),
        (ApiSection, static (_, section) => section.CheckNames()));

    public static ConfigurationKeys<ImmRamOptions> Ram { get; } = new(
        (nameof(ImmRamOptions.Mode), (options, section) => options.Mode = section.Name<AuthorizationMode>()),
        (nameof(ImmRamOptions.AccountId), (options, section) => options.AccountId = section.Text()),
        (nameof(ImmRamOptions.UsesTags), (options, section) => options.UsesTags = section.Flag()),
        (nameof(ImmRamOptions.RequiresPassRole), (options, section) => options.RequiresPassRole = section.Flag()),
        (nameof(ImmRamOptions.Policies), (options, section) => section.Entries(options.Policies, ConfigurationValue.Text)),
        (nameof(ImmRamOptions.Users), (options, section) => section.Entries(options.Users, ConfigurationValue.Texts)),
        (nameof(ImmRamOptions.Roles), (options, section) => section.Entries(options.Roles, ConfigurationValue.Texts)),
        (nameof(ImmRamOptions.Groups), (options, section) => section.Entries(options.Groups, ConfigurationValue.Texts)),
        (nameof(ImmRamOptions.Members), (options, section) => section.Entries(options.Members, ConfigurationValue.Texts)),
        (nameof(ImmRamOptions.ControlPolicies), (options, section) => options.ControlPolicies = section.Texts()));
}
