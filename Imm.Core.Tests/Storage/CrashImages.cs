using System.Collections.Immutable;

namespace Imm.Core.Tests.Storage;

/// <summary>One content that a disk may have after a power cut; as text, what became of each unflushed change.</summary>
internal sealed class CrashImage(SimulatedDisk disk, Func<string> describe)
{
    /// <summary>The disk as the next start finds it: everything on it durable, nothing open.</summary>
    public SimulatedDisk Disk { get; } = disk;

    public override string ToString() => describe();
}

/// <summary>Bytes and length of a file. The bytes after the end are always zero.</summary>
internal readonly record struct Content(SparseBytes Bytes, long Length)
{
    public static Content Empty { get; } = new(SparseBytes.Empty, 0);

    public Content Write(long offset, ReadOnlySpan<byte> data) =>
        new(Bytes.Write(offset, data), data.Length == 0 ? Length : Math.Max(Length, offset + data.Length));

    public Content SetLength(long length) => new(length < Length ? Bytes.Cut(length) : Bytes, length);
}

/// <summary>A file at one moment: what a power cut leaves, what a reader sees, and the changes between the two.</summary>
internal sealed record FileState(Content Durable, Content Current, ImmutableList<Change> Unflushed)
{
    public static FileState Flushed(Content content) => new(content, content, []);
}

/// <summary>
/// An unflushed change of a file: a write of some bytes, or a set-length (no offset). It holds the content after itself, so that a
/// sector it leaves behind is the sector as it then was, with every earlier write into the same sector: the cache writes sectors.
/// </summary>
internal sealed record Change(long Number, string Path, long? Offset, int Count, Content Before, Content After)
{
    private const int SectorSize = 512;

    public void Apply(Fate fate, ref SparseBytes bytes, ref long length)
    {
        long? kept = null;
        if (Offset is long offset)
        {
            long first = offset / SectorSize;
            int sectors = (int)((offset + Count + SectorSize - 1) / SectorSize - first);
            for (int sector = 0; sector < sectors; sector++)
            {
                int start = sector;
                while (sector < sectors && fate.KeepsSector(sector, sectors))
                {
                    sector++;
                }

                if (sector > start)
                {
                    kept = (first + sector) * SectorSize;
                    bytes = bytes.Take(After.Bytes, (first + start) * SectorSize, kept.Value);
                }
            }
        }
        else if (fate.Length == LengthFate.New && After.Length < Before.Length)
        {
            bytes = bytes.Cut(After.Length);
        }

        if (After.Length != Before.Length)
        {
            length = fate.Length switch
            {
                LengthFate.New => After.Length,
                LengthFate.Data when kept > Before.Length => Math.Min(kept.Value, After.Length),
                _ => length,
            };
        }
    }

    public override string ToString() =>
        Offset is long offset ? $"#{Number} write '{Path}' {offset}+{Count}" : $"#{Number} set-length '{Path}' {After.Length}";
}

/// <summary>The effect of a change on the length of the file: nothing, up to the last sector kept, or all of it.</summary>
internal enum LengthFate
{
    Old,
    Data,
    New,
}

/// <summary>The part of a change that a power cut leaves: which of its sectors (index, count), and which length.</summary>
internal sealed record Fate(string Name, Func<int, int, bool> KeepsSector, LengthFate Length)
{
    public static Fate Kept { get; } = new("kept", (_, _) => true, LengthFate.New);

    public static Fate Dropped { get; } = new("dropped", (_, _) => false, LengthFate.Old);

    public static Fate DataOnly { get; } = new("kept without its length", (_, _) => true, LengthFate.Old);

    public static Fate LengthOnly { get; } = new("only its length kept", (_, _) => false, LengthFate.New);

    public static ImmutableArray<Fate> Halves { get; } =
    [
        new("torn, file ends after first half", (sector, count) => sector < count / 2, LengthFate.Data),
        new("torn, only first half of full length", (sector, count) => sector < count / 2, LengthFate.New),
        new("torn, only second half", (sector, count) => sector >= count / 2, LengthFate.New),
    ];

    /// <summary>A tear at random: the start, the end or any sectors of the change, and any of the lengths.</summary>
    public static Fate Torn(Random random)
    {
        double at = random.NextDouble();
        int seed = random.Next();
        var length = (LengthFate)random.Next(3);
        return random.Next(3) switch
        {
            0 => new($"first {at:P0} kept, length {length}", (sector, count) => sector < at * count, length),
            1 => new($"last {at:P0} kept, length {length}", (sector, count) => sector >= (1 - at) * count, length),
            _ => new($"sectors at random (seed {seed}) kept, length {length}", (sector, _) => Coin(seed, sector), length),
        };
    }

    // A function of the sector and not a running generator: a fate is the same however often it is asked.
    private static bool Coin(int seed, int sector)
    {
        unchecked
        {
            uint hash = ((uint)seed ^ ((uint)sector * 0x9E3779B9)) * 0x85EBCA6B;
            hash = (hash ^ (hash >> 15)) * 0xC2B2AE35;
            return (hash >> 31) == 0;
        }
    }
}

/// <summary>
/// Everything a power cut at one moment can leave: a list of possible names, and under each the files with their changes.
/// </summary>
internal sealed class CrashMoment(ImmutableArray<CrashMoment.Names> names)
{
    /// <summary>The extreme images, for each state of the names.</summary>
    public IEnumerable<CrashImage> Extremes() =>
        names.SelectMany(state => Extremes(state).Select(extreme => Image(state, extreme.What, extreme.Fate)));

    public CrashImage Any(Random random, string what)
    {
        // Mostly the newest names: under older ones there is often no file to look at.
        Names state = names[random.Next(2) == 0 ? ^1 : random.Next(names.Length)];
        var fates = new Dictionary<Change, Fate>(ReferenceEqualityComparer.Instance);
        foreach ((_, FileState file) in state.Files)
        {
            // Each file leans its own way, so that one is often ahead of another.
            double keep = random.Next(4) switch { 0 => 0, 1 => 1, _ => random.NextDouble() };
            double tear = random.NextDouble() / 2;
            foreach (Change change in file.Unflushed)
            {
                fates[change] = random.NextDouble() < tear ? Fate.Torn(random)
                    : random.NextDouble() < keep ? Fate.Kept
                    : Fate.Dropped;
            }
        }

        return Image(state, what, change => fates[change]);
    }

    private static IEnumerable<(string What, Func<Change, Fate> Fate)> Extremes(Names state)
    {
        yield return ("nothing kept", _ => Fate.Dropped);
        yield return ("everything kept", _ => Fate.Kept);
        yield return ("lengths lost", _ => Fate.DataOnly);
        yield return ("only lengths kept", _ => Fate.LengthOnly);

        Change[] changes = [.. state.Files.SelectMany(file => file.State.Unflushed).OrderBy(change => change.Number)];
        foreach (string path in changes.Select(change => change.Path).Distinct())
        {
            yield return ($"only '{path}' kept", change => change.Path == path ? Fate.Kept : Fate.Dropped);
            yield return ($"only '{path}' lost", change => change.Path == path ? Fate.Dropped : Fate.Kept);
        }

        foreach (Change one in changes)
        {
            yield return ($"kept up to {one}", change => change.Number <= one.Number ? Fate.Kept : Fate.Dropped);
            yield return ($"only {one} kept", change => change == one ? Fate.Kept : Fate.Dropped);
            yield return ($"only {one} lost", change => change == one ? Fate.Dropped : Fate.Kept);
            foreach (Fate half in Fate.Halves)
            {
                yield return ($"kept up to {one} {half.Name}",
                    change => change == one ? half : change.Number < one.Number ? Fate.Kept : Fate.Dropped);
                yield return ($"everything kept but {one} {half.Name}", change => change == one ? half : Fate.Kept);
            }
        }
    }

    private static CrashImage Image(Names state, string what, Func<Change, Fate> fate)
    {
        var disk = new SimulatedDisk();
        foreach ((string path, FileState file) in state.Files)
        {
            (SparseBytes bytes, long length) = file.Durable;
            foreach (Change change in file.Unflushed)
            {
                change.Apply(fate(change), ref bytes, ref length);
            }

            disk.Put(path, new Content(bytes.Cut(length), length));
        }

        return new CrashImage(disk, () => string.Join(
            Environment.NewLine,
            [
                $"{what}; names: {state.What}",
                .. state.Files.SelectMany(file => file.State.Unflushed).Select(change => $"  {change}: {fate(change).Name}"),
            ]));
    }

    /// <summary>One state of the names, and the files that have a name in it.</summary>
    internal sealed record Names(string What, ImmutableArray<(string Path, FileState State)> Files);
}
