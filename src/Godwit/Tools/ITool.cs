using Godwit.Durable;
using Godwit.Models;
using Godwit.Workspaces;

namespace Godwit.Tools;

/// <summary>Something that an agent can do to its tree.</summary>
public interface ITool
{
    /// <summary>As a model sees it.</summary>
    ToolSpec Spec { get; }

    /// <summary>It changes nothing; several such calls run beside each other.</summary>
    bool OnlyReads { get; }

    /// <summary>What a call would do, for the gatekeeper.</summary>
    ToolEffects EffectsOf(ToolArguments arguments);

    /// <summary>Does it.</summary>
    /// <param name="context">Whose call it is.</param>
    /// <param name="arguments">What the model wrote.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ToolException">It can't be done; the message is for the model.</exception>
    Task<ToolOutput> RunAsync(ToolContext context, ToolArguments arguments, CancellationToken cancellation);

    /// <summary>Ends what it has left running for an agent whose work is over.</summary>
    Task EndAsync(AgentTree tree) => Task.CompletedTask;
}

/// <summary>What a tool call works with.</summary>
/// <param name="Tree">The files of the agent that calls.</param>
/// <param name="Attempt">The step that the call is part of.</param>
public sealed record ToolContext(AgentTree Tree, Attempt Attempt);

/// <summary>What a tool call touches.</summary>
/// <param name="Paths">Paths in the tree that it names.</param>
/// <param name="Command">The shell line that it runs; null for none.</param>
public sealed record ToolEffects(IReadOnlyList<string> Paths, string? Command = null);

/// <summary>What a tool answered.</summary>
/// <param name="Content">What the model reads.</param>
/// <param name="Failed">It could not do what was asked.</param>
public sealed record ToolOutput(string Content, bool Failed = false);

/// <summary>A call that can't be carried out; the model reads the message and can mend it.</summary>
/// <param name="message">What is wrong and how to mend it.</param>
public sealed class ToolException(string message) : Exception(message);
