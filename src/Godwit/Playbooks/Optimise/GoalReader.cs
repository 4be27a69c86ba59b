using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Godwit.Search;
using Godwit.Verification;
using YamlDotNet.RepresentationModel;

namespace Godwit.Playbooks.Optimise;

/// <summary>Reads goal files. Every mistake of a file is reported, each with its place.</summary>
public sealed class GoalReader
{
    private readonly List<GoalProblem> _problems = [];

    private GoalReader()
    {
    }

    /// <summary>Reads a goal.</summary>
    /// <param name="text">The file's content.</param>
    /// <param name="folder">The goal's folder from the top of its repository.</param>
    /// <param name="name">A short name for runs and branches.</param>
    /// <param name="problems">Every mistake; the goal is null unless there is none.</param>
    public static Goal? Read(string text, string folder, string name, out IReadOnlyList<GoalProblem> problems)
    {
        var reader = new GoalReader();
        problems = reader._problems;
        if (YamlMap.Parse(text, reader._problems) is not { } root)
        {
            return null;
        }

        var goal = reader.ReadGoal(root, folder, name) with { Hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))) };
        root.RefuseOthers();
        reader._problems.Sort((left, right) => (left.Line, left.Column).CompareTo((right.Line, right.Column)));
        return reader._problems.Count == 0 ? goal : null;
    }

    private Goal ReadGoal(YamlMap root, string folder, string name)
    {
        var title = root.Text("goal", required: true) ?? "";
        if (root.Text("playbook") is { } playbook && playbook is not ("optimise" or "optimize"))
        {
            root.Problem("playbook", $"there is no playbook '{playbook}'; there is optimise");
        }

        var budget = root.Map("budget");
        var claim = root.Map("claim");
        var harness = ReadHarness(root, folder);
        var parameters = ReadParameters(root, harness);
        var proposer = root.Text("proposer");
        if (parameters is null)
        {
            root.Problem("parameters", "'parameters' is missing: without it there is nothing to try");
        }

        var goal = new Goal
        {
            Title = title,
            Name = name,
            Hash = "",
            Harness = harness,
            Parameters = parameters,
            Proposer = proposer,
            Trials = (int)(budget?.Number("trials", 1, 100_000, whole: true) ?? 60),
            Seconds = budget?.Duration("time")?.TotalSeconds ?? 0,
            MinimumEffect = claim?.Fraction("minimum_effect", 0.0001, 10) ?? 0.05,
            Confidence = claim?.Fraction("confidence", 0.5, 0.9999) ?? 0.95,
            Seed = (ulong)(root.Number("seed", 0, 9e15, whole: true) ?? 0),
        };
        budget?.RefuseOthers();
        claim?.RefuseOthers();
        return goal;
    }

    private static HarnessSpec ReadHarness(YamlMap root, string folder)
    {
        var measure = root.Map("measure", required: true);
        var holdOut = root.Map("holdout");
        var sandbox = root.Map("sandbox");
        var direction = measure?.Text("direction");
        if (direction is not (null or "maximise" or "maximize" or "minimise" or "minimize"))
        {
            measure!.Problem("direction", $"'measure.direction' is '{direction}', and must be maximise or minimise");
        }

        var build = root.Node("build") is YamlMappingNode ? root.Map("build") : null;
        var editable = root.List("editable");
        if (editable.Count == 0)
        {
            root.Problem("editable", "'editable' is missing: it lists the files that a candidate may change, such as [settings.json]");
        }

        var spec = new HarnessSpec
        {
            Folder = folder,
            Editable = editable,
            Setup = root.Text("setup"),
            Build = build is null ? root.Text("build") : build.Text("command", required: true),
            BuildInputs = build?.Has("inputs") == true ? build.List("inputs") : null,
            Check = root.Text("check"),
            Measure = measure?.Text("command", required: true) ?? "",
            Metric = measure?.Text("metric", required: true) ?? "",
            Unit = measure?.Text("unit"),
            Maximise = direction is null or "maximise" or "maximize",
            Timeout = measure?.Duration("timeout") ?? TimeSpan.FromMinutes(10),
            BuildTimeout = root.Duration("timeout") ?? TimeSpan.FromMinutes(10),
            Cpus = (int)(measure?.Number("cpus", 0, 1024, whole: true) ?? 0),
            HoldOut = holdOut?.Text("command", required: true),
            HoldOutFiles = holdOut?.List("files") ?? [],
            Constraints = ReadExpressions(root, "constraints"),
            Read = [.. (sandbox?.List("read") ?? []).Select(Expand)],
        };
        measure?.RefuseOthers();
        holdOut?.RefuseOthers();
        sandbox?.RefuseOthers();
        build?.RefuseOthers();
        return spec;
    }

    private static string Expand(string path) => path is "~" || path.StartsWith("~/", StringComparison.Ordinal)
        ? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) + path[1..]
        : path;

    private static IReadOnlyList<string> ReadExpressions(YamlMap map, string key)
    {
        var texts = map.List(key);
        foreach (var text in texts)
        {
            try
            {
                Expression.Parse(text);
            }
            catch (FormatException error)
            {
                map.Problem(key, error.Message);
            }
        }

        return texts;
    }

    private ParameterSpec? ReadParameters(YamlMap root, HarnessSpec harness)
    {
        if (root.Map("parameters") is not { } map)
        {
            return null;
        }

        var file = map.Text("file", required: true) ?? "";
        if (file.Length > 0 && !new Glob(harness.Editable).Matches(file))
        {
            map.Problem("file", $"'parameters.file' is {file}, which 'editable' doesn't allow to change; add it there");
        }

        if (Path.GetExtension(file) is not (".json" or ".env" or ".conf" or ".properties" or ".ini" or ""))
        {
            map.Problem("file", $"'parameters.file' is {file}; known are JSON (.json) and lines of NAME=value (.env, .conf, .properties)");
        }

        var parameters = new List<Parameter>();
        if (map.Map("space", required: true) is { } space)
        {
            foreach (var (name, _, value) in space.Entries)
            {
                space.Node(name);
                if (space.AsMap(value, $"parameters.space.{name}.") is not { } one)
                {
                    space.Problem(value, $"'parameters.space.{name}' must be a mapping, such as {{type: int, low: 1, high: 10}}");
                }
                else if (ReadParameter(name, one) is { } parameter)
                {
                    parameters.Add(parameter);
                }
            }

            if (parameters.Count == 0 && _problems.Count == 0)
            {
                map.Problem("space", "'parameters.space' is empty: there is nothing to try");
            }
        }

        var constraints = ReadExpressions(map, "constraints");
        CheckNames(map, parameters, constraints);
        var points = ReadPoints(map, parameters);
        map.RefuseOthers();
        return new ParameterSpec { File = file, Space = parameters, Constraints = constraints, Try = points };
    }

    private static Parameter? ReadParameter(string name, YamlMap map)
    {
        var when = map.Text("when");
        if (when is not null)
        {
            ReadExpressions(map, "when");
        }

        var type = map.Text("type", required: true);
        var parameter = type switch
        {
            "choice" => ReadChoice(name, map, when),
            "int" => ReadRange(map) is var (low, high, log) ? new IntParameter(name, (long)low, (long)high, log, when) : null,
            "real" or "float" => ReadRange(map) is var (low, high, log) ? new RealParameter(name, low, high, log, when) : null,
            "boolean" or "bool" => new BooleanParameter(name, when),
            _ => (Parameter?)null,
        };
        if (type is not (null or "choice" or "int" or "real" or "float" or "boolean" or "bool"))
        {
            map.Problem("type", $"there is no type '{type}'; there are choice, int, real and boolean");
        }
        else
        {
            map.RefuseOthers();
        }

        return parameter;
    }

    private static ChoiceParameter? ReadChoice(string name, YamlMap map, string? when)
    {
        var ordered = map.Flag("ordered") ?? false;
        var values = map.List("values");
        if (values.Distinct().Count() < Math.Max(2, values.Count))
        {
            map.Problem("values", "a choice needs at least two values, each once");
            return null;
        }

        return new ChoiceParameter(name, values, ordered, when);
    }

    private static (double Low, double High, bool Log)? ReadRange(YamlMap map)
    {
        var low = map.Number("low", -1e15, 1e15);
        var high = map.Number("high", -1e15, 1e15);
        var scale = map.Text("scale");
        if (scale is not (null or "linear" or "log"))
        {
            map.Problem("scale", $"'scale' is '{scale}', and must be linear or log");
        }

        if (low is null || high is null)
        {
            map.Problem("low", "a range needs 'low' and 'high'");
            return null;
        }

        if (low >= high)
        {
            map.Problem("high", $"'high' is {high}, which isn't above 'low' ({low})");
            return null;
        }

        if (scale == "log" && low <= 0)
        {
            map.Problem("low", "a log scale needs 'low' above 0");
            return null;
        }

        return (low.Value, high.Value, scale == "log");
    }

    private static void CheckNames(YamlMap map, List<Parameter> parameters, IReadOnlyList<string> constraints)
    {
        var known = parameters.Select(parameter => parameter.Name).Concat(parameters.OfType<ChoiceParameter>().SelectMany(choice => choice.Values)).Append("true").Append("false").ToHashSet(StringComparer.Ordinal);
        foreach (var text in constraints.Concat(parameters.Where(parameter => parameter.When is not null).Select(parameter => parameter.When!)))
        {
            try
            {
                if (Expression.Parse(text).Names.FirstOrDefault(name => !known.Contains(name)) is { } stranger)
                {
                    map.Problem("space", $"'{text}' names '{stranger}', which is neither a parameter nor a value of one");
                }
            }
            catch (FormatException)
            {
                // Reported where the expression was read.
            }
        }
    }

    private static List<IReadOnlyDictionary<string, string>> ReadPoints(YamlMap map, List<Parameter> parameters)
    {
        var points = new List<IReadOnlyDictionary<string, string>>();
        if (map.Node("try") is not { } node)
        {
            return points;
        }

        if (node is not YamlSequenceNode sequence || sequence.Children.Any(child => child is not YamlMappingNode))
        {
            map.Problem(node, "'parameters.try' must be a list of mappings, such as [{a: 1}]");
            return points;
        }

        foreach (var point in sequence.Children.Cast<YamlMappingNode>())
        {
            var values = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var (key, value) in point.Children)
            {
                var name = ((YamlScalarNode)key).Value ?? "";
                var text = (value as YamlScalarNode)?.Value ?? "";
                if (parameters.Find(parameter => parameter.Name == name) is not { } parameter)
                {
                    map.Problem(key, $"'{name}' in 'parameters.try' is no parameter of the space");
                }
                else if (!parameter.Accepts(text))
                {
                    map.Problem(value, $"'{text}' in 'parameters.try' is no value of '{name}'");
                }
                else
                {
                    values[name] = text;
                }
            }

            points.Add(values);
        }

        return points;
    }
}
