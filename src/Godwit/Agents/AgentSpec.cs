using Godwit.Goals;

namespace Godwit.Agents;

/// <summary>The agents of a goal.</summary>
public sealed record AgentSpec
{
    /// <summary>What their candidates are credited to: the role, or the program with its role unless that is <c>worker</c>.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string Name => Program is null ? Role : Role == "worker" ? Program : $"{Program}/{Role}";

    /// <summary>The role whose models they use. Default worker.</summary>
    public string Role { get; init; } = "worker";

    /// <summary>The program that does the agents' work, such as <c>codex</c>; null for Godwit's own loop.</summary>
    public string? Program { get; init; }

    /// <summary>Whether they may ask a person and wait for the answer. Default no.</summary>
    public bool Ask { get; init; }

    /// <summary>How many generations of agents one may have below itself. Default none.</summary>
    public int Depth { get; init; }

    /// <summary>
    /// The share of candidates that they propose until every proposer has shown enough, as a fraction; null for an equal part of
    /// what is the agents': all, or a half where there are parameters too.
    /// </summary>
    public double? Share { get; init; }

    /// <summary>How many of them work at once, 1 to 64; one sees nothing of those that work beside it. Default 1.</summary>
    public int Parallel { get; init; } = 1;

    /// <summary>The time that one agent has, in seconds. Default 1,800.</summary>
    public double Seconds { get; init; } = 1800;

    /// <summary>The most model calls of one agent. Default 40.</summary>
    public int Turns { get; init; } = 40;

    /// <summary>The most tool calls of one agent. Default 150.</summary>
    public int ToolCalls { get; init; } = 150;

    /// <summary>What they are told beside the goal; null for nothing.</summary>
    public string? Instructions { get; init; }

    /// <summary>A task for one of them.</summary>
    /// <param name="name">The agent's name.</param>
    /// <param name="words">What is wanted; what all of them are told is added.</param>
    /// <param name="budget">The budget's node that it is booked on.</param>
    /// <param name="start">The commit and the tree that it starts from.</param>
    /// <param name="seconds">The time that there is, in seconds; it gets no more than its own.</param>
    internal AgentTask Task(string name, string words, string budget, (string Commit, string Tree) start, double seconds) => new()
    {
        Name = name,
        Role = Role,
        Goal = Instructions is null ? words : $"{words}\n{Instructions}\n",
        Budget = budget,
        BaseCommit = start.Commit,
        BaseTree = start.Tree,
        Turns = Turns,
        ToolCalls = ToolCalls,
        Seconds = Math.Min(Seconds, seconds),
        HearsWhatIsLeft = true,
    };

    /// <summary>The keys of an agent in a goal file that mean the same in every playbook.</summary>
    internal static IReadOnlyList<GoalKey> Keys { get; } =
    [
        new("agents.role", "text", "worker", "Whose models they use.", "worker"),
        new(
            "agents.program", "text", "Godwit's own loop",
            "A coding agent's program: codex, claude, opencode, or a template of programs.yaml.", "codex"),
        new("agents.instructions", "text", "", "What they are told beside the goal.", "Think of memory first."),
        new("agents.time", "duration", "30m", "The time that one agent has.", "20m"),
        new("agents.turns", "whole", "40", "The most model calls of one agent.", "30"),
        new("agents.tool_calls", "whole", "150", "The most tool calls of one agent.", "80"),
        new("agents.ask", "flag", "no", "Whether they may ask a person and wait.", "true"),
        new("agents.depth", "whole", "0", "How many generations of agents one may start below itself, at most 5.", "1"),
    ];

    /// <summary>Reads the agents of a goal file; mistakes are reported there.</summary>
    public static AgentSpec Read(YamlMap agent)
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
}
