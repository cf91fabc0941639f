using System.Globalization;
using Imm.Core.Model;
using Imm.Core.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Imm.Core.Hosting;

/// <summary>Makes the policies of <see cref="ImmRamOptions"/>.</summary>
/// <remarks>
/// The options are validated by making the policies, and not by a validator beforehand. A validator would read each file a second time, and
/// a file that had changed in between would leave out a policy.
/// </remarks>
internal static class RamAccessLoader
{
    /// <summary>Reads the policies, and attaches them.</summary>
    /// <param name="options">The options.</param>
    /// <param name="contentRoot">The directory that relative paths are relative to; null for the working directory.</param>
    /// <param name="loggerFactory">The factory of the logger that gets the warnings of policies; null logs none.</param>
    /// <exception cref="OptionsValidationException">An option breaks a rule; the message names every one that does.</exception>
    public static RamAccess Load(ImmRamOptions options, string? contentRoot, ILoggerFactory? loggerFactory)
    {
        var result = new ValidateOptionsResultBuilder();
        RamAccess access = RamAccess.Empty;
        var policies = new Dictionary<string, RamPolicy>(StringComparer.Ordinal);
        if (!Enum.IsDefined(options.Mode))
        {
            result.AddError(
                string.Create(CultureInfo.InvariantCulture, $"is {(int)options.Mode}; it must be Off, Soft or Strict."),
                nameof(options.Mode));
        }

        if (options.AccountId is null || !Scope.IsAccountId(options.AccountId))
        {
            result.AddError($"is '{options.AccountId}'. {Scope.AccountIdRule}", nameof(options.AccountId));
        }
        else
        {
            string account = options.AccountId;
            TryEach(options.Policies, nameof(options.Policies), (name, jsonOrPath) =>
                policies[name] = RamPolicy.Parse(Read(jsonOrPath)).Named(name));
            TryEach(options.Users, nameof(options.Users), (user, names) =>
                access = access.Attach(RamPrincipal.User(account, user), Find(names)));
            TryEach(options.Roles, nameof(options.Roles), (role, names) =>
                access = access.Attach(RamPrincipal.RoleSession(account, role, "session"), Find(names)));
            TryEach(options.Groups, nameof(options.Groups), (group, names) =>
                access = access.AttachToGroup(account, group, Find(names)));
            TryEach(options.Members, nameof(options.Members), (group, users) =>
                access = options.Groups?.ContainsKey(group) == false
                    ? throw new FormatException("There is no such group in Groups.")
                    : Checked(users).Aggregate(access, (before, user) => before.AddToGroup(RamPrincipal.User(account, user), group)));
            Try(nameof(options.ControlPolicies), () =>
            {
                // An empty set of control policies would allow nothing; here it means that there are none.
                RamPolicy[] control = Find(options.ControlPolicies);
                access = control.Length > 0 ? access.AttachControl(account, control) : access;
            });
        }

        ValidateOptionsResult failures = result.Build();
        if (failures.Failed)
        {
            throw new OptionsValidationException(Options.DefaultName, typeof(ImmRamOptions), failures.Failures);
        }

        foreach (RamPolicy policy in policies.Values)
        {
            StoreTelemetry.PolicyRead(loggerFactory, policy);
        }

        return access;

        RamPolicy[] Find(IList<string> names) =>
            [.. Checked(names).Select(name => policies.TryGetValue(name, out RamPolicy? policy) ? policy : RamPolicy.SystemPolicy(name))];

        static IList<string> Checked(IList<string> names) =>
            names?.Contains(null!) == false ? names : throw new FormatException("is null or holds null; give names, or none.");

        string Read(string jsonOrPath) => jsonOrPath.AsSpan().TrimStart() switch
        {
            [] => throw new FormatException("is empty; it must be a JSON document or the path of a file that holds one."),
            ['{', ..] => jsonOrPath,
            _ => File.ReadAllText(Path.IsPathFullyQualified(contentRoot ?? "") ? Path.GetFullPath(jsonOrPath, contentRoot!) : jsonOrPath),
        };

        void TryEach<T>(IDictionary<string, T>? entries, string option, Action<string, T> load)
        {
            if (entries is null)
            {
                result.AddError("is null. Leave it empty instead.", option);
                return;
            }

            foreach ((string name, T value) in entries)
            {
                Try($"{option}:{name}", () => load(name, value));
            }
        }

        void Try(string option, Action load)
        {
            try
            {
                load();
            }
            catch (Exception e) when (e is FormatException or ArgumentException or IOException or UnauthorizedAccessException)
            {
                result.AddError(e.Message, option);
            }
        }
    }
}
