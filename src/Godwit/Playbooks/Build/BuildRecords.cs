using Godwit.Agents;
using Godwit.Durable;
using Godwit.Models;
using Godwit.Playbooks.Review;

namespace Godwit.Playbooks.Build;

/// <summary>What a run of the build playbook starts from.</summary>
public sealed record BuildInput
{
    /// <summary>The goal.</summary>
    public required BuildGoal Goal { get; init; }

    /// <summary>The user's commit that the result goes on from.</summary>
    public required string BaseCommit { get; init; }

    /// <summary>How commands are kept apart, for the evidence.</summary>
    public string Sandbox { get; init; } = "";

    /// <summary>The branch that the result becomes.</summary>
    public string Branch { get; init; } = "";

    /// <summary>The branch that the user was on; null for none.</summary>
    public string? Onto { get; init; }

    /// <summary>Who answers the agents.</summary>
    public ModelSource Models { get; init; } = new();

    /// <summary>The folder that the user started from.</summary>
    public string Source { get; init; } = "";
}

/// <summary>Where agents start.</summary>
/// <param name="Commit">The base without the files that no agent may see.</param>
/// <param name="Instructions">The repository's own instructions; null for none.</param>
public sealed record BuildBase(string Commit, string? Instructions);

/// <summary>A piece of a task for one process.</summary>
public sealed record WorkInput
{
    /// <summary>The run's goal.</summary>
    public required BuildGoal Goal { get; init; }

    /// <summary>The task.</summary>
    public required PlannedTask Task { get; init; }

    /// <summary>The plan's version.</summary>
    public required int Version { get; init; }

    /// <summary>Whether only the task's contracts are to be written.</summary>
    public bool IsContract { get; init; }

    /// <summary>Which of the goal's kinds of workers does it, from 0.</summary>
    public int Kind { get; init; }

    /// <summary>Which go at it this is, from 1.</summary>
    public int Round { get; init; } = 1;

    /// <summary>The tip that it starts from.</summary>
    public required string Tip { get; init; }

    /// <summary>What it goes on with; null to start from the tip's files.</summary>
    public string? Tree { get; init; }

    /// <summary>The run's active time after which nothing new is begun, in seconds; infinite for no limit.</summary>
    public double Deadline { get; init; } = double.PositiveInfinity;

    /// <summary>The most that its task may cost, in US dollars; null for no cap of its own.</summary>
    public decimal? Dollars { get; init; }

    /// <summary>What the round before came to, whose findings stand; null for the first.</summary>
    public WorkResult? Before { get; init; }

    /// <summary>The files of contracts that it builds on.</summary>
    public IReadOnlyList<string> Contracts { get; init; } = [];

    /// <summary>The files in which it met what was merged meanwhile; git's marks are in them at first.</summary>
    public IReadOnlyList<string> Conflicts { get; init; } = [];

    /// <summary>Why it is done again, for its worker to read; null for the first time.</summary>
    public string? Feedback { get; init; }

    /// <summary>The repository's own instructions; null for none.</summary>
    public string? Instructions { get; init; }

    /// <summary>Its name: agents' names begin with it.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string Name => $"{Task.Id}-v{Version}{(IsContract ? "-contract" : "")}";

    /// <summary>The budget's node of the whole task, its contracts included.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string Budget => $"run/{Task.Id}-v{Version}";
}

/// <summary>What a piece of work came to.</summary>
public sealed record WorkResult
{
    /// <summary>The work as a commit on the tip that it started from; null where there is nothing to merge.</summary>
    public string? Commit { get; init; }

    /// <summary>Why there is nothing to merge; null where there is.</summary>
    public string? Reason { get; init; }

    /// <summary>What was done, filled in by the runtime and by its worker.</summary>
    public required HandOff HandOff { get; init; }

    /// <summary>What reviewers found.</summary>
    public IReadOnlyList<FindingRecord> Findings { get; init; } = [];

    /// <summary>The agents that reviewed it.</summary>
    public IReadOnlyList<string> Reviewers { get; init; } = [];
}

/// <summary>What a worker leaves to whoever goes on: facts by the runtime, claims by the worker.</summary>
public sealed record HandOff
{
    /// <summary>The last agent that worked on it.</summary>
    public required string Agent { get; init; }

    /// <summary>The models that answered it.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>The files that differ from the tip.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>What the gate saw on a clean checkout; null where nothing was changed.</summary>
    public GateResult? Gate { get; init; }

    /// <summary>What became of mutants of its lines; null where none were tried.</summary>
    public MutantResult? Mutants { get; init; }

    /// <summary>The worker's own words.</summary>
    public string Claims { get; init; } = "";

    /// <summary>How its last worker ended.</summary>
    public AgentEnd End { get; init; }

    /// <summary>What its answered model calls cost.</summary>
    public Charge Charge { get; init; } = Charge.None;

    /// <summary>Its files at the end, out of which it can be gone on with.</summary>
    public string Tree { get; init; } = "";
}

/// <summary>What became of an assertion at the end.</summary>
/// <param name="Id">The assertion.</param>
/// <param name="Holds">Whether it holds on a clean checkout of the result.</param>
/// <param name="Reason">Why not; null where it does.</param>
public sealed record AssertionVerdict(string Id, bool Holds, string? Reason);

/// <summary>How a run of the build playbook ended.</summary>
public sealed record BuildResult
{
    /// <summary><c>verified</c>, <c>partial</c>, <c>refused</c> or <c>failed</c>.</summary>
    public required string State { get; init; }

    /// <summary>One line.</summary>
    public required string Reason { get; init; }

    /// <summary>The result in the run's clone; null for none.</summary>
    public string? Commit { get; init; }

    /// <summary>The branch in the user's repository; null where none was made.</summary>
    public string? Branch { get; init; }

    /// <summary>The evidence's file name; null where nothing is proven.</summary>
    public string? Evidence { get; init; }

    /// <summary>The address of the pull request; null where none was opened.</summary>
    public string? PullRequest { get; init; }

    /// <summary>What became of the assertions.</summary>
    public IReadOnlyList<AssertionVerdict> Assertions { get; init; } = [];
}
