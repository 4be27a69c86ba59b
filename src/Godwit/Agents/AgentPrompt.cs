using System.Globalization;
using System.Text;
using Godwit.Egress;
using Godwit.Models;

namespace Godwit.Agents;

/// <summary>The words that agents are given.</summary>
internal static class AgentPrompt
{
    private const string Alone = "Nobody answers questions.";
    private const string Afterwards = "{afterwards}";
    private const string Network = "{network}";

    private const string Common = """
        You are an agent of Godwit. You work alone in a folder of files that is yours, with the tools below, until you call 'submit'.
        Nobody answers questions. What you say is taken as a claim: afterwards your files are {afterwards} on a clean
        checkout, outside of your reach, so report what you saw, failures included. Look before you change, keep changes small
        and to the point, and run the checks yourself before you submit.
        """;

    private const string Program = """
        You work alone in this folder, on a job of Godwit's. Nobody answers questions. What you say is taken as a claim: afterwards
        your files are {afterwards} on a clean checkout, outside of your reach, so report what you saw, failures included.
        Look before you change, keep changes small and to the point, run the checks yourself, and end with a summary of what you
        changed and why. {network} Don't commit.
        """;

    public const string Compact = """
        The conversation is getting too long and will be cut. Write what you need in order to go on without it: what you have
        found out (files, functions, numbers), what you have done, what failed and why, and what is left to do. The goal, the
        constraints, your notes and the list of changed files are kept word for word and need not be repeated.
        """;

    public static ToolSpec Submit { get; } = new(
        "submit", "Ends your work: hand over the files as they are.",
        """{"type":"object","properties":{"summary":{"type":"string","description":"what you changed and why"},"checks":""" +
        """{"type":"array","items":{"type":"object","properties":{"command":{"type":"string"},"passed":{"type":"boolean"}}}}},"required":["summary"]}""");

    public static ToolSpec Ask { get; } = new(
        "ask", "Asks a person and waits for the answer, which may take hours; only for what can't be found out otherwise.",
        """{"type":"object","properties":{"question":{"type":"string"}},"required":["question"]}""");

    public static ToolSpec Spawn { get; } = new(
        "spawn",
        "Gives a part of the work to another agent, which starts from your files as they are, knows nothing but the goal that " +
        "you write, and pays from your budget. You wait; what it has changed is in your files when it ends.",
        """{"type":"object","properties":{"goal":{"type":"string","description":"all that it needs to know"}},"required":["goal"]}""");

    public static ToolSpec Note { get; } = new(
        "note", "Keeps a short note that stays with you when the conversation is cut.",
        """{"type":"object","properties":{"text":{"type":"string"}},"required":["text"]}""");

    /// <summary>What a person says to an agent that is at work.</summary>
    public static string Said(string words) => $"(The person whose goal this is says: {words})";

    public static string Opening(AgentTask task)
    {
        var text = new StringBuilder($"# Goal\n\n{task.Goal}\n");
        if (task.Constraints.Count > 0)
        {
            text.Append("\n# Constraints\n\n").AppendJoin('\n', task.Constraints.Select(constraint => $"- {constraint}")).Append('\n');
        }

        if (task.Instructions is not null)
        {
            text.Append("\n# The repository's own instructions (the goal above is stronger)\n\n").Append(task.Instructions).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>What stands above every conversation.</summary>
    public static string System(AgentTask task)
    {
        var words = Common.Replace(Afterwards, task.Afterwards, StringComparison.Ordinal);
        return task.MayAsk
            ? words.Replace(Alone, "Nobody answers questions but those that you ask with 'ask'.", StringComparison.Ordinal)
            : words;
    }

    /// <summary>All that a program is told.</summary>
    /// <param name="task">Its task.</param>
    /// <param name="network">What it may reach.</param>
    public static string ForProgram(AgentTask task, IReadOnlyList<NetworkRule> network)
    {
        var reached = network.Count == 0 ? "There is no network." : $"The network has nothing but {string.Join("; ", network)}, by a proxy.";
        var words = Program.Replace(Afterwards, task.Afterwards, StringComparison.Ordinal).Replace(Network, reached, StringComparison.Ordinal);
        return $"{words}\n\n{Opening(task)}";
    }

    /// <summary>What is left of its budgets, in few words: it stands below every turn's results.</summary>
    public static string Left(AgentState state) => string.Create(
        CultureInfo.InvariantCulture,
        $"(left: {state.Task.Turns - state.Turn} turns, {state.Task.ToolCalls - state.ToolCalls} tool calls, " +
        $"{Math.Max(0, state.Task.Seconds - state.UsedSeconds) / 60:0} min; spent: ${state.Charge.Dollars:0.###})");

    /// <summary>What the conversation is cut down to.</summary>
    public static string Reopening(AgentState state, string memory)
    {
        var text = new StringBuilder(Opening(state.Task));
        text.Append("\n# Files that you have changed\n\n").AppendJoin('\n', state.Changed.DefaultIfEmpty("none")).Append('\n');
        if (state.Notes.Count > 0)
        {
            text.Append("\n# Your notes\n\n").AppendJoin('\n', state.Notes.Select(note => $"- {note}")).Append('\n');
        }

        return text.Append("\n# What you wrote down before the conversation was cut\n\n").Append(memory).Append('\n').ToString();
    }
}
