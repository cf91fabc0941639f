namespace Imm.Core;

/// <summary>The names of the meter and of the activity source, and the metrics, traces and logs of a store.</summary>
/// <remarks>
/// <para>
/// Metrics, all of the meter <see cref="MeterName"/>. Durations are in seconds and sizes in bytes. Operations are measured on the clock of
/// the store, the disk by a clock of the process.
/// </para>
/// <list type="table">
/// <listheader><term>instrument</term><description>kind and meaning</description></listheader>
/// <item>
/// <term><c>imm.operations</c></term>
/// <description>counter: the operations that have ended, by <c>imm.action</c> and <c>error.type</c></description>
/// </item>
/// <item>
/// <term><c>imm.operation.duration</c></term>
/// <description>histogram: the duration of an operation, by <c>imm.action</c> and <c>error.type</c></description>
/// </item>
/// <item>
/// <term><c>imm.commit.batch.size</c></term>
/// <description>histogram: the number of operations that were committed together</description>
/// </item>
/// <item>
/// <term><c>imm.commit.flush.duration</c></term>
/// <description>histogram: the duration of a flush of the write-ahead log</description>
/// </item>
/// <item>
/// <term><c>imm.commit.queue.length</c></term>
/// <description>up-down counter: the changes in the commit queue</description>
/// </item>
/// <item><term><c>imm.db.round_trips</c></term><description>counter: the round trips to the database of a shared store</description></item>
/// <item>
/// <term><c>imm.db.lost_races</c></term>
/// <description>
/// counter: the accounts and regions of a batch in which another process was first, so that changes were decided again
/// </description>
/// </item>
/// <item>
/// <term><c>imm.db.catch_ups</c></term>
/// <description>counter: the accounts and regions that were brought up to the changes of another process</description>
/// </item>
/// <item>
/// <term><c>imm.db.retries</c></term>
/// <description>counter: the failures of the database after which its work was tried again</description>
/// </item>
/// <item><term><c>imm.checkpoint.duration</c></term><description>histogram: the duration of a checkpoint</description></item>
/// <item>
/// <term><c>imm.project.count</c></term>
/// <description>
/// up-down counter: the projects in memory; an account and region is loaded when an operation first needs it
/// </description>
/// </item>
/// <item>
/// <term><c>imm.project.known.count</c></term>
/// <description>
/// up-down counter: the projects that the store holds, in memory or not. The first observation after an open reads each account and region
/// that is not in memory, and keeps its number only; a shared store asks its database. A store that cannot be read has no measurement.
/// </description>
/// </item>
/// <item><term><c>imm.dataset.count</c></term><description>up-down counter: the datasets in memory</description></item>
/// <item>
/// <term><c>imm.file.size</c></term>
/// <description>
/// up-down counter: the length of the data file, and of the part of the active log that is in use, by <c>imm.file.type</c>
/// (<c>data</c> or <c>log</c>)
/// </description>
/// </item>
/// </list>
/// <para>
/// <c>imm.action</c> is the RAM action, such as <c>imm:CreateProject</c>. <c>error.type</c> is absent where the operation succeeded; else
/// it is the error code of the refusal, or the type of another exception. Every measurement has <c>imm.store.name</c> where
/// <see cref="ImmStoreOptions.Name"/> is set. Stores that have the same name, or none, are counted together. No label holds an account, a
/// project or another text of a caller.
/// </para>
/// <para>
/// Traces: the source <see cref="ActivitySourceName"/> has one span for each operation, named by the action. Its tags are
/// <c>cloud.account.id</c>, <c>cloud.region</c>, <c>imm.project.name</c> and <c>imm.dataset.name</c> where the names are well-formed, and
/// <c>imm.store.name</c> where the store has a name. The span of a failed operation has the status Error and <c>error.type</c>.
/// </para>
/// <para>
/// Logs, of the category <c>Imm.Core.ImmStore</c>:
/// </para>
/// <list type="table">
/// <listheader><term>event</term><description>level and occasion</description></listheader>
/// <item>
/// <term>1 <c>Recovered</c></term>
/// <description>warning: an open found a store that had not been closed, and recovered it from its logs</description>
/// </item>
/// <item><term>2 <c>Checkpoint</c></term><description>debug: a checkpoint has ended</description></item>
/// <item><term>3 <c>Failed</c></term><description>critical: the store has failed and refuses changes</description></item>
/// <item><term>4 <c>Damaged</c></term><description>critical: a check, an open or a read has found damage</description></item>
/// <item><term>5 <c>OpenRefused</c></term><description>error: a store could not be opened</description></item>
/// <item>
/// <term>6 <c>CloseIncomplete</c></term>
/// <description>
/// error: a store was closed before all changes could be brought into the data file; the next open brings them in
/// </description>
/// </item>
/// <item>
/// <term>7 <c>Authorization</c></term>
/// <description>information: a store with an authorizer was opened, in this mode</description>
/// </item>
/// <item><term>8 <c>AccessDenied</c></term><description>information: policies have refused an operation, and why</description></item>
/// <item>
/// <term>9 <c>AccessDeniedSoftly</c></term>
/// <description>warning: policies would refuse an operation, which the soft mode lets through, and why</description>
/// </item>
/// <item>
/// <term>10 <c>SignatureRefused</c></term>
/// <description>
/// information: the signature of a request was refused; with the canonical request of version 3, without its token
/// </description>
/// </item>
/// <item><term>11 <c>Locked</c></term><description>error: the file of a store is open in this process or another</description></item>
/// <item>
/// <term>12 <c>FilesMissing</c></term>
/// <description>critical: a file of a store is missing, was moved, or does not belong to the others</description>
/// </item>
/// <item>
/// <term>13 <c>WrittenByAnotherProgram</c></term>
/// <description>critical: another program has written to a data file</description>
/// </item>
/// <item><term>14 <c>NewerFormat</c></term><description>error: a newer version wrote a file of the store</description></item>
/// <item>
/// <term>15 <c>NoSpace</c></term>
/// <description>error: there is no room on the disk, for the first time since a change was written</description>
/// </item>
/// <item><term>16 <c>Opened</c></term><description>information: a store was opened, where and with what</description></item>
/// <item>
/// <term>17 <c>Closed</c></term>
/// <description>information: a store was closed, with all changes in its data file</description>
/// </item>
/// <item>
/// <term>18 <c>PolicyWarning</c></term>
/// <description>warning: a policy that a host has configured has one of the <see cref="RamPolicy.Warnings"/></description>
/// </item>
/// </list>
/// <para>
/// Listeners and loggers run on the threads of the store and of its callers, so they must be quick. While the store reports a commit, a
/// flush, a checkpoint or a failure, they must neither change nor close the same store: that throws
/// <see cref="InvalidOperationException"/>. An exception that a listener or logger throws is dropped, and the change stays made.
/// </para>
/// </remarks>
public static class ImmTelemetry
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "Imm.Core";

    /// <summary>The name of the activity source.</summary>
    public const string ActivitySourceName = "Imm.Core";

    internal static string? Version { get; } = typeof(ImmTelemetry).Assembly.GetName().Version?.ToString(3);
}
