using Godwit.Agents;
using Godwit.Durable;
using Godwit.Models;

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

    /// <summary>The worker's own words.</summary>
    public string Claims { get; init; } = "";

    /// <summary>How its last worker ended.</summary>
    public AgentEnd End { get; init; }

    /// <summary>What its answered model calls cost.</summary>
    public Charge Charge { get; init; } = Charge.None;

    /// <summary>Its files at the end, out of which it can be gone on with.</summary>
    public string Tree { get; init; } = "";
}

/// <summary>How urgent a finding is.</summary>
public enum Priority
{
    /// <summary>Data loss, injection, a crash in ordinary use.</summary>
    P0,

    /// <summary>Wrong in a case that users meet.</summary>
    P1,

    /// <summary>Wrong in a case that few meet.</summary>
    P2,

    /// <summary>A remark.</summary>
    P3,
}

/// <summary>Something that a reviewer says is wrong, and what became of that.</summary>
public sealed record FindingRecord
{
    /// <summary>Its name in the ledger.</summary>
    public required string Id { get; init; }

    /// <summary>Who found it.</summary>
    public required string Reviewer { get; init; }

    /// <summary>Which of a change's reviewers that is, from 1: the same one may take it back.</summary>
    public int Slot { get; init; }

    /// <summary>As it was written.</summary>
    public required Finding Finding { get; init; }

    /// <summary>What its reproduction showed; null where it had none.</summary>
    public Reproduction? Reproduction { get; init; }

    /// <summary>Whether the change can't be merged with it.</summary>
    public bool Blocks { get; init; }

    /// <summary>Why it blocks, or doesn't.</summary>
    public string Reason { get; init; } = "";

    /// <summary>What became of it since.</summary>
    public FindingState State { get; init; }
}

/// <summary>What became of a finding.</summary>
public enum FindingState
{
    /// <summary>It stands.</summary>
    Open,

    /// <summary>Its reproduction passes on the new work, and still fails on the old.</summary>
    Closed,

    /// <summary>Its reviewer took it back.</summary>
    Withdrawn,
}

/// <summary>A finding as a reviewer writes it.</summary>
public sealed record Finding
{
    /// <summary>The file.</summary>
    public string File { get; init; } = "";

    /// <summary>The line, from 1; 0 for the file as a whole.</summary>
    public int Line { get; init; }

    /// <summary>How urgent it is.</summary>
    public Priority Priority { get; init; } = Priority.P2;

    /// <summary>What is wrong.</summary>
    public string Claim { get; init; } = "";

    /// <summary>What makes it show.</summary>
    public string Trigger { get; init; } = "";

    /// <summary>A command that exits 0 where it isn't wrong, and otherwise where it is; empty for none.</summary>
    public string Command { get; init; } = "";

    /// <summary>Files that the command needs, laid over the checkout.</summary>
    public IReadOnlyList<FindingFile> Files { get; init; } = [];

    /// <summary>The assertion, contract or documented sentence that is broken, where the base can't run the command.</summary>
    public string Cites { get; init; } = "";
}

/// <summary>A file of a reproduction.</summary>
/// <param name="Path">From the top of the repository.</param>
/// <param name="Content">Its text.</param>
public sealed record FindingFile(string Path, string Content);

/// <summary>What a reproduction showed: the exit codes of its runs on clean checkouts.</summary>
/// <param name="AtBase">On what the work started from.</param>
/// <param name="AtTip">On the work.</param>
public sealed record Reproduction(IReadOnlyList<int> AtBase, IReadOnlyList<int> AtTip)
{
    /// <summary>Whether it always fails on the work, and never for want of a command.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool AlwaysFailsAtTip => AtTip.All(code => code is not (0 or 126 or 127));

    /// <summary>Whether it always passes on what the work started from.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool AlwaysPassesAtBase => AtBase.All(code => code == 0);
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

    /// <summary>What became of the assertions.</summary>
    public IReadOnlyList<AssertionVerdict> Assertions { get; init; } = [];
}
