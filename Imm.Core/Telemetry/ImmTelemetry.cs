namespace Imm.Core;

/// <summary>Under which names stores are watched.</summary>
/// <remarks>
/// <para>
/// Metrics, all of the meter <see cref="MeterName"/>. Durations are in seconds, those of operations on the clock of the store; sizes in
/// bytes.
/// </para>
/// <list type="table">
/// <listheader><term>instrument</term><description>what it shows</description></listheader>
/// <item>
/// <term><c>imm.operations</c></term>
/// <description>counter: the operations that have ended, by <c>imm.action</c> and <c>error.type</c></description>
/// </item>
/// <item><term><c>imm.operation.duration</c></term><description>histogram: how long they took, by the same</description></item>
/// <item><term><c>imm.commit.batch.size</c></term><description>histogram: how many operations were committed together</description></item>
/// <item>
/// <term><c>imm.commit.flush.duration</c></term>
/// <description>histogram: how long the disk took to make a batch safe</description>
/// </item>
/// <item><term><c>imm.commit.queue.length</c></term><description>the number of changes that wait for the disk</description></item>
/// <item>
/// <term><c>imm.checkpoint.duration</c></term>
/// <description>histogram: how long it took to bring a log into the data file</description>
/// </item>
/// <item>
/// <term><c>imm.project.count</c></term>
/// <description>how many projects are in memory: those of the accounts and regions touched since the store was opened</description>
/// </item>
/// <item><term><c>imm.dataset.count</c></term><description>how many datasets are in memory</description></item>
/// <item>
/// <term><c>imm.file.size</c></term>
/// <description>the data file, and what is in use of the active log, by <c>imm.file.type</c>: <c>data</c> or <c>log</c></description>
/// </item>
/// </list>
/// <para>
/// <c>imm.action</c> is the RAM action, such as <c>imm:CreateProject</c>. <c>error.type</c> is absent where the operation succeeded, else
/// the code of the refusal or the type of another exception. All of them carry <c>imm.store.name</c> where
/// <see cref="ImmStoreOptions.Name"/> is set; stores without a name, or with the same one, are shown together. No account, project or other
/// text of a caller is a label.
/// </para>
/// <para>
/// Traces: the source <see cref="ActivitySourceName"/> has one span for each operation, named by the action, with <c>cloud.account.id</c>,
/// <c>cloud.region</c>, and, where they are well-formed, <c>imm.project.name</c> and <c>imm.dataset.name</c>. One that is refused has the
/// status Error and <c>error.type</c>.
/// </para>
/// <para>
/// Logs, of the category <c>Imm.Core.ImmStore</c>:
/// </para>
/// <list type="table">
/// <listheader><term>event</term><description>level, and when it is logged</description></listheader>
/// <item>
/// <term>1 <c>Recovered</c></term>
/// <description>warning: an open found a store that had not been closed, and brought its logs in</description>
/// </item>
/// <item><term>2 <c>Checkpoint</c></term><description>debug: a checkpoint has ended</description></item>
/// <item><term>3 <c>Failed</c></term><description>critical: the store has failed and takes no more changes</description></item>
/// <item><term>4 <c>Damaged</c></term><description>critical: a check, an open or a read has found damage</description></item>
/// <item><term>5 <c>OpenRefused</c></term><description>error: a store could not be opened</description></item>
/// <item>
/// <term>6 <c>CloseIncomplete</c></term>
/// <description>error: a store was closed without bringing everything into the data file; the next open does that</description>
/// </item>
/// </list>
/// <para>
/// Whoever listens is called on the threads that do the work, and is to be quick. One that hears of a commit, a checkpoint or a failure may
/// neither change nor close the store that it hears of: that is an <see cref="InvalidOperationException"/>. An exception that a listener
/// throws is dropped: what has been done stays done.
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
