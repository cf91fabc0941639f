using Xunit;

namespace Imm.Core.Tests.Storage.Outside;

public class SystemCallRecordTests
{
    [Fact]
    public void A_call_on_one_line_begins_and_ends_there()
    {
        IReadOnlyList<CallStep> steps = SystemCallRecord.Read(["12  pwrite64(35, \"\\x61\\x00\\x29\", 3, 4096) = 3"]);

        Assert.Equal([false, true], steps.Select(step => step.Ends));
        SystemCall call = steps[0].Call;
        Assert.Equal((12, "pwrite64", 35, 4096L, 3L), (call.Thread, call.Name, call.Descriptor(), call.Number(3), call.Result));
        Assert.Equal("a\0)"u8.ToArray(), call.Bytes(1));
    }

    [Fact]
    public void Calls_of_two_threads_overlap()
    {
        IReadOnlyList<CallStep> steps = SystemCallRecord.Read(
        [
            "1     fsync(3 <unfinished ...>",
            "22    close(4)                = 0",
            "1     <... fsync resumed>)    = -1 EIO (Input/output error) (INJECTED)",
        ]);

        (string, bool)[] expected = [("fsync", false), ("close", false), ("close", true), ("fsync", true)];
        Assert.Equal(expected, steps.Select(step => (step.Call.Name, step.Ends)));
        Assert.Equal(("EIO", true), (steps[0].Call.Error, steps[0].Call.IsInjected));
    }

    [Fact]
    public void A_call_that_a_kill_cuts_short_has_no_result()
    {
        IReadOnlyList<CallStep> steps = SystemCallRecord.Read(
            ["1 ftruncate(3, 100 <unfinished ...>", "1 +++ killed by SIGKILL +++", "2 fsync(3) = ?"]);

        Assert.Equal([null, null, null], steps.Select(step => step.Call.Result));
        Assert.Equal(100, steps[0].Call.Number(1));
    }

    [Fact]
    public void A_vector_is_one_argument_and_its_buffers_one_row_of_bytes()
    {
        IReadOnlyList<CallStep> steps = SystemCallRecord.Read(
            ["1 pwritev(3, [{iov_base=\"\\x61\\x62\", iov_len=2}, {iov_base=\"\\x63\", iov_len=1}], 2, 512) = 3"]);

        Assert.Equal("abc"u8.ToArray(), steps[0].Call.Bytes(1));
        Assert.Equal(512, steps[0].Call.Number(3));
    }

    [Fact]
    public void Another_line_is_an_error() =>
        Assert.Throws<InvalidDataException>(() => SystemCallRecord.Read(["strace: something is wrong"]));
}
