using Godwit.Search;
using Godwit.Verification;
using YamlDotNet.RepresentationModel;

namespace Godwit.Playbooks.Optimise;

/// <summary>Reads the parameters of a goal file.</summary>
internal static class ParameterReader
{
    public static ParameterSpec? Read(YamlMap root, HarnessSpec harness, List<GoalProblem> problems)
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

            if (parameters.Count == 0 && problems.Count == 0)
            {
                map.Problem("space", "'parameters.space' is empty: there is nothing to try");
            }
        }

        var constraints = GoalReader.ReadExpressions(map, "constraints");
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
            GoalReader.ReadExpressions(map, "when");
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
