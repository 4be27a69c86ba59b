using Godwit.Agents;
using Godwit.Goals;
using Godwit.Verification;

namespace Godwit.Playbooks.Optimise;

/// <summary>Reads what a goal file says to this playbook.</summary>
public static class OptimiseGoalReader
{
    private const int MostAgents = 6;
    private const double MostShareBesideSearch = 0.8;

    /// <summary>Reads a goal of this playbook.</summary>
    /// <param name="root">The file.</param>
    /// <param name="folder">Its folder from the top of the repository; empty for the top.</param>
    /// <param name="compares">It is for comparing only, and needs nobody who proposes.</param>
    public static OptimiseGoal Read(YamlMap root, string folder, bool compares = false)
    {
        var budget = root.Map("budget");
        var claim = root.Map("claim");
        var harness = HarnessReader.Read(root, folder);
        var parameters = ParameterReader.Read(root, harness, root.Problems);
        var proposer = root.Text("proposer");
        var agents = ReadAgents(root);
        harness = harness with
        {
            EnvironmentFile = root.Map("parameters")?.Text("env"),
            ArgumentsFile = root.Map("parameters")?.Text("args"),
        };
        harness = HarnessReader.WithKind(root, harness, onlyValues: !compares && agents.Count == 0 ? parameters?.File : null);
        if (parameters is null && agents.Count == 0 && !compares)
        {
            root.Problem("parameters", "'parameters' and 'agents' are both missing: without one of them there is nothing to try");
        }

        var goal = new OptimiseGoal
        {
            Harness = harness,
            Parameters = parameters,
            Proposer = proposer,
            Agents = agents,
            Asks = ReadAsks(root),
            Dollars = (decimal?)budget?.Number("dollars", 0.0001, 1e6),
            Tokens = (long?)budget?.Number("tokens", 1, 1e15, whole: true),
            ToolCalls = (int?)budget?.Number("tool_calls", 1, 1e9, whole: true),
            MostAgents = (int?)budget?.Number("agents", 1, 1e9, whole: true),
            Trials = (int)(budget?.Number("trials", 1, 100_000, whole: true) ?? 60),
            Seconds = budget?.Duration("time")?.TotalSeconds ?? 0,
            MinimumEffect = claim?.Fraction("minimum_effect", 0.0001, 10) ?? 0.05,
            Confidence = claim?.Fraction("confidence", 0.5, 0.9999) ?? 0.95,
            Providers = root.List("providers"),
            Seed = (ulong)(root.Number("seed", 0, 9e15, whole: true) ?? 0),
        };
        budget?.RefuseOthers();
        claim?.RefuseOthers();
        return goal;
    }

    private static string? ReadAsks(YamlMap root)
    {
        var asks = root.Text("asks");
        if (asks is not (null or "park" or "deny"))
        {
            root.Problem("asks", $"'asks' is '{asks}', and must be park or deny");
        }

        return asks;
    }

    private static IReadOnlyList<AgentSpec> ReadAgents(YamlMap root)
    {
        var maps = root.Maps("agents");
        var agents = maps.Select(AgentSpec.Read).ToList();
        for (var index = 0; index < agents.Count; index++)
        {
            var name = agents[index].Name;
            if (agents.FindIndex(other => other.Name == name) < index)
            {
                maps[index].Problem(
                    "role",
                    $"there are two agents '{name}' to credit candidates to; give one another role; models.yaml maps roles to models");
            }

            if (Proposers.IsTaken(name))
            {
                maps[index].Problem("role", $"'{name}' is a proposer of parameters already; give the agent another role");
            }
        }

        var most = root.Has("parameters") ? MostShareBesideSearch : 1;
        if (agents.Sum(agent => agent.Share ?? 0) > most)
        {
            root.Problem(
                "agents",
                $"the shares of all agents make more than {most:P0}{(most < 1 ? ", and the search of parameters needs some" : "")}");
        }

        if (agents.Count > MostAgents)
        {
            root.Problem("agents", $"there are {agents.Count} agents, and there may be {MostAgents}: each is given a part of the trials");
        }

        return agents;
    }

    internal static IReadOnlyList<string> ReadExpressions(YamlMap map, string key, IEnumerable<string>? known = null)
    {
        var texts = map.List(key);
        foreach (var text in texts)
        {
            try
            {
                var constraint = new Constraint(text, known);
                if (constraint is { ComparesWithBase: true, IsOneComparison: false })
                {
                    map.Problem(
                        key,
                        $"'{text}' is more than one comparison with the base, which measurements can't be judged by; write one " +
                        $"constraint for each");
                }
            }
            catch (FormatException error)
            {
                map.Problem(key, error.Message);
            }
        }

        return texts;
    }
}
