using Imm.Core.Model;

namespace Imm.Core.Tests.Storage;

/// <summary>Makes projects of a given size for the tests of the write-ahead log.</summary>
internal static class LoggedProject
{
    public static Project New(long number, int descriptionLength) =>
        new(
            ProjectName.Parse("p"),
            new string('d', descriptionLength),
            ProjectFields.DefaultServiceRole,
            "",
            Quota.Default,
            TagSet.Empty,
            1,
            1,
            new ProjectCapacity(1, 1))
        {
            Number = number,
        };
}
