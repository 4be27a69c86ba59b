namespace Godwit.Playbooks;

/// <summary>A task of a run's plan, for its picture.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Title">What it is for, in one line.</param>
/// <param name="State">How it stands.</param>
/// <param name="After">The tasks that have to be merged before it.</param>
/// <param name="On">The tasks whose contracts it builds on.</param>
/// <param name="Asserts">The assertions that hold once it is merged.</param>
/// <param name="Reason">Why it failed or was sent back; null for neither.</param>
public sealed record RunTask(
    string Id, string Title, string State, IReadOnlyList<string> After, IReadOnlyList<string> On, IReadOnlyList<string> Asserts, string? Reason);

/// <summary>A candidate that a run has tried.</summary>
/// <param name="Number">Its number, from 1.</param>
/// <param name="What">Its parameters or files, in one line.</param>
/// <param name="By">Who proposed it.</param>
/// <param name="Outcome">What became of it, such as <c>ok</c>.</param>
/// <param name="Reason">Why it isn't ok; null where it is.</param>
/// <param name="Mean">What it gains, shrunk, in the board's terms; null where it wasn't measured.</param>
/// <param name="Pairs">How many pairs were measured.</param>
public sealed record RunTrial(int Number, string What, string By, string Outcome, string? Reason, double? Mean, int Pairs);

/// <summary>What a run has tried: gains as factors, or as differences where the metric is compared by them.</summary>
/// <param name="Base">The value of no gain: 1 for factors, 0 for differences.</param>
/// <param name="Trials">The candidates, in order.</param>
public sealed record RunTrials(double Base, IReadOnlyList<RunTrial> Trials);

/// <summary>Something about a whole run that a person is asked, such as its plan.</summary>
/// <param name="Signal">The signal to the root process that answers it.</param>
/// <param name="Title">What is asked, in a few words.</param>
/// <param name="Detail">The whole of it.</param>
public sealed record RunQuestion(string Signal, string Title, string Detail);
