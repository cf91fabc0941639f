namespace Imm.Core;

/// <summary>Under which names stores are watched.</summary>
/// <remarks>
/// <para>
/// Metrics, all of the meter <see cref="MeterName"/>. Durations are in seconds, on the clock of the store; sizes in bytes.
/// </para>
/// <list type="table">
/// <listheader><term>instrument</term><description>what it shows</description></listheader>
/// <item><term><c>imm.operations</c></term><description>counter: the operations that have ended, by <c>imm.action</c> and <c>error.type</c></description></item>
/// <item><term><c>imm.operation.duration</c></term><description>histogram: how long they took, by the same</description></item>
/// <item><term><c>imm.commit.batch.size</c></term><description>histogram: how many operations were committed together</description></item>
/// <item><term><c>imm.commit.flush.duration</c></term><description>histogram: how long the disk took to make a batch safe</description></item>
/// <item><term><c>imm.commit.queue.length</c></term><description>how many changes wait for their turn</description></item>
/// <item><term><c>imm.checkpoint.duration</c></term><description>histogram: how long it took to bring a log into the data file</description></item>
/// <item><term><c>imm.project.count</c></term><description>how many projects are in memory: those of the accounts and regions touched since the store was opened</description></item>
/// <item><term><c>imm.dataset.count</c></term><description>how many datasets are in memory</description></item>
/// <item><term><c>imm.file.size</c></term><description>the data file, and what is in use of the active log, by <c>imm.file.type</c>: <c>data</c> or <c>log</c></description></item>
/// </list>
/// <para>
/// <c>imm.action</c> is the RAM action, such as <c>imm:CreateProject</c>. <c>error.type</c> is absent where the operation succeeded, else the code of
/// the refusal or the type of another exception. All of them carry <c>imm.store.name</c> where <see cref="ImmStoreOptions.Name"/> is set; stores
/// without a name, or with the same one, are shown together. No account, project or other text of a caller is a label.
/// </para>
/// <para>
/// Traces: the source <see cref="ActivitySourceName"/> has one span for each operation, named by the action, with <c>cloud.account.id</c>,
/// <c>cloud.region</c>, and, where they are well-formed, <c>imm.project.name</c> and <c>imm.dataset.name</c>. One that is refused has the status
/// Error and <c>error.type</c>.
/// </para>
/// <para>
/// Logs, of the category <c>Imm.Core.ImmStore</c>: 1 Recovered (warning), 2 Checkpoint (debug), 3 Failed (critical), 4 Damaged (critical),
/// 5 OpenRefused (error).
/// </para>
/// <para>
/// Whoever listens is called on the threads that do the work, and is to be quick. It may not change the store that it hears of. An exception that it
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
