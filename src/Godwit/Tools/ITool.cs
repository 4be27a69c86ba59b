using Godwit.Durable;
using Godwit.Models;
using Godwit.Workspaces;

namespace Godwit.Tools;

/// <summary>Something that an agent can do to its tree.</summary>
public interface ITool
{
    /// <summary>As a model sees it.</summary>
    ToolSpec Spec { get; }

    /// <summary>What a call would do: for the gatekeeper, and for whether another may run beside it.</summary>
    /// <exception cref="ToolException">The arguments don't say.</exception>
    ToolEffects EffectsOf(ToolArguments arguments);

    /// <summary>Does it.</summary>
    /// <param name="context">Whose call it is.</param>
    /// <param name="arguments">What the model wrote.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ToolException">It can't be done; the message is for the model.</exception>
    Task<ToolOutput> RunAsync(ToolContext context, ToolArguments arguments, CancellationToken cancellation);

    /// <summary>Ends what it has left running for an agent whose work is over.</summary>
    Task EndAsync(ToolContext context) => Task.CompletedTask;
}

/// <summary>What a tool call works with.</summary>
/// <param name="Tree">The files of the agent that calls.</param>
/// <param name="Attempt">The step that the call is part of.</param>
public sealed record ToolContext(AgentTree Tree, Attempt Attempt);

/// <summary>What a tool call touches in its tree.</summary>
/// <param name="Reads">Files and folders that it reads, from the tree's top; empty for the whole tree.</param>
/// <param name="Writes">Files and folders that it changes.</param>
/// <param name="Command">The shell line that it runs, which may touch anything; null for none.</param>
public sealed record ToolEffects(IReadOnlyList<string> Reads, IReadOnlyList<string> Writes, string? Command = null)
{
    /// <summary>A call that touches nothing of the tree.</summary>
    public static ToolEffects None { get; } = new([], []);

    /// <summary>All that it names.</summary>
    public IReadOnlyList<string> Paths => [.. Reads, .. Writes];

    /// <summary>A call that reads a file or a folder.</summary>
    public static ToolEffects Reading(string path) => new([path], []);

    /// <summary>A call that changes a file or a folder.</summary>
    public static ToolEffects Writing(string path) => new([], [path]);

    /// <summary>A call that runs a shell line.</summary>
    public static ToolEffects Running(string command) => new([], [], command);

    /// <summary>The same with all paths in their plain form.</summary>
    /// <exception cref="ToolException">One leads out of the tree.</exception>
    public ToolEffects Local() => this with { Reads = [.. Reads.Select(TreePath.Local)], Writes = [.. Writes.Select(TreePath.Local)] };

    /// <summary>Whether one may change what the other touches; a folder is all that lies below it.</summary>
    public bool Meets(ToolEffects other) =>
        Command is not null || other.Command is not null || Overlap(Writes, other.Paths) || Overlap(Paths, other.Writes);

    private static bool Overlap(IReadOnlyList<string> left, IReadOnlyList<string> right) =>
        left.Any(one => right.Any(other => TreePath.IsBelow(one, other) || TreePath.IsBelow(other, one)));
}

/// <summary>What a tool answered.</summary>
/// <param name="Content">What the model reads.</param>
/// <param name="Failed">It could not do what was asked.</param>
public record ToolOutput(string Content, bool Failed = false);

/// <summary>A call that can't be carried out; the model reads the message and can mend it.</summary>
/// <param name="message">What is wrong and how to mend it.</param>
public sealed class ToolException(string message) : Exception(message);
