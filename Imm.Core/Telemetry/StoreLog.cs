using Microsoft.Extensions.Logging;

namespace Imm.Core.Telemetry;

/// <summary>The log messages of a store. Event ids, levels and the names in braces are API; the wording is not.</summary>
internal static partial class StoreLog
{
    [LoggerMessage(
        1,
        LogLevel.Warning,
        "The store '{Store}' had not been closed. Recovery brought {Records} changes and {Pages} pages from its logs into its data file.")]
    public static partial void Recovered(ILogger logger, string store, int records, int pages);

    [LoggerMessage(
        2,
        LogLevel.Debug,
        "A checkpoint of the store '{Store}' wrote {Records} changes on {Pages} pages of its data file, in {Duration}.")]
    public static partial void Checkpoint(ILogger logger, string store, int records, int pages, TimeSpan duration);

    [LoggerMessage(
        3,
        LogLevel.Critical,
        "The store '{Store}' has failed and refuses changes until it is opened again: {Reason}. "
        + "Acknowledged changes are in its files, unless something else changed them.")]
    public static partial void Failed(ILogger logger, Exception cause, string store, ImmUnavailableReason reason);

    [LoggerMessage(4, LogLevel.Critical, "The store '{Store}' is damaged. Problems found: {Count}. The first: {Problem}")]
    public static partial void Damaged(ILogger logger, string store, int count, string problem);

    [LoggerMessage(5, LogLevel.Error, "The store '{Store}' could not be opened: {Reason}.")]
    public static partial void OpenRefused(ILogger logger, Exception cause, string store, ImmUnavailableReason reason);

    [LoggerMessage(
        6,
        LogLevel.Error,
        "The store '{Store}' was closed before all changes could be brought into its data file: {Reason}. "
        + "Acknowledged changes are in its logs; the next open brings them into the data file.")]
    public static partial void CloseIncomplete(ILogger logger, Exception cause, string store, ImmUnavailableReason reason);

    [LoggerMessage(7, LogLevel.Information, "The store '{Store}' has an authorizer, whose mode is {Mode}.")]
    public static partial void Authorization(ILogger logger, string store, AuthorizationMode mode);

    [LoggerMessage(8, LogLevel.Information, "The store '{Store}' refused an operation of {Principal}, {Effect}: {Reason}")]
    public static partial void AccessDenied(ILogger logger, string store, RamPrincipal principal, RamEffect effect, string reason);

    [LoggerMessage(
        9,
        LogLevel.Warning,
        "The store '{Store}' let an operation of {Principal} through that strict mode would refuse, {Effect}: {Reason}")]
    public static partial void AccessDeniedSoftly(ILogger logger, string store, RamPrincipal principal, RamEffect effect, string reason);

    [LoggerMessage(
        10, LogLevel.Information, "The store '{Store}' refused the signature of a request, {Code}. Canonical request: {CanonicalRequest}")]
    public static partial void SignatureRefused(ILogger logger, string store, string code, string? canonicalRequest);

    [LoggerMessage(11, LogLevel.Error, "The store '{Store}' is locked. {Problem}")]
    public static partial void Locked(ILogger logger, string store, string problem);

    [LoggerMessage(12, LogLevel.Critical, "Files of the store '{Store}' are missing, or do not belong together. {Problem}")]
    public static partial void FilesMissing(ILogger logger, string store, string problem);

    [LoggerMessage(13, LogLevel.Critical, "Another program has written to the data file of the store '{Store}'. {Problem}")]
    public static partial void WrittenByAnotherProgram(ILogger logger, string store, string problem);

    [LoggerMessage(14, LogLevel.Error, "The files of the store '{Store}' are of a newer format. {Problem}")]
    public static partial void NewerFormat(ILogger logger, string store, string problem);

    [LoggerMessage(15, LogLevel.Error, "There is no room on the disk of the store '{Store}'. {Problem}")]
    public static partial void NoSpace(ILogger logger, string store, string problem);

    [LoggerMessage(
        16,
        LogLevel.Information,
        "The store '{Store}' is open: {Path}, {Durability}, format {Format}. It has {Scopes} accounts in regions and "
        + "{Projects} projects in memory; {Recovered} changes were recovered.")]
    public static partial void Opened(
        ILogger logger, string store, string path, string durability, int format, int scopes, long projects, int recovered);

    [LoggerMessage(17, LogLevel.Information, "The store '{Store}' is closed.")]
    public static partial void Closed(ILogger logger, string store);

    [LoggerMessage(18, LogLevel.Warning, "The policy '{Policy}' probably has a mistake. {Warning}")]
    public static partial void PolicyWarning(ILogger logger, string policy, string warning);
}
