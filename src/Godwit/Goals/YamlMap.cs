using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Godwit.Goals;

/// <summary>A mapping of a YAML file that collects every mistake instead of stopping at the first.</summary>
public sealed class YamlMap
{
    private readonly YamlMappingNode _node;
    private readonly List<GoalProblem> _problems;
    private readonly string _path;
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);
    private readonly ISet<string>? _known;

    /// <summary>A mapping of a file.</summary>
    /// <param name="node">The mapping.</param>
    /// <param name="path">Where it stands, with a dot at its end.</param>
    /// <param name="problems">Takes every mistake.</param>
    /// <param name="known">Takes the path of every key that is asked for; null for nobody.</param>
    public YamlMap(YamlMappingNode node, string path, List<GoalProblem> problems, ISet<string>? known = null)
    {
        _node = node;
        _path = path;
        _problems = problems;
        _known = known;
    }

    /// <summary>The keys in their order, with where they stand and what they hold.</summary>
    public IEnumerable<(string Key, YamlNode KeyNode, YamlNode Value)> Entries =>
        _node.Children.Select(pair => (((YamlScalarNode)pair.Key).Value ?? "", pair.Key, pair.Value));

    /// <summary>Every mistake that was reported so far.</summary>
    internal List<GoalProblem> Problems => _problems;

    /// <summary>Whether a key is there; it counts as read.</summary>
    public bool Has(string key) => Node(key) is not null;

    /// <summary>Reports a mistake at a key.</summary>
    public void Problem(string key, string message) => Problem(Node(key) ?? _node, message);

    /// <summary>Reports a mistake at a place.</summary>
    public void Problem(YamlNode at, string message) => _problems.Add(new GoalProblem(at.Start.Line, at.Start.Column, message));

    /// <summary>A text; null where it is missing.</summary>
    public string? Text(string key, bool required = false)
    {
        switch (Node(key))
        {
            case YamlScalarNode scalar when !string.IsNullOrWhiteSpace(scalar.Value):
                return scalar.Value;
            case null:
                if (required)
                {
                    Problem(_node, $"'{_path}{key}' is missing");
                }

                return null;
            case var other:
                Problem(other, $"'{_path}{key}' must be text");
                return null;
        }
    }

    /// <summary>A number within bounds; null where it is missing or wrong, which is reported.</summary>
    public double? Number(string key, double minimum, double maximum, bool whole = false)
    {
        if (Text(key) is not { } text)
        {
            return null;
        }

        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            && value >= minimum
            && value <= maximum
            && (!whole || value == Math.Floor(value)))
        {
            return value;
        }

        Problem(key, $"'{_path}{key}' is '{text}', and must be a {(whole ? "whole " : "")}number from {minimum:G6} to {maximum:G15}");
        return null;
    }

    /// <summary>A fraction, written as 5% or 0.05.</summary>
    public double? Fraction(string key, double minimum, double maximum)
    {
        if (Text(key) is not { } text)
        {
            return null;
        }

        var percent = text.EndsWith('%');
        if (double.TryParse(percent ? text[..^1] : text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
        {
            value = percent ? value / 100 : value;
            if (value >= minimum && value <= maximum)
            {
                return value;
            }
        }

        Problem(key, $"'{_path}{key}' is '{text}', and must be between {minimum:P1} and {maximum:P1}");
        return null;
    }

    /// <summary>A duration, written as 500ms, 20s, 2m or 1h.</summary>
    public TimeSpan? Duration(string key)
    {
        if (Text(key) is not { } text)
        {
            return null;
        }

        if (Durations.TryParse(text, out var duration))
        {
            return duration;
        }

        Problem(key, $"'{_path}{key}' is '{text}', and must be a time such as 500ms, 20s, 2m or 1h");
        return null;
    }

    /// <summary>An amount of data in bytes, written as 64 kB, 10 MB or 1 GiB; null where it is missing or wrong, which is reported.</summary>
    public long? Size(string key)
    {
        if (Text(key) is not { } text)
        {
            return null;
        }

        if (ByteSizes.TryParse(text, out var bytes))
        {
            return bytes;
        }

        Problem(key, $"'{_path}{key}' is '{text}', and must be an amount such as 64 kB, 10 MB or 1 GiB");
        return null;
    }

    /// <summary>A flag, written as true, yes, false or no; null where it is missing or wrong, which is reported.</summary>
    public bool? Flag(string key)
    {
        switch (Text(key))
        {
            case null:
                return null;
            case "true" or "yes":
                return true;
            case "false" or "no":
                return false;
            case var other:
                Problem(key, $"'{_path}{key}' is '{other}', and must be true or false");
                return null;
        }
    }

    /// <summary>A list of texts, or one text; empty where it is missing.</summary>
    public IReadOnlyList<string> List(string key)
    {
        switch (Node(key))
        {
            case null:
                return [];
            case YamlSequenceNode sequence when sequence.Children.All(child => child is YamlScalarNode):
                return [.. sequence.Children.Select(child => ((YamlScalarNode)child).Value ?? "")];
            case YamlScalarNode { Value: { Length: > 0 } single }:
                return [single];
            case var other:
                Problem(other, $"'{_path}{key}' must be a list, such as [a, b]");
                return [];
        }
    }

    /// <summary>A list of paths of this machine, in which ~ is the user's home.</summary>
    public IReadOnlyList<string> Paths(string key) => [.. List(key).Select(Expand)];

    /// <summary>What a key holds; null where it is missing. It counts as read.</summary>
    public YamlNode? Node(string key)
    {
        _read.Add(key);
        _known?.Add(_path + key);
        return _node.Children.TryGetValue(new YamlScalarNode(key), out var node) ? node : null;
    }

    /// <summary>A mapping below this one; null where it is missing.</summary>
    public YamlMap? Map(string key, bool required = false)
    {
        switch (Node(key))
        {
            case YamlMappingNode map:
                return new YamlMap(map, $"{_path}{key}.", _problems, _known);
            case null:
                if (required)
                {
                    Problem(_node, $"'{_path}{key}' is missing");
                }

                return null;
            case var other:
                Problem(other, $"'{_path}{key}' must be a mapping, such as {{{key}: {{...}}}}");
                return null;
        }
    }

    /// <summary>One mapping, or a list of them.</summary>
    public IReadOnlyList<YamlMap> Maps(string key)
    {
        if (Node(key) is not YamlSequenceNode sequence)
        {
            return Map(key) is { } one ? [one] : [];
        }

        foreach (var other in sequence.Children.Where(child => child is not YamlMappingNode))
        {
            Problem(other, $"'{_path}{key}' must be a mapping, or a list of them");
        }

        return [.. sequence.Children.OfType<YamlMappingNode>().Select(map => new YamlMap(map, $"{_path}{key}.", _problems, _known))];
    }

    /// <summary>A node as a mapping; null where it is none.</summary>
    public YamlMap? AsMap(YamlNode node, string path) => node is YamlMappingNode map ? new YamlMap(map, path, _problems, _known) : null;

    /// <summary>Says of every key that nothing has read that it means nothing here, with the nearest that does.</summary>
    public void RefuseOthers()
    {
        foreach (var (key, node, _) in Entries.Where(entry => !_read.Contains(entry.Key)))
        {
            var near = _read.Where(known => Distance(known, key) <= 2).MinBy(known => Distance(known, key));
            Problem(
                node,
                $"'{_path}{key}' means nothing " +
                $"here{(near is null ? $"; known are {string.Join(", ", _read.Order(StringComparer.Ordinal))}" : $"; did you mean '{near}'?")}");
        }
    }

    /// <summary>The mapping that a file is; null where it is none, which is reported.</summary>
    /// <param name="text">The file.</param>
    /// <param name="problems">Takes every mistake.</param>
    /// <param name="known">Takes the path of every key that is asked for; null for nobody.</param>
    /// <param name="must">What is said of a file that is no mapping.</param>
    public static YamlMap? Parse(
        string text, List<GoalProblem> problems, ISet<string>? known = null,
        string must = "a goal file is one YAML mapping; 'godwit init' writes one to start from")
    {
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            if (stream.Documents is [{ RootNode: YamlMappingNode root }])
            {
                var odd = root.AllNodes.OfType<YamlMappingNode>()
                    .SelectMany(map => map.Children.Keys)
                    .FirstOrDefault(key => key is not YamlScalarNode);
                if (odd is null)
                {
                    return new YamlMap(root, "", problems, known);
                }

                problems.Add(
                    new GoalProblem(
                        odd.Start.Line, odd.Start.Column,
                        "a name is one word; this is a list or a mapping (a command that starts with [ or { needs quotes)"));
                return null;
            }

            problems.Add(new GoalProblem(0, 0, must));
        }
        catch (YamlException error)
        {
            problems.Add(
                new GoalProblem(
                    error.Start.Line, error.Start.Column, $"this is no YAML: {error.InnerException?.Message ?? error.Message}"));
        }

        catch (InvalidOperationException)
        {
            // What YamlDotNet throws where a text ends within a bracket.
            problems.Add(new GoalProblem(text.AsSpan().Count('\n') + 1, 1, "this is no YAML: it ends within a { or [ that isn't closed"));
        }

        return null;
    }

    private static string Expand(string path) => path is "~" || path.StartsWith("~/", StringComparison.Ordinal)
        ? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) + path[1..]
        : path;

    /// <summary>The Levenshtein distance.</summary>
    private static int Distance(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                (diagonal, row[j]) = (
                    row[j], Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (left[i - 1] == right[j - 1] ? 0 : 1)));
            }
        }

        return row[^1];
    }
}
