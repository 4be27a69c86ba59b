using Godwit.Agents;
using Godwit.Egress;
using Godwit.Goals;

namespace Godwit.Playbooks.Build;

/// <summary>Every key of a goal file that this playbook reads; docs/goal-file.md and the schema are made of it.</summary>
internal static class BuildKeys
{
    /// <summary>All keys, in the order of the documentation.</summary>
    public static readonly IReadOnlyList<GoalKey> All =
    [
        new("scope", "list", "everything", "Paths or globs, from the goal's folder, of all that tasks may change.", "[src, tests]"),
        new(
            "tests", "list", "",
            "Tests. Those that the base has stay as they are: no task's change of them is taken, and they are laid over every tip.",
            "[\"tests/**\"]"),
        new("protected", "list", "", "Files that nobody may change, such as what accepts the work.", "[accept]"),
        new("hidden", "list", "", "Files that are in no tree but that of the last acceptance.", "[accept/hidden]"),
        new("manifests", "list", "", "Files that setup depends on, such as lists of packages: they are in nobody's scope.", "[package.json]"),
        new(
            "setup", "text", "", "Runs once, and may reach package registries. What it leaves in the home is there for all other commands.",
            "npm ci"),
        .. NetworkReader.Keys,
        new("build", "text", "", "Builds a checkout, without the network.", "make"),
        new(
            "services", "maps", "", "What runs beside each check, started anew for each and ended with it, such as a database.",
            "[{name: db, run: ./start-db, ready: ./db-is-there}]"),
        new("services.name", "text", "required", "The service's name.", "db"),
        new("services.run", "text", "required", "The command; it goes on until it is ended.", "./start-db"),
        new("services.ready", "text", "at once", "Exits 0 once the service can be used; asked for 60 s.", "./db-is-there"),
        new("checks", "maps", "", "What must exit 0, the cheapest first.", "[{name: unit, run: ./test}]"),
        new("checks.name", "text", "required", "The check's name.", "unit"),
        new("checks.run", "text", "required", "The command.", "./test"),
        new(
            "checks.when", "text", "each", "On each task's work and every tip, on the tips of batches, or once at the end.", "batch",
            ["each", "batch", "final"]),
        new(
            "mutants", "flag", "yes, with 'tests'",
            "Whether a task goes back where at least three small changes of the lines that it wrote build, and no check notices one (Python, C#, " +
            "JavaScript, TypeScript).",
            "false"),
        new("acceptance", "maps", "required", "What must hold at the end.", "[{id: A1, says: It answers, run: ./accept}]"),
        new("acceptance.id", "text", "required", "The assertion's name.", "A1"),
        new("acceptance.says", "text", "required", "What it asserts, in words; agents are told.", "A note can be found again"),
        new("acceptance.run", "text", "required", "The command that must exit 0.", "python3 accept/search.py"),
        new("acceptance.keep", "flag", "no", "Whether it holds on the base already; else it must be red there.", "true"),
        new("acceptance.hidden", "flag", "no", "Whether agents are told its words alone.", "true"),
        new("review", "flag", "yes", "Whether another agent reviews each task's work.", "false"),
        new("plan", "text", "ask", "Whether a person approves the plan before it is carried out.", "auto", ["ask", "auto"]),
        new(
            "agents", "maps", "a planner, two workers, a reviewer",
            "Who does it: role planner splits the work, role reviewer reviews it, any other role does it. There may be several kinds of " +
            "workers, programs too; a task goes to the kind with the most room. 'parallel' says how many workers there are at once (one of " +
            "each kind where there are several), and how many reviews each change has.",
            "[{role: worker, parallel: 2}, {role: reviewer}]"),
        .. AgentSpec.Keys,
        new("agents.parallel", "whole", "2 workers, 1 reviewer", "How many at once, or reviews of each change.", "4"),
        new("budget", "map", "", "What a run may use.", "{dollars: 5}"),
        new("budget.time", "duration", "no limit", "Active time; after it nothing new is begun.", "2h"),
        new("budget.dollars", "number", "no limit", "The most money for models, in US dollars; reserved before a call goes out.", "5"),
        new("budget.tokens", "whole", "no limit", "The most model tokens, in and out.", "2000000"),
        new("budget.tasks", "whole", "12", "The most tasks of a plan.", "6"),
        new(
            "deliver", "text", "branch", "Whether a verified result becomes a branch of your repository, or that and a pull request by gh or glab.",
            "pr", ["branch", "pr"]),
        new("timeout", "duration", "10m", "What setup, a build, a check or an assertion may take.", "5m"),
        new("sandbox", "map", "", "What commands get beside the tree.", "{read: [~/.pyenv]}"),
        new("sandbox.read", "list", "", "Further paths that commands may read.", "[~/.pyenv]"),
        new(
            "providers", "list", "all", "The only providers that may be sent anything of this repository; `local` is any on this machine.",
            "[local]"),
        new("seed", "whole", "0", "Seeds every random stream of a run.", "7"),
    ];
}
