using Godwit.Agents;
using Godwit.Egress;
using Godwit.Goals;

namespace Godwit.Playbooks.Optimise;

/// <summary>
/// Every key of a goal file that this playbook reads: docs/goal-file.md and the JSON schema are made of it, and a test holds it
/// against the reader.
/// </summary>
public static class OptimiseKeys
{
    /// <summary>All keys, in the order of the documentation.</summary>
    public static readonly IReadOnlyList<GoalKey> All =
    [
        new(
            "editable", "list", "required", "Paths or globs, from the goal's folder, of all that a candidate may change.",
            "[settings.json, \"src/**\"]"),
        new(
            "setup", "text", "",
            "Runs once on the base commit, and may reach package registries. What it leaves in the home is there for all other commands.",
            "dotnet restore bench"),
        .. NetworkReader.Keys,
        new("build", "text or map", "", "Runs once for each content of its inputs, without the network.", "make"),
        new("build.command", "text", "required", "The build command, where inputs are named too.", "make"),
        new(
            "build.inputs", "list", "every editable file",
            "The editable files that the build depends on. A file of parameters that isn't among them makes the measurement " +
            "one of settings.",
            "[src]"),
        new(
            "check", "text", "",
            "Must exit 0 for every candidate. The lines that look like errors are told, else its first and last line.",
            "./check"),
        new("timeout", "duration", "10m", "What setup, a build or a check may take.", "5m"),
        new(
            "measure", "map", "required", "How the number is measured; docs/observed.md has the kinds.",
            "{command: ./bench, metric: ops_s}"),
        new(
            "measure.command", "text", "required, or challenge, or driver",
            "Prints or writes the metrics (docs/results.md). $GODWIT_SEED is the same for both sides of a pair.",
            "./bench --seed $GODWIT_SEED"),
        new(
            "measure.challenge", "text", "",
            "A process that prints READY and answers the seeds it is sent; Godwit holds the clock.", "./challenge"),
        new("measure.rounds", "whole", "1", "How many seeds a challenge is sent.", "20"),
        new(
            "measure.driver", "text", "", "Drives what serve starts, from the base's tree and a sandbox of its own, and reports.",
            "./load"),
        new("measure.serve", "text", "", "The candidate's server, on 127.0.0.1:$GODWIT_PORT.", "./server"),
        new("measure.port", "whole", "8080", "The port of serve and driver, 1024 to 65535.", "8080"),
        new(
            "measure.score", "text", "",
            "Judges what command has left in $GODWIT_OUT, which it finds in $GODWIT_ARTIFACTS, from the base's tree and a " +
            "sandbox of its own.",
            "./score"),
        new("measure.labels", "list", "", "Files that are in the driver's or judge's tree alone.", "[labels.csv]"),
        new(
            "measure.answer", "text", "",
            "A file that command writes, or stdout: it must be the base's for the same seed. The metric is then one of Godwit's own.",
            "out.json"),
        new(
            "measure.timed", "text", "",
            "A metric of the harness: how many seconds of the run are the work itself. It only explains.", "work_s"),
        new(
            "measure.pattern", "list", "", "Regular expressions; their named groups are metrics in what is printed or written.",
            "'(?<ops_s>[0-9.]+) ops/s'"),
        new(
            "measure.metric", "text", "required",
            "The number to make better. godwit.round_s for a challenge and godwit.wall_s with an answer unless it says otherwise.",
            "ops_s"),
        new("measure.unit", "text", "", "Its unit, for people; one that the harness prints must be the same.", "ops/s"),
        new(
            "measure.direction", "text", "maximise, of Godwit's own metrics minimise", "Which way is better.", "maximise",
            ["maximise", "maximize", "minimise", "minimize"]),
        new(
            "measure.scale", "text", "difference where the metric can be 0 or below, else ratio", "How values are compared.",
            "ratio", ["ratio", "difference"]),
        new("measure.timeout", "duration", "10m", "What one measurement may take; then it is killed with all that it started.", "20s"),
        new("measure.cpus", "whole", "0", "The processors that a measurement is held to; Godwit keeps to the others. 0 for no limit.", "1"),
        new("measure.loads_candidate", "flag", "", "Of earlier versions; the kind of measurement says it now.", "true"),
        new(
            "holdout", "map", "", "The same on a workload that proposers never see. A claim must hold there too.",
            "{command: ./bench --mix other}"),
        new("holdout.command", "text", "required, or challenge, or driver", "As measure.command.", "./bench --mix other"),
        new("holdout.challenge", "text", "", "As measure.challenge.", "./challenge --mix other"),
        new("holdout.driver", "text", "", "As measure.driver.", "./load --mix other"),
        new("holdout.score", "text", "measure.score", "As measure.score.", "./score other"),
        new("holdout.files", "list", "", "Files that are in no tree but that of a held-out measurement.", "[other.json]"),
        new(
            "constraints", "list", "",
            "What must hold for the metrics of every measurement; base. is the base's value. Names with other characters stand " +
            "in backticks.",
            "[errors == 0, p99_ms <= 1.2 * base.p99_ms]"),
        new("parameters", "map", "", "What may be tuned.", "{file: settings.json, space: {}}"),
        new(
            "parameters.file", "text", "required, or env, or args",
            "The file that holds the values; they are changed in place. JSON, TOML, YAML, INI, dotenv, properties, arguments, " +
            "or lines of text.",
            "settings.json"),
        new(
            "parameters.env", "text", "",
            "A dotenv file, as file; its variables are in the environment of check and measured command.", "tune.env"),
        new(
            "parameters.args", "text", "", "A file of arguments (--name value), as file; they are added to the measured command.",
            "tune.args"),
        new("parameters.template", "text", "", "A text in which {{name}} stands for a value; file is made from it.", "nginx.conf.template"),
        new(
            "parameters.space", "map", "required",
            "The parameters by name. A dot goes into maps, and by number into lists, unless there is a name with the dot.",
            "{cache: {type: int, low: 1, high: 64}}"),
        new("parameters.space.*.type", "text", "required", "What it is.", "int", ["choice", "int", "real", "float", "boolean", "bool"]),
        new(
            "parameters.space.*.values", "list", "",
            "A choice's values: a quoted one is text, null is null, numbers keep their digits.", "[fast, \"1.10\", null]"),
        new("parameters.space.*.ordered", "flag", "no", "A choice's values have an order.", "true"),
        new("parameters.space.*.low", "number", "", "The smallest value.", "1"),
        new("parameters.space.*.high", "number", "", "The largest value.", "64"),
        new("parameters.space.*.step", "number", "1 for int, any value for real", "Values are low and every so much after it.", "4"),
        new("parameters.space.*.scale", "text", "linear", "How it is searched.", "log", ["linear", "log"]),
        new(
            "parameters.space.*.when", "text", "always",
            "The condition over other parameters under which it means anything; else it is taken out of the file.",
            "mode == fast"),
        new("parameters.constraints", "list", "", "What must hold between parameters.", "[cache * page <= 1048576]"),
        new("parameters.try", "points", "", "Points that are tried first.", "[{mode: fast}]"),
        new("proposer", "text", "", "A program that proposes points over JSON lines.", "./propose"),
        new("agents", "maps", "", "Agents that edit the code; several, with different roles, in a list.", "{turns: 30}"),
        .. AgentSpec.Keys,
        new("agents.share", "fraction", "an equal part", "The share of candidates that they propose at first.", "50%"),
        new("agents.parallel", "whole", "1", "How many of them work at once.", "4"),
        new(
            "asks", "text", "park where there is a terminal or a mailbox, else deny",
            "What becomes of an action that the gatekeeper asks a person about: it waits ten minutes for 'godwit approve', or " +
            "is denied at once.",
            "park", ["park", "deny"]),
        new("budget", "map", "", "What a run may use.", "{trials: 60, time: 10m}"),
        new("budget.trials", "whole", "60", "The most candidates.", "60"),
        new("budget.time", "duration", "no limit", "Active time from the end of the base's build.", "10m"),
        new("budget.dollars", "number", "no limit", "The most money for models, in US dollars; reserved before a call goes out.", "5"),
        new("budget.tokens", "whole", "no limit", "The most model tokens, in and out.", "2000000"),
        new("budget.tool_calls", "whole", "no limit", "The most tool calls of all agents together.", "2000"),
        new("budget.agents", "whole", "no limit", "The most agents, those that agents start included.", "60"),
        new("claim", "map", "", "What is worth a claim.", "{minimum_effect: 5%}"),
        new("claim.minimum_effect", "fraction", "5%", "The smallest improvement worth a claim.", "5%"),
        new("claim.confidence", "fraction", "95%", "Its confidence, over all attempts of a run.", "95%"),
        new("sandbox", "map", "", "What commands get beside the tree.", "{read: [~/.pyenv]}"),
        new("sandbox.read", "list", "", "Further paths that commands may read.", "[~/.pyenv]"),
        new(
            "providers", "list", "all", "The only providers that may be sent anything of this repository; `local` is any on this machine.",
            "[local]"),
        new("seed", "whole", "0", "Seeds every random stream of a run.", "7"),
    ];
}
