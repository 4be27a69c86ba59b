using Godwit.Agents;
using Godwit.Durable;
using Godwit.Egress;
using Godwit.Playbooks.Land;
using Godwit.Playbooks.Review;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Build;

/// <summary>The world of the build playbook.</summary>
/// <param name="Gate">Looks at commits, and reproduces findings on them.</param>
/// <param name="World">Makes commits out of work.</param>
/// <param name="Publisher">Makes the result a branch of the user's repository.</param>
/// <param name="Agents">The world of agents.</param>
public sealed record BuildServices(IGate Gate, IBuildWorld World, IPublisher Publisher, AgentServices Agents)
{
    /// <summary>Opens pull requests.</summary>
    public IPullRequests PullRequests { get; init; } = new ForgePullRequests();

    /// <summary>What the goal's setup may reach. Default nothing.</summary>
    public RunNetwork Network { get; init; } = RunNetwork.None;
}

/// <summary>What is to be made of an agent's files.</summary>
/// <param name="Tip">What the work started from.</param>
/// <param name="Tree">The files at its end.</param>
/// <param name="Name">The work's name.</param>
/// <param name="Agent">Who did it.</param>
/// <param name="Conflicts">The files in which it had to bring two sides together.</param>
public sealed record HarvestRequest(string Tip, string Tree, string Name, string Agent, IReadOnlyList<string> Conflicts);

/// <summary>What was taken of an agent's files.</summary>
/// <param name="Commit">The commit on the tip; null where nothing has changed.</param>
/// <param name="Files">The files that differ.</param>
/// <param name="Left">Those of them that are still there.</param>
/// <param name="Patch">The difference, cut where it is long.</param>
/// <param name="Marked">The files of a conflict that still have git's marks in them.</param>
public sealed record Harvest(
    string? Commit, IReadOnlyList<string> Files, IReadOnlyList<string> Left, string Patch, IReadOnlyList<string> Marked)
{
    /// <summary>The files that weren't there before.</summary>
    public IReadOnlyList<string> New { get; init; } = [];
}

/// <summary>A change that somebody else has made.</summary>
/// <param name="Base">The commit that it starts from.</param>
/// <param name="Head">The change.</param>
public sealed record ChangeRequest(string Base, string Head);

/// <summary>What is to be stacked.</summary>
/// <param name="Tip">On what.</param>
/// <param name="Commit">The work.</param>
/// <param name="Message">The message of the commit that it becomes.</param>
/// <param name="Agent">Who did it.</param>
/// <param name="Name">The work's name.</param>
public sealed record StackRequest(string Tip, string Commit, string Message, string Agent, string Name)
{
    /// <summary>Whether the work's own commits stay, below a merge; else it becomes one commit. Default no.</summary>
    public bool KeepsHistory { get; init; }
}

/// <summary>A stacked change, or where it met another.</summary>
/// <param name="Tip">The new tip; null where both sides changed the same places.</param>
/// <param name="Tree">The merged tree, with git's marks where both did.</param>
/// <param name="Conflicts">The files with these places.</param>
public sealed record StackOutcome(string? Tip, string Tree, IReadOnlyList<string> Conflicts);

/// <summary>What is to be reproduced.</summary>
/// <param name="Base">What the work started from.</param>
/// <param name="Tip">The work.</param>
/// <param name="Finding">The finding.</param>
public sealed record ReproduceRequest(string Base, string Tip, Finding Finding);

/// <summary>What is to be handed over.</summary>
/// <param name="BaseCommit">The user's commit.</param>
/// <param name="Visible">The same as agents saw it.</param>
/// <param name="Tip">The tip of what was merged on that.</param>
public sealed record DeliverRequest(string BaseCommit, string Visible, string Tip);

/// <summary>What is to be signed.</summary>
/// <param name="Input">What the run was started with.</param>
/// <param name="Commit">The result.</param>
/// <param name="Plan">The plan that it was finished by.</param>
/// <param name="Checks">What the last gate saw; all of it passed.</param>
/// <param name="Works">What was merged.</param>
/// <param name="At">When.</param>
public sealed record BuildEvidenceRequest(
    BuildInput Input, string Commit, BuildPlan Plan, IReadOnlyList<CheckVerdict> Checks, IReadOnlyList<MergedWork> Works, DateTimeOffset At);

/// <summary>A piece of work that was merged.</summary>
/// <param name="Task">The task.</param>
/// <param name="Version">The version of the plan that it is of.</param>
/// <param name="IsContract">Whether it is only what others build on.</param>
/// <param name="Asserts">The assertions that its task owns; none for a contract.</param>
/// <param name="Tip">The tip that it made.</param>
/// <param name="Agent">Who did it.</param>
/// <param name="Models">The models that answered.</param>
/// <param name="Reviewers">Who reviewed it.</param>
/// <param name="Findings">What they found.</param>
/// <param name="Dollars">What its answered model calls cost, in US dollars.</param>
public sealed record MergedWork(
    string Task, int Version, bool IsContract, IReadOnlyList<string> Asserts, string Tip, string Agent, IReadOnlyList<string> Models,
    IReadOnlyList<string> Reviewers, IReadOnlyList<FindingRecord> Findings, decimal Dollars);

/// <summary>The run's clone, as the playbook sees it.</summary>
public interface IBuildWorld
{
    /// <summary>What agents start from.</summary>
    Task<BuildBase> BaseAsync(string baseCommit, Attempt attempt, CancellationToken cancellation);

    /// <summary>The files of a commit below the goal's folder, for who plans.</summary>
    Task<IReadOnlyList<string>> FilesAsync(string commit, Attempt attempt, CancellationToken cancellation);

    /// <summary>Makes an agent's files a commit, and takes its folder away.</summary>
    Task<Harvest> HarvestAsync(HarvestRequest request, Attempt attempt, CancellationToken cancellation);

    /// <summary>Reads a change that somebody else has made.</summary>
    Task<Harvest> ChangeAsync(ChangeRequest request, Attempt attempt, CancellationToken cancellation);

    /// <summary>Puts work on top of a tip.</summary>
    Task<StackOutcome> StackAsync(StackRequest request, Attempt attempt, CancellationToken cancellation);

    /// <summary>The tree of a commit.</summary>
    Task<string> TreeAsync(string commit, Attempt attempt, CancellationToken cancellation);

    /// <summary>Lays what was merged on the user's own commit, with the files that no agent has seen.</summary>
    Task<string> DeliverAsync(DeliverRequest request, Attempt attempt, CancellationToken cancellation);

    /// <summary>Signs what was verified; returns the evidence's file name.</summary>
    Task<string> SignAsync(BuildEvidenceRequest request, Attempt attempt, CancellationToken cancellation);

    /// <summary>Signs what was landed; returns the evidence's file name.</summary>
    Task<string> SignLandedAsync(LandEvidenceRequest request, Attempt attempt, CancellationToken cancellation);
}
