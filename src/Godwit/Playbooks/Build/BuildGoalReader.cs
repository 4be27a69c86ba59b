using System.Text.RegularExpressions;
using Godwit.Agents;
using Godwit.Goals;

namespace Godwit.Playbooks.Build;

/// <summary>Reads what a goal file says to this playbook.</summary>
internal static partial class BuildGoalReader
{
    private const int WorkersAtOnce = 2;
    private const string GoalFileName = "godwit.yaml";

    /// <summary>Reads a goal; mistakes are reported in the file.</summary>
    public static BuildGoal Read(YamlMap root, string folder)
    {
        var budget = root.Map("budget");
        var sandbox = root.Map("sandbox");
        var agents = ReadAgents(root);
        var goal = new BuildGoal
        {
            Folder = folder,
            Scope = Globs(root, "scope", folder) is { Count: > 0 } scope ? scope : [folder.Length == 0 ? "." : folder],
            Tests = Globs(root, "tests", folder),
            Protected = Globs(root, "protected", folder),
            Hidden = Globs(root, "hidden", folder),
            Setup = root.Text("setup"),
            Manifests = Globs(root, "manifests", folder),
            Build = root.Text("build"),
            Checks = ReadChecks(root),
            Acceptance = ReadAcceptance(root),
            Planner = agents.GetValueOrDefault(BuildGoal.PlannerRole) ?? new AgentSpec { Role = BuildGoal.PlannerRole },
            Worker = agents.GetValueOrDefault("") ?? new AgentSpec { Parallel = WorkersAtOnce },
            Reviewer = root.Flag("review") == false
                ? null
                : agents.GetValueOrDefault(BuildGoal.ReviewerRole) ?? new AgentSpec { Role = BuildGoal.ReviewerRole },
            PlansAlone = ReadPlan(root),
            MostTasks = (int)(budget?.Number("tasks", 1, 200, whole: true) ?? 12),
            Dollars = (decimal?)budget?.Number("dollars", 0, 1e6),
            Tokens = (long?)budget?.Number("tokens", 1, 1e15, whole: true),
            Seconds = budget?.Duration("time")?.TotalSeconds ?? 0,
            Timeout = root.Duration("timeout") ?? TimeSpan.FromMinutes(10),
            Read = sandbox?.Paths("read") ?? [],
            Seed = (ulong)(root.Number("seed", 0, 9e15, whole: true) ?? 0),
        };
        foreach (var twice in goal.Checks.Select(check => check.Name).Intersect(goal.Acceptance.Select(assertion => assertion.Id)))
        {
            root.Problem("acceptance", $"'{twice}' is a check and an assertion; give one another name");
        }

        budget?.RefuseOthers();
        sandbox?.RefuseOthers();

        // A goal file says what accepts the work, and of hidden assertions more than agents are told.
        var file = folder.Length == 0 ? GoalFileName : $"{folder}/{GoalFileName}";
        return goal.Acceptance.Any(assertion => assertion.IsHidden)
            ? goal with { Hidden = [.. goal.Hidden, file] }
            : goal with { Protected = [.. goal.Protected, file] };
    }

    /// <summary>Globs as they are from the top of the repository.</summary>
    private static IReadOnlyList<string> Globs(YamlMap root, string key, string folder)
    {
        var globs = root.List(key);
        foreach (var outside in globs.Where(glob => glob.StartsWith('/') || glob.Split('/').Contains("..")))
        {
            root.Problem(key, $"'{outside}' leads out of the goal's folder; name paths below it");
        }

        return folder.Length == 0 ? globs : [.. globs.Select(glob => $"{folder}/{glob}")];
    }

    private static Dictionary<string, AgentSpec> ReadAgents(YamlMap root)
    {
        var agents = new Dictionary<string, AgentSpec>(StringComparer.Ordinal);
        foreach (var map in root.Maps("agents"))
        {
            var agent = AgentSpec.Read(map);
            if (map.Has("share"))
            {
                map.Problem("share", "'agents.share' is for playbook optimise; leave it out");
            }

            var work = agent.Role is BuildGoal.PlannerRole or BuildGoal.ReviewerRole ? agent.Role : "";
            if (!map.Has("parallel") && work.Length == 0)
            {
                agent = agent with { Parallel = WorkersAtOnce };
            }

            if (work.Length > 0 && agent.Program is not null)
            {
                map.Problem("program", $"a {work} fills in a form, which programs can't; leave 'program' out");
            }

            if (!agents.TryAdd(work, agent))
            {
                map.Problem("role", $"there are two {(work.Length == 0 ? "kinds of workers" : $"agents '{work}'")}; leave one out");
            }
        }

        return agents;
    }

    private static List<BuildCheck> ReadChecks(YamlMap root)
    {
        var checks = new List<BuildCheck>();
        foreach (var map in root.Maps("checks"))
        {
            var name = map.Text("name", required: true) ?? "";
            var tier = map.Text("when") switch
            {
                null or "each" => CheckTier.Each,
                "batch" => CheckTier.Batch,
                "final" => CheckTier.Final,
                var other => Wrong(other),
            };
            RequireName(map, "name", name, checks.Select(check => check.Name));
            checks.Add(new BuildCheck(name, map.Text("run", required: true) ?? "", tier));
            map.RefuseOthers();

            CheckTier Wrong(string other)
            {
                map.Problem("when", $"'checks.when' is '{other}', and must be each, batch or final");
                return CheckTier.Each;
            }
        }

        return checks;
    }

    private static List<Assertion> ReadAcceptance(YamlMap root)
    {
        var all = new List<Assertion>();
        foreach (var map in root.Maps("acceptance"))
        {
            var id = map.Text("id", required: true) ?? "";
            RequireName(map, "id", id, all.Select(assertion => assertion.Id));
            all.Add(
                new Assertion(id, map.Text("says", required: true) ?? "", map.Text("run", required: true) ?? "")
                {
                    IsKept = map.Flag("keep") ?? false,
                    IsHidden = map.Flag("hidden") ?? false,
                });
            map.RefuseOthers();
        }

        if (all.Count == 0)
        {
            root.Problem(
                "acceptance",
                "'acceptance' is missing: without a command that accepts the work nothing could be proven; write a list of " +
                "{id: A1, says: ..., run: ...}");
        }

        return all;
    }

    private static void RequireName(YamlMap map, string key, string name, IEnumerable<string> others)
    {
        if (name.Length > 0 && !Name().IsMatch(name))
        {
            map.Problem(key, $"'{name}' must be letters, digits, dots and dashes, at most 40");
        }
        else if (others.Contains(name))
        {
            map.Problem(key, $"there are two '{name}'");
        }
    }

    private static bool ReadPlan(YamlMap root)
    {
        switch (root.Text("plan"))
        {
            case null or "ask":
                return false;
            case "auto":
                return true;
            case var other:
                root.Problem("plan", $"'plan' is '{other}', and must be ask or auto");
                return false;
        }
    }

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9.-]{0,39}$")]
    private static partial Regex Name();
}
