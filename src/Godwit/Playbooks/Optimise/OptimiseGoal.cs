using Godwit.Agents;
using Godwit.Goals;
using Godwit.Search;
using Godwit.Verification;

namespace Godwit.Playbooks.Optimise;

/// <summary>What a user wants made better, as the goal file says.</summary>
public sealed record OptimiseGoal : Goal
{
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
