using System.Diagnostics;
using System.Text.RegularExpressions;
using Imm.Core.Storage;
using Imm.Core.Tests.Storage;
using Xunit;

namespace Imm.Core.Tests.Documents;

/// <summary>The steps from a create to its write that the architecture lists are those that the code takes.</summary>
public sealed partial class WayOfAWriteTests
{
    [Fact]
    public void A_synchronous_create_takes_the_documented_steps_to_its_write_and_at_most_14()
    {
        string[] documented = [.. Step().Matches(Document.Named("architecture.md").Text).Select(match => match.Groups[1].Value)];
        var disk = new RecordingDisk();
        using ImmStore store = ImmStore.Open(new ImmStoreOptions { Path = "/store" }, disk);

        // The first one also makes room in the log.
        store.Registry().Create(new() { ProjectName = "first" });
        disk.Writes.Clear();
        store.Registry().Create(new() { ProjectName = "second" });

        string[] taken = Assert.Single(disk.Writes);
        Assert.InRange(documented.Length, 8, 14);
#if DEBUG
        Assert.Equal(documented, taken);
#else
        // The compiler has made one method of several.
        Assert.Equal(documented.Where(taken.Contains), taken);
#endif
    }

    [GeneratedRegex(@"^\| \d+ \| `(\w+\.\w+)` \|", RegexOptions.Multiline)]
    private static partial Regex Step();

    /// <summary>A disk that records the methods of the library from a create to each write.</summary>
    private sealed class RecordingDisk() : ForwardingDisk(new SimulatedDisk())
    {
        public List<string[]> Writes { get; } = [];

        protected override DiskFile Decorate(DiskFile file) => new RecordingFile(this, file);

        private void Record()
        {
            string[] methods =
            [
                .. new StackTrace().GetFrames().Select(frame => frame.GetMethod()!)
                    .Where(method => method.DeclaringType?.Assembly == typeof(ImmStore).Assembly)
                    .Select(method => $"{method.DeclaringType!.Name}.{method.Name}")
                    .Reverse(),
            ];
            if (methods is [$"{nameof(ProjectRegistry)}.{nameof(ProjectRegistry.Create)}", ..])
            {
                Writes.Add(methods);
            }
        }

        private sealed class RecordingFile(RecordingDisk disk, DiskFile inner) : ForwardingFile(inner)
        {
            public override void Write(long offset, ReadOnlySpan<byte> buffer)
            {
                disk.Record();
                base.Write(offset, buffer);
            }
        }
    }
}
