using Godwit.Durable;
using Godwit.Models;

namespace Godwit.Agents;

/// <summary>What an agent is asked to do, and within what.</summary>
public sealed record AgentTask
{
    /// <summary>Its name, unique in the run, such as <c>trial-7</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The role whose models it uses.</summary>
    public string Role { get; init; } = "worker";

    /// <summary>What is wanted, in the user's words; never compacted away.</summary>
    public required string Goal { get; init; }

    /// <summary>What must hold; never compacted away.</summary>
    public IReadOnlyList<string> Constraints { get; init; } = [];

    /// <summary>The repository's own instructions, below the user's.</summary>
    public string? Instructions { get; init; }

    /// <summary>The budget's node that its calls are booked on.</summary>
    public required string Budget { get; init; }

    /// <summary>The commit that its tree starts from.</summary>
    public required string BaseCommit { get; init; }

    /// <summary>That commit's tree.</summary>
    public required string BaseTree { get; init; }

    /// <summary>The most model calls. Default 60.</summary>
    public int Turns { get; init; } = 60;

    /// <summary>The most tool calls. Default 200.</summary>
    public int ToolCalls { get; init; } = 200;

    /// <summary>The program that does it, by its name among the templates; null for Godwit's own loop.</summary>
    public string? Program { get; init; }

    /// <summary>The time that it has, in seconds of the run's active time. Default 1,800.</summary>
    public double Seconds { get; init; } = 1800;

    /// <summary>
    /// What becomes of its files, in the words of who started it: "afterwards your files are ... on a clean checkout". Default
    /// "checked and measured", as in runs of earlier versions.
    /// </summary>
    public string Afterwards { get; init; } = "checked and measured";

    /// <summary>How what it starts from was chosen, for whoever started it; null where nothing was to be chosen.</summary>
    public string? Start { get; init; }

    /// <summary>The trial that it starts from; 0 for none.</summary>
    public int Parent { get; init; }

    /// <summary>
    /// Whether it is told after every turn what it has left. No in runs of earlier versions, which must go on in their own words.
    /// </summary>
    public bool HearsWhatIsLeft { get; init; }

    /// <summary>Whether it may ask a person and wait for the answer.</summary>
    public bool MayAsk { get; init; }

    /// <summary>Globs, from the tree's top, of what is taken of its files; null where that is the same for all agents of the run.</summary>
    public IReadOnlyList<string>? Scope { get; init; }

    /// <summary>The form that it fills in to submit; null for one that hands over its files.</summary>
    public string? Form { get; init; }

    /// <summary>What the form has to know to check what was filled in, in its own terms; null for nothing.</summary>
    public string? FormContext { get; init; }

    /// <summary>The tools that it has, by name; null for all.</summary>
    public IReadOnlyList<string>? Tools { get; init; }

    /// <summary>How many generations of agents it may have below itself. Default none.</summary>
    public int Depth { get; init; }

    /// <summary>How many agents may be started below it, in all generations. Default no limit.</summary>
    public int Agents { get; init; } = int.MaxValue;

    /// <summary>The most tokens of one reply. Default 8,192.</summary>
    public int MaxOutput { get; init; } = 8192;
}

/// <summary>How an agent ended.</summary>
public enum AgentEnd
{
    /// <summary>It says that it is done. That is a claim.</summary>
    Submitted,

    /// <summary>It went round in circles and was stopped.</summary>
    Stopped,

    /// <summary>Its turns, tool calls, or the budget above it came to an end.</summary>
    OutOfBudget,

    /// <summary>No model could be asked.</summary>
    Failed,

    /// <summary>A person ended it.</summary>
    Cancelled,
}

/// <summary>What an agent says of a check that it ran itself.</summary>
/// <param name="Command">The check.</param>
/// <param name="Passed">What the agent says.</param>
public sealed record SelfReport(string Command, bool Passed);

/// <summary>What became of an agent. Everything in it but the numbers is a claim.</summary>
public sealed record AgentResult
{
    /// <summary>How it ended.</summary>
    public AgentEnd End { get; init; }

    /// <summary>Why, where it didn't submit.</summary>
    public string? Reason { get; init; }

    /// <summary>Its last words.</summary>
    public string Summary { get; init; } = "";

    /// <summary>Checks that it says it ran.</summary>
    public IReadOnlyList<SelfReport> Checks { get; init; } = [];

    /// <summary>The form that it has filled in, as JSON; null where it had none, or didn't submit.</summary>
    public string? Form { get; init; }

    /// <summary>How what it started from was chosen, as its task says.</summary>
    public string? Start { get; init; }

    /// <summary>The trial that it started from, as its task says; 0 for none.</summary>
    public int Parent { get; init; }

    /// <summary>Its files at the end.</summary>
    public required string Tree { get; init; }

    /// <summary>Model calls.</summary>
    public int Turns { get; init; }

    /// <summary>Tool calls.</summary>
    public int ToolCalls { get; init; }

    /// <summary>Agents that were started below it.</summary>
    public int Agents { get; init; }

    /// <summary>How long it, and those below it, have waited for a person.</summary>
    public double WaitedSeconds { get; init; }

    /// <summary>Files that it has changed by its tools, and those of the agents below it.</summary>
    public IReadOnlyList<string> Changed { get; init; } = [];

    /// <summary>What its answered model calls cost; one that broke off is booked on its budget and not here.</summary>
    public Charge Charge { get; init; } = Charge.None;

    /// <summary>The models that answered.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];
}

/// <summary>An agent between two segments of its life.</summary>
public sealed record AgentState
{
    /// <summary>The task.</summary>
    public required AgentTask Task { get; init; }

    /// <summary>The conversation that is still told to the model.</summary>
    public required IReadOnlyList<ModelMessage> Messages { get; init; }

    /// <summary>Its files.</summary>
    public required string Tree { get; init; }

    /// <summary>Model calls so far.</summary>
    public int Turn { get; init; }

    /// <summary>How often in a row its conversation was too long, without an answer in between.</summary>
    public int Overflows { get; init; }

    /// <summary>Tool calls so far.</summary>
    public int ToolCalls { get; init; }

    /// <summary>Files that it has changed.</summary>
    public IReadOnlyList<string> Changed { get; init; } = [];

    /// <summary>Files that it has opened by name, where it has a form to fill in.</summary>
    public IReadOnlyList<string> Opened { get; init; } = [];

    /// <summary>Notes that it has taken; never compacted away.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>What was spent so far.</summary>
    public Charge Charge { get; init; } = Charge.None;

    /// <summary>The models that answered.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>The run's active time at its first answer; 0 before it.</summary>
    public double StartSeconds { get; init; }

    /// <summary>The run's active time at its last answer.</summary>
    public double NowSeconds { get; init; }

    /// <summary>How long it has waited for a person, in the run's active time; that time isn't its own.</summary>
    public double WaitedSeconds { get; init; }

    /// <summary>How many of people's orders it has heard of.</summary>
    public int Heard { get; init; }

    /// <summary>The time that it has used, as known at its last answer.</summary>
    internal double UsedSeconds => NowSeconds - StartSeconds - WaitedSeconds;

    /// <summary>How many of its actions a reviewer model was asked about.</summary>
    public int Reviews { get; init; }

    /// <summary>The reviewer's last verdicts, oldest first; true for a denial.</summary>
    public IReadOnlyList<bool> Denials { get; init; } = [];

    /// <summary>A step may take what is left of its time.</summary>
    /// <param name="topic">One of <see cref="AgentTopic"/>.</param>
    internal StepOptions Limit(string topic) =>
        new() { Timeout = TimeSpan.FromSeconds(Math.Clamp(Task.Seconds - UsedSeconds, 1, 7 * 86_400)), Topic = topic };

    /// <summary>Agents that it has started.</summary>
    public int Spawned { get; init; }

    /// <summary>Agents that were started below it, in all generations.</summary>
    public int Agents { get; init; }

    /// <summary>Set at the end.</summary>
    public AgentResult? Result { get; init; }
}
