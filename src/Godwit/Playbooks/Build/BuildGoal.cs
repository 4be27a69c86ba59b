using System.Text.Json.Serialization;
using Godwit.Agents;
using Godwit.Egress;
using Godwit.Goals;

namespace Godwit.Playbooks.Build;

/// <summary>What a user wants built, as the goal file says.</summary>
public sealed record BuildGoal : Goal
{
    /// <summary>The role of agents that plan.</summary>
    public const string PlannerRole = "planner";

    /// <summary>The role of agents that review.</summary>
    public const string ReviewerRole = "reviewer";

    /// <summary>The goal's folder from the top of the repository; where every command starts. Empty for the top.</summary>
    public string Folder { get; init; } = "";

    /// <summary>Globs, from the top of the repository, of all that tasks may change. Default everything.</summary>
    public IReadOnlyList<string> Scope { get; init; } = ["."];

    /// <summary>
    /// Globs, from the top of the repository, of tests that the base has: they are laid over every tip, so that what a task changes of
    /// them counts for nothing.
    /// </summary>
    public IReadOnlyList<string> Tests { get; init; } = [];

    /// <summary>Globs, from the top of the repository, of files that nobody may change: what accepts the work.</summary>
    public IReadOnlyList<string> Protected { get; init; } = [];

    /// <summary>Globs, from the top of the repository, of files that are in no tree but that of the last acceptance.</summary>
    public IReadOnlyList<string> Hidden { get; init; } = [];

    /// <summary>Runs once, on the base without its hidden files, with what <see cref="Network"/> allows; null for none.</summary>
    public string? Setup { get; init; }

    /// <summary>What setup and agents may reach; null for package registries in setup alone.</summary>
    public GoalNetwork? Network { get; init; }

    /// <summary>Globs, from the top of the repository, of files that setup depends on; they are in nobody's scope.</summary>
    public IReadOnlyList<string> Manifests { get; init; } = [];

    /// <summary>Builds a checkout, without the network; null for none.</summary>
    public string? Build { get; init; }

    /// <summary>What runs beside each check, such as a database.</summary>
    public IReadOnlyList<BuildService> Services { get; init; } = [];

    /// <summary>What must exit 0 at every tip, the cheapest first.</summary>
    public IReadOnlyList<BuildCheck> Checks { get; init; } = [];

    /// <summary>Whether checks must notice when the lines are changed that a task has written. Default no.</summary>
    public bool TriesMutants { get; init; }

    /// <summary>What must hold at the end.</summary>
    public IReadOnlyList<Assertion> Acceptance { get; init; } = [];

    /// <summary>The agents that do the work.</summary>
    public required AgentSpec Worker { get; init; }

    /// <summary>Further kinds of agents that do the work, such as programs; a task goes to whichever kind has the most room.</summary>
    public IReadOnlyList<AgentSpec> OtherWorkers { get; init; } = [];

    /// <summary>All kinds of agents that do the work.</summary>
    [JsonIgnore]
    public IReadOnlyList<AgentSpec> Workers => [Worker, .. OtherWorkers];

    /// <summary>The agent that plans.</summary>
    public required AgentSpec Planner { get; init; }

    /// <summary>The agents that review; null for no review.</summary>
    public AgentSpec? Reviewer { get; init; }

    /// <summary>Whether the plan is carried out without a person's yes. Default no.</summary>
    public bool PlansAlone { get; init; }

    /// <summary>The most tasks of a plan. Default 12.</summary>
    public int MostTasks { get; init; } = 12;

    /// <summary>The most money for models, in US dollars; null for no cap.</summary>
    public decimal? Dollars { get; init; }

    /// <summary>The most model tokens, in and out; null for no cap.</summary>
    public long? Tokens { get; init; }

    /// <summary>The run's active time, in seconds; 0 for no limit.</summary>
    public double Seconds { get; init; }

    /// <summary>What setup, a build, a check or an assertion may take. Default 10 minutes.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Whether the result becomes a pull request too. Default no.</summary>
    public bool OpensPullRequest { get; init; }

    /// <summary>Further paths that commands may read.</summary>
    public IReadOnlyList<string> Read { get; init; } = [];

    /// <summary>Every agent of the run.</summary>
    [JsonIgnore]
    public IEnumerable<AgentSpec> Agents => Reviewer is null ? [Planner, .. Workers] : [Planner, .. Workers, Reviewer];
}

/// <summary>Something that runs beside a check, started anew for each and ended with it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Run">The command, which goes on until it is ended.</param>
/// <param name="Ready">Exits 0 once it can be used; empty where it can be at once.</param>
public sealed record BuildService(string Name, string Run, string Ready = "");

/// <summary>When a check is run.</summary>
public enum CheckTier
{
    /// <summary>On each task's work, and on every tip.</summary>
    Each,

    /// <summary>On the tip of each batch.</summary>
    Batch,

    /// <summary>Once, at the end.</summary>
    Final,
}

/// <summary>A command that must exit 0.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Run">The command.</param>
/// <param name="When">When it is run.</param>
public sealed record BuildCheck(string Name, string Run, CheckTier When = CheckTier.Each)
{
    /// <summary>How many tests it ran on the base: one that runs fewer is refused. Null where it doesn't tell.</summary>
    public int? Tests { get; init; }
}

/// <summary>Something that must hold at the end, as a command that must exit 0.</summary>
/// <param name="Id">Its name, such as <c>A1</c>.</param>
/// <param name="Says">What it asserts, in words.</param>
/// <param name="Run">The command.</param>
public sealed record Assertion(string Id, string Says, string Run)
{
    /// <summary>Whether the base fulfils it already, and must go on doing so; else it must be red on the base. Default no.</summary>
    public bool IsKept { get; init; }

    /// <summary>Whether agents are told nothing of it but its words. Default no.</summary>
    public bool IsHidden { get; init; }
}
