using System.Text.Json.Serialization;

namespace Godwit.Playbooks.Build;

/// <summary>What a person who watches a run is told; live view, <c>show</c>, page and report are folds of these.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "note")]
[JsonDerivedType(typeof(BaseGated), "base_gated")]
[JsonDerivedType(typeof(PlanProposed), "plan_proposed")]
[JsonDerivedType(typeof(PlanDecided), "plan_decided")]
[JsonDerivedType(typeof(WorkStarted), "work_started")]
[JsonDerivedType(typeof(WorkEnded), "work_ended")]
[JsonDerivedType(typeof(Merged), "merged")]
[JsonDerivedType(typeof(SentBack), "sent_back")]
[JsonDerivedType(typeof(Flaked), "flaked")]
[JsonDerivedType(typeof(Judged), "judged")]
[JsonDerivedType(typeof(Finished), "finished")]
public abstract record BuildNote
{
    /// <summary>What entries of notes are about.</summary>
    internal const string Topic = "build";

    private BuildNote()
    {
    }

    /// <summary>The base was built and checked, and the assertions were asked on it.</summary>
    public sealed record BaseGated(GateResult Checks, GateResult Acceptance) : BuildNote;

    /// <summary>A planner has handed a plan over.</summary>
    /// <param name="Plan">The plan.</param>
    /// <param name="Answer">The signal that answers it; null where nobody is asked.</param>
    public sealed record PlanProposed(BuildPlan Plan, string? Answer) : BuildNote;

    /// <summary>A plan is carried out, or not.</summary>
    /// <param name="Plan">The plan, as it was edited.</param>
    /// <param name="IsApproved">Whether it is carried out.</param>
    /// <param name="By">Who decided: <c>user</c>, or <c>auto</c> where the goal lets it.</param>
    /// <param name="Words">Why not; null for nothing.</param>
    public sealed record PlanDecided(BuildPlan Plan, bool IsApproved, string By, string? Words) : BuildNote;

    /// <summary>Work on a task began.</summary>
    public sealed record WorkStarted(string Task, bool IsContract, int Round) : BuildNote;

    /// <summary>Work on a task ended, and goes to the queue or not.</summary>
    public sealed record WorkEnded(string Task, bool IsContract, int Round, WorkResult Result) : BuildNote;

    /// <summary>Work was merged.</summary>
    /// <param name="Task">The task.</param>
    /// <param name="IsContract">Whether it is only what others build on.</param>
    /// <param name="Tip">The tip that it made.</param>
    /// <param name="Holds">The assertions that hold since.</param>
    public sealed record Merged(string Task, bool IsContract, string Tip, IReadOnlyList<string> Holds) : BuildNote;

    /// <summary>The queue sent work back.</summary>
    /// <param name="Task">The task.</param>
    /// <param name="Reason">Why.</param>
    /// <param name="Conflicts">The files in which it met other work; empty where a gate refused it.</param>
    public sealed record SentBack(string Task, string Reason, IReadOnlyList<string> Conflicts) : BuildNote;

    /// <summary>A check failed and passed on the same tip.</summary>
    public sealed record Flaked(CheckVerdict Check) : BuildNote;

    /// <summary>The assertions were judged on a clean checkout of the result.</summary>
    public sealed record Judged(string Commit, IReadOnlyList<AssertionVerdict> Assertions, IReadOnlyList<CheckVerdict> Checks) : BuildNote;

    /// <summary>The run ended.</summary>
    public sealed record Finished(BuildResult Result) : BuildNote;
}
