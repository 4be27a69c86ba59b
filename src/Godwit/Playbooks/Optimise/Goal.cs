using Godwit.Search;
using Godwit.Verification;

namespace Godwit.Playbooks.Optimise;

/// <summary>What a user wants made better, as the goal file says.</summary>
public sealed record Goal
{
    /// <summary>The goal in the user's words.</summary>
    public required string Title { get; init; }

    /// <summary>A short name for runs and branches, from the goal's folder.</summary>
    public required string Name { get; init; }

    /// <summary>SHA-256 of the goal file, in lower-case hexadecimal.</summary>
    public required string Hash { get; init; }

    /// <summary>How candidates are built, checked and measured.</summary>
    public required HarnessSpec Harness { get; init; }

    /// <summary>What may be tuned; null where only code is to be edited.</summary>
    public ParameterSpec? Parameters { get; init; }

    /// <summary>A program that proposes points over JSON lines; null for none.</summary>
    public string? Proposer { get; init; }

    /// <summary>Agents that edit the code, with different names; empty for none.</summary>
    [System.Text.Json.Serialization.JsonConverter(typeof(AgentListConverter))]
    public IReadOnlyList<AgentSpec> Agents { get; init; } = [];

    /// <summary>
    /// What becomes of an action that the gatekeeper asks a person about: <c>park</c>, <c>deny</c>, or null for park where there is
    /// a terminal.
    /// </summary>
    public string? Asks { get; init; }

    /// <summary>The most money for models, in US dollars; null for no cap.</summary>
    public decimal? Dollars { get; init; }

    /// <summary>The most model tokens, in and out; null for no cap.</summary>
    public long? Tokens { get; init; }

    /// <summary>The most tool calls of all agents together; null for no limit.</summary>
    public int? ToolCalls { get; init; }

    /// <summary>The most agents, those that agents start included; null for no limit.</summary>
    public int? MostAgents { get; init; }

    /// <summary>The most candidates. Default 60.</summary>
    public int Trials { get; init; } = 60;

    /// <summary>The active time from the end of the base's build, in seconds; 0 for no limit.</summary>
    public double Seconds { get; init; }

    /// <summary>The smallest improvement worth a claim, as a fraction. Default 0.05.</summary>
    public double MinimumEffect { get; init; } = 0.05;

    /// <summary>The confidence of the claim, as a fraction. Default 0.95.</summary>
    public double Confidence { get; init; } = 0.95;

    /// <summary>Seeds every random stream of the run.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// Whether what is claimed is measured in two builds of each side: where code lies in memory alone can make a difference of
    /// some percent (Mytkowicz et al. 2009), which no comparison of a build with itself shows.
    /// </summary>
    /// <param name="exact">Whether the metric has no noise; then there is nothing that a layout could move.</param>
    public bool BuildsTwice(bool exact) => !exact && Harness.Build is not null && MinimumEffect < LayoutEffect;

    private const double LayoutEffect = 0.05;
}

/// <summary>The parameters of a goal.</summary>
public sealed record ParameterSpec
{
    /// <summary>The file that holds their values, from the goal's folder.</summary>
    public required string File { get; init; }

    /// <summary>
    /// The template that the file is made from, from the goal's folder; null for a file whose values are changed in place.
    /// </summary>
    public string? Template { get; init; }

    /// <summary>The dimensions.</summary>
    public required IReadOnlyList<Parameter> Space { get; init; }

    /// <summary>What must hold between them.</summary>
    public IReadOnlyList<string> Constraints { get; init; } = [];

    /// <summary>Points that are tried first.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> Try { get; init; } = [];
}

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
}
