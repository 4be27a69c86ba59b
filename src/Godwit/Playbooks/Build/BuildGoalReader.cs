using System.Text.RegularExpressions;
using Godwit.Agents;
using Godwit.Egress;
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
            Network = NetworkReader.Read(root),
            Manifests = Globs(root, "manifests", folder),
            Build = root.Text("build"),
            Services = ReadServices(root),
            Checks = ReadChecks(root),
            TriesMutants = (root.Flag("mutants") ?? true) && root.List("tests").Count > 0,
            Acceptance = ReadAcceptance(root),
            Planner = agents.Planner ?? new AgentSpec { Role = BuildGoal.PlannerRole },
            Worker = agents.Workers is [var first, ..] ? first : new AgentSpec { Parallel = WorkersAtOnce },
            OtherWorkers = [.. agents.Workers.Skip(1)],
            Reviewer = root.Flag("review") == false
                ? null
                : agents.Reviewer ?? new AgentSpec { Role = BuildGoal.ReviewerRole },
            PlansAlone = IsSecond(root, "plan", "ask", "auto"),
            OpensPullRequest = IsSecond(root, "deliver", "branch", "pr"),
            MostTasks = (int)(budget?.Number("tasks", 1, 1000, whole: true) ?? 12),
            Dollars = (decimal?)budget?.Number("dollars", 0, 1e6),
            Tokens = (long?)budget?.Number("tokens", 1, 1e15, whole: true),
            Seconds = budget?.Duration("time")?.TotalSeconds ?? 0,
            Timeout = root.Duration("timeout") ?? TimeSpan.FromMinutes(10),
            Read = sandbox?.Paths("read") ?? [],
            Providers = root.List("providers"),
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

    private static (AgentSpec? Planner, AgentSpec? Reviewer, IReadOnlyList<AgentSpec> Workers) ReadAgents(YamlMap root)
    {
        var (others, workers) = (new Dictionary<string, AgentSpec>(StringComparer.Ordinal), new List<(AgentSpec Spec, bool HasNumber)>());
        foreach (var map in root.Maps("agents"))
        {
            var agent = AgentSpec.Read(map);
            if (map.Has("share"))
            {
                map.Problem("share", "'agents.share' is for playbook optimise; leave it out");
            }

            if (agent.Role is not (BuildGoal.PlannerRole or BuildGoal.ReviewerRole))
            {
                workers.Add((agent, map.Has("parallel")));
                continue;
            }

            if (agent.Program is not null)
            {
                map.Problem("program", $"a {agent.Role} fills in a form, which programs can't; leave 'program' out");
            }

            if (!others.TryAdd(agent.Role, agent))
            {
                map.Problem("role", $"there are two agents '{agent.Role}'; leave one out");
            }
        }

        // Two at once, of one kind or of two.
        var each = workers.Count > 1 ? 1 : WorkersAtOnce;
        return (
            others.GetValueOrDefault(BuildGoal.PlannerRole), others.GetValueOrDefault(BuildGoal.ReviewerRole),
            [.. workers.Select(worker => worker.HasNumber ? worker.Spec : worker.Spec with { Parallel = each })]);
    }

    private static List<BuildService> ReadServices(YamlMap root)
    {
        var services = new List<BuildService>();
        foreach (var map in root.Maps("services"))
        {
            var name = map.Text("name", required: true) ?? "";
            RequireName(map, "name", name, services.Select(service => service.Name));
            services.Add(new BuildService(name, map.Text("run", required: true) ?? "", map.Text("ready") ?? ""));
            map.RefuseOthers();
        }

        return services;
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

    /// <summary>Whether a key has the second of two values; the first is meant where it is missing.</summary>
    private static bool IsSecond(YamlMap root, string key, string first, string second)
    {
        var value = root.Text(key);
        if (value is not null && value != first && value != second)
        {
            root.Problem(key, $"'{key}' is '{value}', and must be {first} or {second}");
        }

        return value == second;
    }

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9.-]{0,39}$")]
    private static partial Regex Name();
}
