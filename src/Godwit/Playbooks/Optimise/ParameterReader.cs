using Godwit.Goals;
using Godwit.Search;
using Godwit.Settings;
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

        var (file, form) = ReadFile(map);
        var template = map.Text("template");
        if (file.Length > 0 && !new Glob(harness.Editable).Matches(file))
        {
            map.Problem(form, $"'parameters.{form}' is {file}, which 'editable' doesn't allow to change; add it there");
        }

        if (template is not null && form != "file")
        {
            map.Problem("template", $"'parameters.template' makes a 'file', and this goal has '{form}'");
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
                else if (ReadParameter(name, one, [.. space.Entries.Select(entry => entry.Key)]) is { } parameter)
                {
                    parameters.Add(parameter);
                }
            }

            if (parameters.Count == 0 && problems.Count == 0)
            {
                map.Problem("space", "'parameters.space' is empty: there is nothing to try");
            }
        }

        var constraints = OptimiseGoalReader.ReadExpressions(map, "constraints", parameters.Select(parameter => parameter.Name));
        CheckNames(map, parameters, constraints);
        var points = ReadPoints(map, parameters);
        map.RefuseOthers();
        return new ParameterSpec { File = file, Template = template, Space = parameters, Constraints = constraints, Try = points };
    }

    private static Parameter? ReadParameter(string name, YamlMap map, IReadOnlyList<string> names)
    {
        var when = map.Text("when");
        if (when is not null)
        {
            OptimiseGoalReader.ReadExpressions(map, "when", names);
        }

        var type = map.Text("type", required: true);
        var parameter = type switch
        {
            "choice" => ReadChoice(name, map, when),
            "int" => ReadRange(map, whole: true) is var (low, high, log, step)
                ? new IntParameter(name, (long)low, (long)high, log, when, step is { } by ? (long)by : 1)
                : null,
            "real" or "float" =>
                ReadRange(map, whole: false) is var (low, high, log, step)
                    ? new RealParameter(name, low, high, log, when, step ?? 0)
                    : null,
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
        IReadOnlyList<string> values = map.Node("values") is YamlSequenceNode { Children: var children }
            && children.All(child => child is YamlScalarNode)
            ? [.. children.Select(child => Text((YamlScalarNode)child))] : map.List("values");
        if (values.Distinct().Count() < Math.Max(2, values.Count))
        {
            map.Problem("values", "a choice needs at least two values, each once");
            return null;
        }

        return new ChoiceParameter(name, values, ordered, when, ReadTexts(map));
    }

    /// <summary>
    /// The values that are text: quoted ones, and plain ones that YAML reads as neither a number, a truth value nor null.
    /// </summary>
    private static List<string> ReadTexts(YamlMap map) => map.Node("values") is not YamlSequenceNode sequence ? []
        :
        [
            .. sequence.Children.OfType<YamlScalarNode>()
                .Where(node => node.Style != YamlDotNet.Core.ScalarStyle.Plain || YamlFormat.Plain(node.Value ?? "").IsText)
                .Select(Text),
        ];

    /// <summary>A value as a reader of the file gets it: null, true and false have one spelling, numbers keep their digits.</summary>
    private static string Text(YamlScalarNode node) =>
        node.Style == YamlDotNet.Core.ScalarStyle.Plain ? YamlFormat.Plain(node.Value ?? "").Text : node.Value ?? "";

    private static (string File, string Form) ReadFile(YamlMap map)
    {
        string[] forms = ["file", "env", "args"];
        var given = forms.Where(map.Has).ToList();
        if (given.Count > 1)
        {
            map.Problem(given[1], $"'parameters' has both {given[0]} and {given[1]}, and takes one of file, env and args");
        }

        var form = given.FirstOrDefault() ?? "file";
        return (map.Text(form, required: true) ?? "", form);
    }

    private static (double Low, double High, bool Log, double? Step)? ReadRange(YamlMap map, bool whole)
    {
        var low = map.Number("low", -1e15, 1e15, whole);
        var high = map.Number("high", -1e15, 1e15, whole);
        var step = map.Number("step", whole ? 1 : 1e-12, 1e15, whole);
        var scale = map.Text("scale");
        if (scale is not (null or "linear" or "log"))
        {
            map.Problem("scale", $"'scale' is '{scale}', and must be linear or log");
        }

        if (low is null || high is null)
        {
            // One that is there and can't be read has its own problem.
            foreach (var missing in ((string[])["low", "high"]).Where(key => !map.Has(key)))
            {
                map.Problem(missing, $"a range needs '{missing}'");
            }

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

        if (step > high - low)
        {
            map.Problem("step", $"'step' is {step}, which is more than from 'low' to 'high'");
            return null;
        }

        return (low.Value, high.Value, scale == "log", step);
    }

    private static void CheckNames(YamlMap map, List<Parameter> parameters, IReadOnlyList<string> constraints)
    {
        var known = parameters.Select(parameter => parameter.Name)
            .Concat(parameters.OfType<ChoiceParameter>().SelectMany(choice => choice.Values))
            .Append("true")
            .Append("false")
            .ToHashSet(StringComparer.Ordinal);
        foreach (var text in constraints
            .Concat(parameters.Where(parameter => parameter.When is not null).Select(parameter => parameter.When!)))
        {
            try
            {
                if (
                    Expression.Parse(text, parameters.Select(parameter => parameter.Name)).Names
                        .FirstOrDefault(name => !known.Contains(name)) is { } stranger)
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
                var text = value is YamlScalarNode scalar ? Text(scalar) : "";
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
