using System.Diagnostics.CodeAnalysis;

namespace Imm.Core;

/// <summary>
/// The policies of a container's store, and the effect of their decisions. They are read when the store is opened;
/// <see cref="RamAuthorizer.Replace"/> changes them later.
/// </summary>
/// <remarks>
/// <see cref="ImmServiceCollectionExtensions.AddImmRam(Microsoft.Extensions.DependencyInjection.IServiceCollection,
/// Microsoft.Extensions.Configuration.IConfiguration)"/> reads them from configuration, and refuses a key that it does not know. A list of
/// policies holds names of <see cref="Policies"/> and of system policies
/// (<see cref="RamPolicy.SystemPolicy"/>); of two with the same name it is that of <see cref="Policies"/>. No dictionary or list may be
/// null.
/// </remarks>
[SuppressMessage("Usage", "CA2227:Collection properties should be read only", Justification = "A program may set a dictionary of its own.")]
public sealed class ImmRamOptions
{
    /// <summary>The effect of the decisions.</summary>
    /// <value>The default value is <see cref="AuthorizationMode.Off"/>.</value>
    public AuthorizationMode Mode { get; set; } = AuthorizationMode.Off;

    /// <summary>
    /// True to fill <c>acs:RequestTag/…</c> from the tags that CreateProject or UpdateProject sets, and <c>acs:ResourceTag/…</c> from those
    /// of the project.
    /// </summary>
    /// <value>The default value is false: conditions on tags are not met.</value>
    public bool UsesTags { get; set; }

    /// <summary>
    /// True to require <c>ram:PassRole</c> on the role that a request sets as <see cref="ProjectRequest.ServiceRole"/>, with the condition
    /// value <c>acs:Service</c> = <c>imm.aliyuncs.com</c>.
    /// </summary>
    /// <value>The default value is false: IMM's pages list no dependent action.</value>
    public bool RequiresPassRole { get; set; }

    /// <summary>The account of the users, roles and groups.</summary>
    /// <value>
    /// 1 to 64 of the ASCII letters, digits, <c>_</c> and <c>-</c>. The default value is that of
    /// <see cref="ImmStoreOptions.DefaultAccountId"/>.
    /// </value>
    public string AccountId { get; set; } = new ImmStoreOptions().DefaultAccountId;

    /// <summary>The policies of the account by name: each a JSON document, or else the path of a file that holds one.</summary>
    /// <value>
    /// A document begins with <c>{</c> and has 1 to <see cref="RamPolicy.MaxLength"/> characters. A path is relative to the content root in
    /// a host, else to the working directory. Empty by default.
    /// </value>
    public IDictionary<string, string> Policies { get; set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The names of the policies of each RAM user, by user name.</summary>
    /// <value>A user name has 1 to 64 ASCII letters, digits, <c>.</c>, <c>-</c>, <c>_</c> and <c>@</c>. Empty by default.</value>
    public IDictionary<string, IList<string>> Users { get; set; } = new Dictionary<string, IList<string>>(StringComparer.Ordinal);

    /// <summary>The names of the policies of each RAM role, by role name, in the form of a user name.</summary>
    /// <value>Empty by default.</value>
    public IDictionary<string, IList<string>> Roles { get; set; } = new Dictionary<string, IList<string>>(StringComparer.Ordinal);

    /// <summary>The names of the policies of each group, by group name, in the form of a user name.</summary>
    /// <value>Empty by default.</value>
    public IDictionary<string, IList<string>> Groups { get; set; } = new Dictionary<string, IList<string>>(StringComparer.Ordinal);

    /// <summary>The names of the users of each group, by group name.</summary>
    /// <value>Each group is one of <see cref="Groups"/>. Empty by default.</value>
    public IDictionary<string, IList<string>> Members { get; set; } = new Dictionary<string, IList<string>>(StringComparer.Ordinal);

    /// <summary>The names of the control policies of the account's resource directory.</summary>
    /// <value>Empty by default: no control policies.</value>
    public IList<string> ControlPolicies { get; set; } = [];
}
