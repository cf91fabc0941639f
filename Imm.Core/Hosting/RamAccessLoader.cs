using Imm.Core.Model;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Imm.Core.Hosting;

/// <summary>Makes the policies of <see cref="ImmRamOptions"/>, and validates them by making them.</summary>
internal sealed class RamAccessLoader(IServiceProvider services) : IValidateOptions<ImmRamOptions>
{
    public ValidateOptionsResult Validate(string? name, ImmRamOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        if (!Enum.IsDefined(options.Mode))
        {
            result.AddError("is none of Off, Soft and Strict.", nameof(options.Mode));
        }

        Load(options, result);
        return result.Build();
    }

    /// <summary>Makes the policies of options that were validated.</summary>
    public RamAccess Load(ImmRamOptions options) => Load(options, new ValidateOptionsResultBuilder());

    private RamAccess Load(ImmRamOptions options, ValidateOptionsResultBuilder result)
    {
        RamAccess access = RamAccess.Empty;
        if (options.AccountId is null || !Scope.IsAccountId(options.AccountId))
        {
            result.AddError(Scope.AccountIdRule, nameof(options.AccountId));
            return access;
        }

        var policies = new Dictionary<string, RamPolicy>(StringComparer.Ordinal);
        foreach ((string name, string text) in options.Policies)
        {
            Try($"{nameof(options.Policies)}:{name}", () => policies[name] = RamPolicy.Parse(Read(text)).Named(name));
        }

        foreach ((string user, IList<string> names) in options.Users)
        {
            Try($"{nameof(options.Users)}:{user}", () =>
                access = access.Attach(RamPrincipal.User(options.AccountId, user), Find(names)));
        }

        foreach ((string role, IList<string> names) in options.Roles)
        {
            Try($"{nameof(options.Roles)}:{role}", () =>
                access = access.Attach(RamPrincipal.RoleSession(options.AccountId, role, "session"), Find(names)));
        }

        foreach ((string group, IList<string> names) in options.Groups)
        {
            Try($"{nameof(options.Groups)}:{group}", () => access = access.AttachToGroup(options.AccountId, group, Find(names)));
        }

        foreach ((string group, IList<string> users) in options.Members)
        {
            Try($"{nameof(options.Members)}:{group}", () =>
            {
                foreach (string user in users)
                {
                    access = access.AddToGroup(RamPrincipal.User(options.AccountId, user), group);
                }
            });
        }

        if (options.ControlPolicies.Count > 0)
        {
            Try(nameof(options.ControlPolicies), () => access = access.AttachControl(options.AccountId, Find(options.ControlPolicies)));
        }

        return access;

        RamPolicy[] Find(IList<string> names) =>
            [.. names.Select(name => policies.TryGetValue(name, out RamPolicy? policy) ? policy : RamPolicy.SystemPolicy(name))];

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

    private string Read(string jsonOrPath)
    {
        if (jsonOrPath.AsSpan().TrimStart() is ['{', ..])
        {
            return jsonOrPath;
        }

        string? contentRoot = services.GetService<IHostEnvironment>()?.ContentRootPath;
        return File.ReadAllText(Path.IsPathFullyQualified(contentRoot ?? "") ? Path.GetFullPath(jsonOrPath, contentRoot!) : jsonOrPath);
    }
}
