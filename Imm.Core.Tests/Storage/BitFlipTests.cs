using System.Globalization;
using Xunit;

namespace Imm.Core.Tests.Storage;

public class BitFlipTests
{
    private const int FlipsPerProcess = 1000;

    [Fact]
    public void After_a_flipped_bit_the_answer_is_right_or_an_error_that_names_the_file()
    {
        long right = 0;
        long errors = 0;
        if (Campaign.Scale == 0)
        {
            var flip = new BitFlip(seed: 1);
            flip.Run(400);
            (right, errors) = (flip.Right, flip.Errors);
        }

        for (int seed = 1000; right + errors < 12_000L * Campaign.Scale; seed++)
        {
            string[] counts = Worker.Run("bit-flips", Text(seed), Text(FlipsPerProcess)).Split(' ');
            right += long.Parse(counts[0], CultureInfo.InvariantCulture);
            errors += long.Parse(counts[1], CultureInfo.InvariantCulture);
            Campaign.Report($"bit flips: seed {seed}, {right} right answers, {errors} errors");
        }

        // Were they all of one kind, the flips would not have met what they are for.
        Assert.InRange(right, 50, long.MaxValue);
        Assert.InRange(errors, 50, long.MaxValue);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
