using Xunit;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Imm.Core.Tests.Shared;

/// <summary>A test that needs a PostgreSQL server.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FactIfPostgresAttribute : FactAttribute
{
    public FactIfPostgresAttribute() => Skip = PostgresServer.Missing;
}

/// <summary>A class whose tests, also inherited ones, need a PostgreSQL server.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class NeedsPostgresAttribute : Attribute;

/// <summary>A test of every kind of store. It is skipped where its class needs a server and there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("Imm.Core.Tests.Shared.StoreFactDiscoverer", "Imm.Core.Tests")]
internal sealed class StoreFactAttribute : FactAttribute;

/// <summary>The same with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("Imm.Core.Tests.Shared.StoreTheoryDiscoverer", "Imm.Core.Tests")]
internal sealed class StoreTheoryAttribute : TheoryAttribute;

public sealed class StoreFactDiscoverer(IMessageSink messages) : FactDiscoverer(messages)
{
    public override IEnumerable<IXunitTestCase> Discover(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        SkippedTestCase.Of(DiagnosticMessageSink, discoveryOptions, testMethod)
            ?? base.Discover(discoveryOptions, testMethod, factAttribute);
}

public sealed class StoreTheoryDiscoverer(IMessageSink messages) : TheoryDiscoverer(messages)
{
    public override IEnumerable<IXunitTestCase> Discover(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo theoryAttribute) =>
        SkippedTestCase.Of(DiagnosticMessageSink, discoveryOptions, testMethod)
            ?? base.Discover(discoveryOptions, testMethod, theoryAttribute);
}

/// <summary>A test that is skipped because there is no server.</summary>
public sealed class SkippedTestCase : XunitTestCase
{
#pragma warning disable CS0618 // The framework makes it so when it hands a test to another process.
    public SkippedTestCase()
#pragma warning restore CS0618
    {
    }

    private SkippedTestCase(IMessageSink messages, TestMethodDisplay display, TestMethodDisplayOptions options, ITestMethod method)
        : base(messages, display, options, method)
    {
    }

    internal static IEnumerable<IXunitTestCase>? Of(
        IMessageSink messages, ITestFrameworkDiscoveryOptions options, ITestMethod method) =>
        PostgresServer.Missing is not null && method.TestClass.Class.GetCustomAttributes(typeof(NeedsPostgresAttribute)).Any()
            ? [new SkippedTestCase(messages, options.MethodDisplayOrDefault(), options.MethodDisplayOptionsOrDefault(), method)]
            : null;

    protected override string GetSkipReason(IAttributeInfo factAttribute) => PostgresServer.Missing ?? base.GetSkipReason(factAttribute);
}
