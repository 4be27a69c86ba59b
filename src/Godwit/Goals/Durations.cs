using System.Globalization;

namespace Godwit.Goals;

/// <summary>Times as people write them.</summary>
public static class Durations
{
    /// <summary>Reads 500ms, 20s, 2m, 1h, or a number of seconds.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        var split = text.Length;
        while (split > 0 && char.IsLetter(text[split - 1]))
        {
            split--;
        }

        double? unit = text[split..] switch { "ms" => 0.001, "" or "s" => 1, "m" or "min" => 60, "h" => 3600, _ => null };
        duration = default;
        if (unit is null
            || !double.TryParse(text[..split].Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            || number <= 0
            || number * unit > 1e7)
        {
            return false;
        }

        duration = TimeSpan.FromSeconds(number * unit.Value);
        return true;
    }
}
