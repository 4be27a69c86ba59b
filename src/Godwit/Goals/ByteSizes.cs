using System.Globalization;

namespace Godwit.Goals;

/// <summary>Amounts of data as people write them.</summary>
public static class ByteSizes
{
    private static readonly Dictionary<string, double> Units = new(StringComparer.OrdinalIgnoreCase)
    {
        ["B"] = 1, ["kB"] = 1e3, ["MB"] = 1e6, ["GB"] = 1e9, ["TB"] = 1e12,
        ["KiB"] = 1L << 10, ["MiB"] = 1L << 20, ["GiB"] = 1L << 30, ["TiB"] = 1L << 40,
    };

    /// <summary>Reads 64 kB, 10 MB or 1.5 GiB, with its unit.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        var digits = text.AsSpan().LastIndexOfAnyInRange('0', '9') + 1;
        bytes = 0;
        if (!Units.TryGetValue(text[digits..].Trim(), out var unit)
            || !double.TryParse(text[..digits].Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            || number * unit > 1e15)
        {
            return false;
        }

        bytes = (long)(number * unit);
        return true;
    }

    /// <summary>Writes an amount with two to three digits, such as 12.4 MB.</summary>
    public static string Write(long bytes)
    {
        var (value, unit) = bytes switch
        {
            >= 1_000_000_000 => (bytes / 1e9, "GB"),
            >= 1_000_000 => (bytes / 1e6, "MB"),
            >= 1000 => (bytes / 1e3, "kB"),
            _ => (bytes, "B"),
        };
        var format = value switch { >= 100 => "0", >= 10 => "0.#", _ => "0.##" };
        return $"{value.ToString(format, CultureInfo.InvariantCulture)} {unit}";
    }
}
