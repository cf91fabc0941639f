using System.Globalization;

namespace Imm.Core.Benchmarks.Throughput.Measuring;

/// <summary>Numbers for people, to the digits that mean something.</summary>
internal static class Words
{
    public static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A value of a row.</summary>
    public static string Value(double value, Unit unit) => unit switch
    {
        Unit.OperationsPerSecond => Three(value) + "/s",
        Unit.Nanoseconds => Time(value),
        _ => Three(value) + " B",
    };

    public static string Time(double nanoseconds) => nanoseconds switch
    {
        < 1e3 => Three(nanoseconds) + " ns",
        < 1e6 => Three(nanoseconds / 1e3) + " µs",
        < 1e9 => Three(nanoseconds / 1e6) + " ms",
        _ => Three(nanoseconds / 1e9) + " s",
    };

    public static string Ratio(double ratio) => Three(ratio) + " ×";

    public static string Percent(double part) => string.Create(CultureInfo.InvariantCulture, $"{part:P0}").Replace(" ", "", StringComparison.Ordinal);

    /// <summary>Three digits, where that is not more than two behind the point; two of what is less than a tenth.</summary>
    public static string Three(double value)
    {
        double size = Math.Abs(value);
        if (size >= 100)
        {
            double step = Math.Pow(10, Math.Floor(Math.Log10(size)) - 2);
            return ((long)(Math.Round(value / step) * step)).ToString("N0", CultureInfo.InvariantCulture);
        }

        return value.ToString(size >= 10 ? "0.#" : size >= 0.1 || size == 0 ? "0.##" : "G2", CultureInfo.InvariantCulture);
    }
}
