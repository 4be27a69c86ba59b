using Godwit.Playbooks;

namespace Godwit.Server.Centre;

/// <summary>A line of what happened in a run.</summary>
/// <param name="Seq">The journal's entry.</param>
/// <param name="At">When.</param>
/// <param name="Agent">The agent that it is about; null for the run itself.</param>
/// <param name="What">What it is: a word such as says, calls, gets, ends, or the label that the terminal shows.</param>
/// <param name="Text">The words, cut to one line.</param>
/// <param name="IsCut">Whether there is more; the whole is to be had by its entry.</param>
/// <param name="Tone">How it wants to be seen.</param>
public sealed record Row(long Seq, DateTimeOffset At, string? Agent, string What, string Text, bool IsCut, Tone Tone)
{
    /// <summary>Its place among those of its entry that tell of agents and commands, from 0; -1 for a line of the run itself.</summary>
    public int Part { get; init; } = -1;
}

/// <summary>An agent in one row.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State"><c>working</c>, <c>waiting</c> for a person, <c>paused</c> or <c>ended</c>.</param>
/// <param name="Started">When it began.</param>
/// <param name="LastEvent">When it was last heard of.</param>
/// <param name="Calls">Model calls that were answered, those of agents that it started included.</param>
/// <param name="Dollars">What they cost, in US dollars.</param>
/// <param name="Last">The last line of it.</param>
public sealed record AgentRow(
    string Name, string State, DateTimeOffset Started, DateTimeOffset LastEvent, int Calls, decimal Dollars, string Last);

/// <summary>Something that waits for a person.</summary>
/// <param name="Run">The run.</param>
/// <param name="Goal">What the run is for.</param>
/// <param name="Kind"><c>approval</c>, <c>question</c>, <c>plan</c> or <c>parked</c>.</param>
/// <param name="Id">Names it within the run.</param>
/// <param name="Hash">Of the whole of what is asked: who answers says what was read.</param>
/// <param name="Since">Since when it waits.</param>
/// <param name="Who">The agent that asks; null for the run itself.</param>
/// <param name="Title">What is wanted, in a few words.</param>
/// <param name="Detail">The command, the plan or the reason, whole.</param>
/// <param name="Rule">The rule that asks; null where none does.</param>
/// <param name="Deadline">When it counts as denied; null for never.</param>
/// <param name="IsAdvisory">Whether nothing but the agent's good will holds it to the answer: its run has no sandbox.</param>
public sealed record Ask(
    string Run, string Goal, string Kind, string Id, string Hash, DateTimeOffset Since, string? Who, string Title, string Detail, string? Rule,
    DateTimeOffset? Deadline, bool IsAdvisory);

/// <summary>A run as it stands.</summary>
/// <param name="Head">Where its journal stood: the run, the entry and the beginning of its hash.</param>
/// <param name="Row">The run in one row.</param>
/// <param name="Lines">How it stands, a line each, as <c>godwit show</c> prints it.</param>
/// <param name="Tasks">Its tasks; empty for runs without a plan.</param>
/// <param name="Trials">What it has tried; null for runs that try nothing.</param>
/// <param name="Agents">Its agents, the first started first.</param>
/// <param name="Asks">What waits for a person.</param>
/// <param name="CanBeSteered">Whether its agents can be spoken to, paused and ended.</param>
/// <param name="HasOwner">Whether a process works on it now.</param>
/// <param name="CanBeApplied">Whether it hands over something that can be merged.</param>
/// <param name="Evidence">The name of its evidence; null for none.</param>
/// <param name="Detail">What <c>godwit show --json</c> prints.</param>
public sealed record LiveState(
    string Head, RunRow Row, IReadOnlyList<RunLine> Lines, IReadOnlyList<RunTask> Tasks, RunTrials? Trials, IReadOnlyList<AgentRow> Agents,
    IReadOnlyList<Ask> Asks, bool CanBeSteered, bool HasOwner, bool CanBeApplied, string? Evidence, object Detail);

/// <summary>A run with its newest rows.</summary>
/// <param name="State">The run.</param>
/// <param name="Rows">The newest rows, the oldest first.</param>
public sealed record RunSnapshot(LiveState State, IReadOnlyList<Row> Rows);

/// <summary>Rows of a run.</summary>
/// <param name="Rows">The oldest first.</param>
/// <param name="HasMore">Whether there are older ones.</param>
public sealed record RowPage(IReadOnlyList<Row> Rows, bool HasMore);

/// <summary>The whole of a row.</summary>
/// <param name="Text">All words.</param>
public sealed record RowText(string Text);

/// <summary>What was changed.</summary>
/// <param name="Tree">The tree or commit that it comes to, in the run's clone.</param>
/// <param name="Patch">A patch as git writes it, from what it started from.</param>
/// <param name="IsCut">Whether the patch is longer than what is told.</param>
public sealed record Changes(string Tree, string Patch, bool IsCut);

/// <summary>How much disk a run takes.</summary>
/// <param name="Run">The run.</param>
/// <param name="Bytes">All of it, in bytes.</param>
/// <param name="CanGo">Whether it can be archived or deleted: nobody works on it.</param>
public sealed record RunDisk(string Run, long Bytes, bool CanGo);

/// <summary>Runs that are put away.</summary>
/// <param name="Runs">Their ids.</param>
public sealed record RunsBody(IReadOnlyList<string> Runs);

/// <summary>A model and who serves it.</summary>
/// <param name="Name">Its name here.</param>
/// <param name="Provider">Its provider.</param>
/// <param name="State">Whether the provider can be asked: <c>reachable</c>, <c>ready</c>, <c>out of reach</c>, or what it lacks.</param>
/// <param name="Input">US dollars a million tokens of input; null where it isn't known.</param>
/// <param name="Output">The same for output.</param>
/// <param name="Roles">The roles that it plays, with its place among those who do, such as <c>worker 1</c>.</param>
public sealed record ModelRow(string Name, string Provider, string State, decimal? Input, decimal? Output, IReadOnlyList<string> Roles);

/// <summary>The models there are.</summary>
/// <param name="File">Where a user's own stand.</param>
/// <param name="Models">All models.</param>
public sealed record ModelList(string File, IReadOnlyList<ModelRow> Models);

/// <summary>All runs, and what waits for a person.</summary>
/// <param name="Runs">The newest first.</param>
/// <param name="Asks">The oldest first.</param>
/// <param name="IsRecording">Whether all of it is a recording that plays.</param>
public sealed record Fleet(IReadOnlyList<RunRow> Runs, IReadOnlyList<Ask> Asks, bool IsRecording);

/// <summary>An order to agents.</summary>
/// <param name="Agent">The agent or task; null for all.</param>
/// <param name="Words">What is said, or why.</param>
public sealed record OrderBody(string? Agent, string? Words);

/// <summary>An answer to something that waits.</summary>
/// <param name="Id">What is answered.</param>
/// <param name="Hash">Of what was read; another one is refused.</param>
/// <param name="Grant">Yes or no.</param>
/// <param name="Words">What the agent, or the planner, is told; null for nothing.</param>
/// <param name="Plan">For a plan: carry out this one instead. Null for the one that waits.</param>
public sealed record AnswerBody(string Id, string Hash, bool Grant, string? Words, System.Text.Json.JsonElement? Plan);

/// <summary>What to start.</summary>
/// <param name="Path">The goal file, or its folder, below the folder that the centre may start runs in.</param>
public sealed record StartBody(string Path);

/// <summary>A goal that is being written.</summary>
/// <param name="Path">The goal file, below the folder that the centre may start runs in.</param>
/// <param name="Text">What it is to say.</param>
/// <param name="Before">What was read of it; null for a new one.</param>
public sealed record GoalBody(string Path, string Text, string? Before);

/// <summary>What is wrong with a goal.</summary>
/// <param name="Problems">A line each, with line and column.</param>
public sealed record GoalProblems(IReadOnlyList<string> Problems);

/// <summary>A run that was started.</summary>
/// <param name="Run">Its id.</param>
public sealed record Started(string Run);

/// <summary>What a goal file would do.</summary>
/// <param name="Path">The file.</param>
/// <param name="Text">What is in it.</param>
/// <param name="Problems">What is wrong with it; nothing can be started while there are any.</param>
/// <param name="Plan">What a run would do, and what it may cost at most, a line each.</param>
public sealed record GoalPreview(string Path, string Text, IReadOnlyList<string> Problems, IReadOnlyList<string> Plan);

/// <summary>What became of an action.</summary>
/// <param name="Message">What was done, or why not.</param>
public sealed record Done(string Message);

/// <summary>What a check of evidence found.</summary>
/// <param name="Holds">Whether it is what was signed, by a key that is trusted here.</param>
/// <param name="Lines">What it says, or why it doesn't hold.</param>
public sealed record Verdict(bool Holds, IReadOnlyList<string> Lines);
