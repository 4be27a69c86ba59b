using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Godwit.Verification;

namespace Godwit.Playbooks.Optimise;

/// <summary>Reads goal files. Every mistake of a file is reported, each with its place.</summary>
public sealed class GoalReader
{
    private const int MostAgents = 6;
    private const double MostShareBesideSearch = 0.8;

    private readonly List<GoalProblem> _problems = [];

    private GoalReader()
    {
    }

    /// <summary>Reads a goal.</summary>
    /// <param name="text">The file's content.</param>
    /// <param name="folder">The goal's folder from the top of its repository.</param>
    /// <param name="name">A short name for runs and branches.</param>
    /// <param name="problems">Every mistake; the goal is null unless there is none.</param>
    /// <param name="compares">It is for comparing only, and needs nobody who proposes.</param>
    public static Goal? Read(string text, string folder, string name, out IReadOnlyList<GoalProblem> problems, bool compares = false) =>
        Read(text, folder, name, out problems, compares, known: null);

    /// <summary>Reads a goal, and notes the path of every key that is asked for.</summary>
    internal static Goal? Read(
        string text, string folder, string name, out IReadOnlyList<GoalProblem> problems, bool compares, ISet<string>? known)
    {
        var reader = new GoalReader();
        problems = reader._problems;
        if (YamlMap.Parse(text, reader._problems, known) is not { } root)
        {
            return null;
        }

        var goal = reader.ReadGoal(root, folder, name, compares) with
        {
            Hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))),
        };
        root.RefuseOthers();
        reader._problems.Sort((left, right) => (left.Line, left.Column).CompareTo((right.Line, right.Column)));
        return reader._problems.Count == 0 ? goal : null;
    }

    private Goal ReadGoal(YamlMap root, string folder, string name, bool compares)
    {
        var title = root.Text("goal", required: true) ?? "";
        if (root.Text("playbook") is { } playbook && playbook is not ("optimise" or "optimize"))
        {
            root.Problem("playbook", $"there is no playbook '{playbook}'; there is optimise");
        }

        var budget = root.Map("budget");
        var claim = root.Map("claim");
        var harness = HarnessReader.Read(root, folder);
        var parameters = ParameterReader.Read(root, harness, _problems);
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

        var goal = new Goal
        {
            Title = title,
            Name = name,
            Hash = "",
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
        var agents = maps.Select(ReadAgent).ToList();
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

    private static AgentSpec ReadAgent(YamlMap agent)
    {
        var spec = new AgentSpec
        {
            Role = agent.Text("role") ?? "worker",
            Program = agent.Text("program"),
            Seconds = agent.Duration("time")?.TotalSeconds ?? 1800,
            Ask = agent.Flag("ask") ?? false,
            Depth = (int)(agent.Number("depth", 0, 5, whole: true) ?? 0),
            Share = agent.Fraction("share", 0.01, 1),
            Parallel = (int)(agent.Number("parallel", 1, 64, whole: true) ?? 1),
            Turns = (int)(agent.Number("turns", 1, 10_000, whole: true) ?? 40),
            ToolCalls = (int)(agent.Number("tool_calls", 1, 100_000, whole: true) ?? 150),
            Instructions = agent.Text("instructions"),
        };
        foreach (var key in spec.Program is null ? [] : ((string[])["turns", "tool_calls", "ask", "depth"]).Where(agent.Has))
        {
            agent.Problem(
                key,
                $"'agents.{key}' is for Godwit's own loop, and {spec.Program} has one of its own; leave it out, and bound the " +
                $"program by 'time' and the budget");
        }

        agent.RefuseOthers();
        return spec;
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
