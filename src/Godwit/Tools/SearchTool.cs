using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Godwit.Models;
using Godwit.Workspaces;

namespace Godwit.Tools;

/// <summary>Finds lines by a regular expression.</summary>
/// <param name="ripgrep">The ripgrep that searches; null where there is none.</param>
public sealed class SearchTool(string? ripgrep) : ITool
{
    private const int MostHits = 100;
    private const int MostOfLine = 300;
    private const long Largest = 2 << 20;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public ToolSpec Spec { get; } = new(
        "search", "Finds the lines that match a regular expression, as path:line:text.",
        """{"type":"object","properties":{"pattern":{"type":"string"},"path":{"type":"string","description":"folder or file; all when left out"}},"required":["pattern"]}""");

    /// <inheritdoc/>
    public ToolEffects EffectsOf(ToolArguments arguments) => ToolEffects.Reading(arguments.TextOrNull("path") ?? "");

    /// <inheritdoc/>
    public async Task<ToolOutput> RunAsync(ToolContext context, ToolArguments arguments, CancellationToken cancellation)
    {
        var place = TreePath.Resolve(context.Tree, arguments.TextOrNull("path") ?? "");
        if (!File.Exists(place) && !Directory.Exists(place))
        {
            throw new ToolException($"there is no {arguments.TextOrNull("path")}");
        }

        var hits = new StringBuilder();
        var count = 0;
        void Hit(string file, string number, string line)
        {
            if (++count <= MostHits)
            {
                hits.Append(
                    CultureInfo.InvariantCulture,
                    $"{Path.GetRelativePath(context.Tree.Path, file)}:{number}:" +
                    $"{(line.Length > MostOfLine ? line[..MostOfLine] + "..." : line)}\n");
            }
        }

        await (ripgrep is null
            ? SearchAsync(Pattern(arguments.Text("pattern")), place, Hit, cancellation)
            : Ripgrep.SearchAsync(ripgrep, arguments.Text("pattern"), place, Largest, Hit, cancellation));
        return new ToolOutput(count switch
        {
            0 => "nothing matches",
            > MostHits => $"{hits}... and {count - MostHits} more; narrow the pattern or the path\n",
            _ => hits.ToString(),
        });
    }

    private static Regex Pattern(string pattern)
    {
        try
        {
            // Without backtracking no pattern can take for ever.
            return new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, Limit);
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException)
        {
            throw new ToolException($"'pattern' can't be used: {error.Message}; look-around and back-references aren't available");
        }
    }

    private static async Task SearchAsync(Regex pattern, string place, Action<string, string, string> hit, CancellationToken cancellation)
    {
        var files = File.Exists(place)
            ? (IEnumerable<string>)[place]
            : Directory.EnumerateFiles(
                place, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
                .Order(StringComparer.Ordinal);
        foreach (var file in files.Where(file => new FileInfo(file).Length <= Largest && !TreePath.IsBuilt(place, file)))
        {
            var content = await File.ReadAllBytesAsync(file, cancellation);
            if (content.AsSpan(0, Math.Min(content.Length, 8000)).Contains((byte)0))
            {
                continue;
            }

            var number = 0;
            foreach (var line in Encoding.UTF8.GetString(content).Split('\n'))
            {
                number++;
                if (pattern.IsMatch(line))
                {
                    hit(file, number.ToString(CultureInfo.InvariantCulture), line);
                }
            }
        }
    }
}
