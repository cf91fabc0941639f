using System.Buffers;
using CommunityToolkit.Diagnostics;
using Imm.Core.Model;

namespace Imm.Core;

/// <summary>The kind of a principal.</summary>
public enum RamPrincipalKind
{
    /// <summary>The account itself, which no policy restricts.</summary>
    Root,

    /// <summary>A RAM user.</summary>
    User,

    /// <summary>A session of a RAM role.</summary>
    RoleSession,
}

/// <summary>The caller of an operation: an account itself, a RAM user or a session of a RAM role. Immutable and thread-safe.</summary>
/// <remarks>Two principals are equal if kind, account, name and session are equal. The session policy is not compared.</remarks>
public sealed class RamPrincipal : IEquatable<RamPrincipal>
{
    private const int MaxNameLength = 64;
    private const string NameRule = "A user, role, session or group name has 1 to 64 ASCII letters, digits, '.', '-', '_' and '@'.";

    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_@");

    private RamPrincipal(RamPrincipalKind kind, string accountId, string name, string arn)
    {
        Scope.ThrowIfMalformedAccount(accountId);
        Kind = kind;
        AccountId = accountId;
        Name = name;
        Arn = arn;
    }

    /// <summary>The kind.</summary>
    public RamPrincipalKind Kind { get; }

    /// <summary>The account that the principal belongs to.</summary>
    public string AccountId { get; }

    /// <summary>The name of the user or the role; <c>root</c> for the account itself.</summary>
    public string Name { get; }

    /// <summary>The name of the session; null unless <see cref="Kind"/> is <see cref="RamPrincipalKind.RoleSession"/>.</summary>
    public string? SessionName { get; private init; }

    /// <summary>The policy that narrows the session; null for none.</summary>
    public RamPolicy? SessionPolicy => SessionPolicies?[0];

    /// <summary>
    /// The value of <c>acs:PrincipalARN</c>: <c>acs:ram::{account}:root</c>, <c>acs:ram::{account}:user/{name}</c> or
    /// <c>acs:ram::{account}:role/{name}</c>.
    /// </summary>
    public string Arn { get; }

    /// <summary>The account itself.</summary>
    /// <param name="accountId">The account: 1 to 64 of the ASCII letters, digits, <c>_</c> and <c>-</c>.</param>
    /// <exception cref="ArgumentException"><paramref name="accountId"/> is null or malformed.</exception>
    public static RamPrincipal Root(string accountId) =>
        new(RamPrincipalKind.Root, accountId, "root", $"acs:ram::{accountId}:root");

    /// <summary>A RAM user.</summary>
    /// <param name="accountId">The account: 1 to 64 of the ASCII letters, digits, <c>_</c> and <c>-</c>.</param>
    /// <param name="userName">The user: 1 to 64 ASCII letters, digits, <c>.</c>, <c>-</c>, <c>_</c> and <c>@</c>.</param>
    /// <exception cref="ArgumentException">An argument is null or malformed.</exception>
    public static RamPrincipal User(string accountId, string userName)
    {
        CheckName(userName, nameof(userName));
        return new(RamPrincipalKind.User, accountId, userName, $"acs:ram::{accountId}:user/{userName}");
    }

    /// <summary>A session of a RAM role.</summary>
    /// <param name="accountId">The account of the role: 1 to 64 of the ASCII letters, digits, <c>_</c> and <c>-</c>.</param>
    /// <param name="roleName">The role: 1 to 64 ASCII letters, digits, <c>.</c>, <c>-</c>, <c>_</c> and <c>@</c>.</param>
    /// <param name="sessionName">The session, in the same form.</param>
    /// <param name="sessionPolicy">A policy that must allow an operation too; null for none.</param>
    /// <exception cref="ArgumentException">An argument but the last is null or malformed.</exception>
    public static RamPrincipal RoleSession(string accountId, string roleName, string sessionName, RamPolicy? sessionPolicy = null)
    {
        CheckName(roleName, nameof(roleName));
        CheckName(sessionName, nameof(sessionName));
        return new(RamPrincipalKind.RoleSession, accountId, roleName, $"acs:ram::{accountId}:role/{roleName}")
        {
            SessionName = sessionName,
            SessionPolicies = sessionPolicy is null ? null : [sessionPolicy],
        };
    }

    /// <summary><see cref="SessionPolicy"/> as the set that is evaluated; null for none.</summary>
    internal RamPolicy[]? SessionPolicies { get; private init; }

    /// <summary>Compares kind, account, name and session.</summary>
    /// <param name="other">The other; null is different.</param>
    public bool Equals(RamPrincipal? other) => other is not null && Arn == other.Arn && SessionName == other.SessionName;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as RamPrincipal);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Arn, SessionName);

    /// <summary><see cref="Arn"/>, and the session where there is one.</summary>
    public override string ToString() => SessionName is null ? Arn : $"{Arn}/{SessionName}";

    internal static void CheckName(string name, string parameter)
    {
        Guard.IsNotNull(name, parameter);
        if (name.Length is < 1 or > MaxNameLength || name.AsSpan().ContainsAnyExcept(NameCharacters))
        {
            throw new ArgumentException(NameRule, parameter);
        }
    }
}
