using Godwit.Egress;
using Godwit.Goals;
using Godwit.Verification;
using YamlDotNet.RepresentationModel;

namespace Godwit.Playbooks.Optimise;

/// <summary>Reads how a goal is built, checked and measured, and tells which kind of measurement that is.</summary>
public static class HarnessReader
{
    private static readonly string[] Commands = ["command", "challenge", "driver"];

    internal static HarnessSpec Read(YamlMap root, string folder)
    {
        var measure = root.Map("measure", required: true);
        var holdOut = root.Map("holdout");
        var sandbox = root.Map("sandbox");
        var build = root.Node("build") is YamlMappingNode ? root.Map("build") : null;
        var editable = root.List("editable");
        if (editable.Count == 0)
        {
            root.Problem("editable", "'editable' is missing: it lists the files that a candidate may change, such as [settings.json]");
        }

        var (command, form) = measure is null ? ("", "command") : ReadCommand(measure, "measure");
        var answer = measure?.Text("answer");
        var metric = measure?.Text("metric")
            ?? (form == "challenge" ? MeasurementKinds.Round : answer is not null ? MeasurementKinds.Wall : null);
        if (metric is null && measure is not null)
        {
            measure.Problem("metric", "'measure.metric' is missing: it names the number that is to be made better");
        }

        var spec = new HarnessSpec
        {
            Folder = folder,
            Editable = editable,
            Setup = root.Text("setup"),
            Network = NetworkReader.Read(root),
            Build = build is null ? root.Text("build") : build.Text("command", required: true),
            BuildInputs = build?.Has("inputs") == true ? build.List("inputs") : null,
            Check = root.Text("check"),
            Kind =
                form switch { "challenge" => MeasurementKind.Challenge, "driver" => MeasurementKind.Driver, _ => MeasurementKind.SelfReported },
            Measure = command,
            Answer = answer,
            Rounds = (int)(measure?.Number("rounds", 1, 100_000, whole: true) ?? 1),
            Serve = measure?.Text("serve"),
            Port = (int)(measure?.Number("port", 1024, 65_535, whole: true) ?? 8080),
            Score = measure?.Text("score"),
            Labels = measure?.List("labels") ?? [],
            Timed = measure?.Text("timed"),
            Patterns = ReadPatterns(measure),
            ByDifference = ReadScale(measure),
            Metric = metric ?? "",
            Unit = measure?.Text("unit") ?? (metric is null ? null : UnitOf(metric)),
            Maximise = ReadMaximise(measure, metric ?? ""),
            Timeout = measure?.Duration("timeout") ?? TimeSpan.FromMinutes(10),
            BuildTimeout = root.Duration("timeout") ?? TimeSpan.FromMinutes(10),
            Cpus = (int)(measure?.Number("cpus", 0, 1024, whole: true) ?? 0),
            HoldOut = holdOut is null ? null : ReadCommand(holdOut, "holdout").Command,
            HoldOutScore = holdOut?.Text("score"),
            HoldOutFiles = holdOut?.List("files") ?? [],
            Constraints = OptimiseGoalReader.ReadExpressions(root, "constraints"),
            Read = sandbox?.Paths("read") ?? [],
        };

        // What it said is known from the kind now.
        _ = measure?.Flag("loads_candidate");
        measure?.RefuseOthers();
        holdOut?.RefuseOthers();
        sandbox?.RefuseOthers();
        build?.RefuseOthers();
        return spec;
    }

    /// <summary>The kind of measurement, and what it lacks.</summary>
    /// <param name="root">The goal.</param>
    /// <param name="spec">What was read.</param>
    /// <param name="onlyValues">The file in which candidates differ in listed values alone; null where they may differ in anything
    /// else.</param>
    internal static HarnessSpec WithKind(YamlMap root, HarnessSpec spec, string? onlyValues)
    {
        if (root.Node("measure") is not YamlMappingNode || root.Map("measure") is not { } measure)
        {
            return spec;
        }

        var own = spec.Metric.StartsWith(MeasurementKinds.Own, StringComparison.Ordinal);
        var isInput = spec.Build is not null
            && (spec.BuildInputs is null || onlyValues is null || new Glob(spec.BuildInputs).Matches(onlyValues));
        spec = spec with
        {
            Kind = spec.Kind != MeasurementKind.SelfReported ? spec.Kind
                : spec.Score is not null ? MeasurementKind.Judge
                : spec.Answer is not null ? MeasurementKind.Wall
                : onlyValues is not null && !isInput ? MeasurementKind.Settings
                : MeasurementKind.SelfReported,
        };
        if (spec.Kind == MeasurementKind.Driver && spec.Serve is null)
        {
            measure.Problem(
                "driver",
                "'measure.serve' is missing: it starts the candidate's server, which listens on port $GODWIT_PORT and is " +
                "driven by 'measure.driver'");
        }

        foreach (var (key, set, kind) in (IEnumerable<(string, bool, MeasurementKind)>)
            [
                ("serve", spec.Serve is not null, MeasurementKind.Driver),
                ("score", spec.Score is not null, MeasurementKind.Judge),
                ("rounds", spec.Rounds != 1, MeasurementKind.Challenge),
                ("answer", spec.Answer is not null, MeasurementKind.Wall),
            ])
        {
            if (set && spec.Kind != kind)
            {
                measure.Problem(
                    key,
                    $"'measure.{key}' is for measurements of the kind {kind.ToString().ToLowerInvariant()}, and this one is " +
                    $"{spec.Kind.ToString().ToLowerInvariant()}; leave it out, or see docs/observed.md");
            }
        }

        if (spec.Labels.Count > 0 && spec.Kind is not (MeasurementKind.Driver or MeasurementKind.Judge))
        {
            measure.Problem("labels", "'measure.labels' is for a driver or a judge, in whose tree alone these files are");
        }

        if (own && !Known(spec.Metric, spec.Kind))
        {
            measure.Problem(
                "metric",
                $"Godwit makes no metric {spec.Metric} for the kind {spec.Kind.ToString().ToLowerInvariant()}; it makes " +
                $"{string.Join(", ", OwnMetrics(spec.Kind))}");
        }
        else if (own && spec.Kind == MeasurementKind.SelfReported)
        {
            measure.Problem(
                "metric",
                $"'measure.answer' is missing: without an answer that must be the base's, a candidate that does nothing has " +
                $"the best {spec.Metric}; name the file that the command writes it to, or stdout");
        }
        else if (!own && spec.Kind.HasAnswer())
        {
            measure.Problem(
                "metric",
                $"metric {spec.Metric} is what the candidate's own process says; of the kind " +
                $"{spec.Kind.ToString().ToLowerInvariant()} it must be one that Godwit makes: {string.Join(", ", OwnMetrics(spec.Kind))}");
        }

        foreach (var text in spec.Kind.HasAnswer() ? spec.Constraints : [])
        {
            if (NamesOf(text).FirstOrDefault(name => !spec.Kind.Observes(name)) is { } said)
            {
                root.Problem(
                    "constraints",
                    $"'{text}' rests on {said}, which the candidate's own process says, so it shows nothing; ask the check, a " +
                    $"driver or a judge for it");
            }
        }

        return spec;
    }

    /// <summary>How a goal of a kind could be made stronger; null where it can't.</summary>
    public static string? Remedy(MeasurementKind kind) => kind != MeasurementKind.SelfReported ? null
        : "the process that reports the figure runs what candidates change, so a gain would end as not verified; have it " +
        "observed: a challenge (the way for code that is linked into its benchmark; 'godwit init --challenge LANGUAGE' writes " +
        "the template), "
        + "an answer with metric: godwit.wall_s, a driver with serve, a judge with score, or parameters that no build reads " +
        "(build: {inputs: ...}); docs/observed.md";

    private static IEnumerable<string> NamesOf(string constraint)
    {
        try
        {
            return Expression.Parse(constraint).Names
                .Select(name => name.StartsWith("base.", StringComparison.Ordinal) ? name["base.".Length..] : name);
        }
        catch (FormatException)
        {
            // Reported where it was read.
            return [];
        }
    }

    private static IEnumerable<string> OwnMetrics(MeasurementKind kind) =>
        [
            .. kind == MeasurementKind.Challenge
                ? [MeasurementKinds.Round, .. MeasurementKinds.RoundPercentiles.Keys]
                : (IEnumerable<string>)[],
            MeasurementKinds.Wall,
            MeasurementKinds.Cpu,
            MeasurementKinds.Peak,
        ];

    private static bool Known(string metric, MeasurementKind kind) => OwnMetrics(kind).Contains(metric);

    private static string? UnitOf(string metric) => metric switch
    {
        MeasurementKinds.Peak => "MiB",
        _ when metric.StartsWith(MeasurementKinds.Own, StringComparison.Ordinal) => "s",
        _ => null,
    };

    private static (string Command, string Form) ReadCommand(YamlMap map, string section)
    {
        var given = Commands.Where(map.Has).ToList();
        if (given.Count > 1)
        {
            map.Problem(given[1], $"'{section}' has both {given[0]} and {given[1]}, and takes one of {string.Join(", ", Commands)}");
        }

        var form = given.FirstOrDefault() ?? "command";
        return (map.Text(form, required: true) ?? "", form);
    }

    private static bool ReadMaximise(YamlMap? measure, string metric)
    {
        var own = metric.StartsWith(MeasurementKinds.Own, StringComparison.Ordinal);
        var direction = measure?.Text("direction");
        if (direction is not (null or "maximise" or "maximize" or "minimise" or "minimize"))
        {
            measure!.Problem("direction", $"'measure.direction' is '{direction}', and must be maximise or minimise");
        }
        else if (own && direction is not (null or "minimise" or "minimize"))
        {
            measure!.Problem("direction", $"{metric} is a cost: less of it is better, so 'measure.direction' must be minimise");
        }

        return direction is "maximise" or "maximize" || (direction is null && !own);
    }

    private static IReadOnlyList<string> ReadPatterns(YamlMap? measure)
    {
        var patterns = measure?.List("pattern") ?? [];
        foreach (var pattern in patterns)
        {
            try
            {
                if (new System.Text.RegularExpressions.Regex(pattern).GetGroupNames().All(name => int.TryParse(name, out _)))
                {
                    measure!.Problem(
                        "pattern",
                        $"'measure.pattern' is '{pattern}', and has no named group; (?<requests_s>[0-9.]+) makes a metric requests_s");
                }
            }
            catch (System.Text.RegularExpressions.RegexParseException error)
            {
                measure!.Problem("pattern", $"'measure.pattern' is no regular expression: {error.Message}");
            }
        }

        return patterns;
    }

    private static bool? ReadScale(YamlMap? measure)
    {
        var scale = measure?.Text("scale");
        if (scale is not (null or "ratio" or "difference"))
        {
            measure!.Problem("scale", $"'measure.scale' is '{scale}', and must be ratio or difference");
        }

        return scale is null ? null : scale == "difference";
    }
}
