using System.Globalization;
using System.Text;

namespace Godwit.Bench;

/// <summary>What a step costs on disk beside its payload, as a run grows.</summary>
internal static class SizeBench
{
    /// <param name="plot">Where the plot is written; null for none.</param>
    public static async Task RunAsync(string? plot)
    {
        var points = new List<(int Steps, long Bytes)>();
        const int Payload = 200;
        using var scratch = new Scratch();
        Console.WriteLine("steps,bytes,bytes_a_step_beside_payload");
        foreach (var count in (int[])[1_000, 5_000, 10_000, 25_000, 50_000, 100_000])
        {
            var folder = scratch.Next();
            await using (var run = await Runs.CreateAsync(folder, new Steps(), new StepsInput(count, new string('x', Payload))))
            {
                (await run.RunAsync()).Result<int>();
            }

            var bytes = Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);
            points.Add((count, bytes));
            var payload = Payload + "{\"payload\":\"\",\"value\":}".Length + 5;
            Console.WriteLine($"{count},{bytes},{(bytes - (double)count * payload) / count:F0}");
        }

        if (plot is not null)
        {
            await File.WriteAllTextAsync(plot, Plot(points));
        }
    }

    /// <summary>Bytes against steps, with a straight line from nothing to the last point.</summary>
    private static string Plot(IReadOnlyList<(int Steps, long Bytes)> points)
    {
        const int Width = 560, Height = 300, Left = 70, Bottom = 40;
        var (steps, bytes) = points[^1];
        double X(double value) => Left + value / steps * (Width - Left - 20);
        double Y(double value) => Height - Bottom - value / bytes * (Height - Bottom - 20);
        var svg = new StringBuilder(
            $"<svg xmlns='http://www.w3.org/2000/svg' width='{Width}' height='{Height}' font-family='sans-serif' " +
            $"font-size='12'><rect width='{Width}' height='{Height}' fill='#fff'/>");
        svg.Append(
            CultureInfo.InvariantCulture,
            $"<line x1='{X(0):F1}' y1='{Y(0):F1}' x2='{X(steps):F1}' y2='{Y(bytes):F1}' stroke='#8a95a3' stroke-dasharray='4 3'/>");
        svg.Append(
            CultureInfo.InvariantCulture,
            $"<path d='M{X(0)} 20V{Y(0)}H{X(steps)}' fill='none' stroke='#1b2430'/><text x='{X(steps)}' y='{Height - 8}' " +
            $"text-anchor='end'>steps</text><text x='8' y='14'>MB on disk</text>");
        foreach (var (count, size) in points)
        {
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<circle cx='{X(count):F1}' cy='{Y(size):F1}' r='4' fill='#0f6d74'/><text x='{X(count):F1}' y='{Height - 22}' text-anchor='middle'>{(count >= 10_000 ? $"{count / 1000}k" : "")}</text><text x='{Left - 8}' y='{Y(size) + 4:F1}' text-anchor='end'>{(count >= 10_000 ? $"{size / 1e6:F1}" : "")}</text>");
        }

        return svg.Append("</svg>\n").ToString();
    }
}
