using System.Globalization;

namespace Imm.Core.Benchmarks.Throughput.Measuring;

/// <summary>Formats numbers for people, rounded to the significant digits.</summary>
internal static class NumberFormat
{
    public static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    public static string Value(double value, Unit unit) => unit switch
    {
        Unit.OperationsPerSecond => ThreeDigits(value) + "/s",
        Unit.Nanoseconds => Time(value),
        _ => ThreeDigits(value) + " B",
    };

    public static string Time(double nanoseconds) => nanoseconds switch
    {
        < 1e3 => ThreeDigits(nanoseconds) + " ns",
        < 1e6 => ThreeDigits(nanoseconds / 1e3) + " µs",
        < 1e9 => ThreeDigits(nanoseconds / 1e6) + " ms",
        _ => ThreeDigits(nanoseconds / 1e9) + " s",
    };

    public static string Ratio(double ratio) => ThreeDigits(ratio) + " ×";

    /// <summary>Formats to three significant digits and at most two decimals; below 0.1 to two significant digits.</summary>
    public static string ThreeDigits(double value)
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
