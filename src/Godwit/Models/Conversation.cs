using System.Text.Json.Serialization;

namespace Godwit.Models;

/// <summary>Who speaks.</summary>
public enum Speaker
{
    /// <summary>The user, or the results of tools.</summary>
    User,

    /// <summary>The model.</summary>
    Model,
}

/// <summary>A message of a conversation.</summary>
/// <param name="Speaker">Who speaks.</param>
/// <param name="Parts">What is said, in order.</param>
public sealed record ModelMessage(Speaker Speaker, IReadOnlyList<MessagePart> Parts)
{
    /// <summary>A user's message of one text.</summary>
    public static ModelMessage User(string text) => new(Speaker.User, [new MessagePart.Text(text)]);
}

/// <summary>A part of a message.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(Text), "text")]
[JsonDerivedType(typeof(ToolCall), "tool_call")]
[JsonDerivedType(typeof(ToolResult), "tool_result")]
public abstract record MessagePart
{
    private MessagePart()
    {
    }

    /// <summary>Words.</summary>
    public sealed record Text(string Content) : MessagePart;

    /// <summary>The model asks for a tool.</summary>
    /// <param name="Id">The provider's id; a result refers to it.</param>
    /// <param name="Name">The tool.</param>
    /// <param name="Arguments">JSON as the model wrote it, which may be broken.</param>
    public sealed record ToolCall(string Id, string Name, string Arguments) : MessagePart;

    /// <summary>What a tool answered.</summary>
    /// <param name="Id">The call's id.</param>
    /// <param name="Content">What the model reads.</param>
    /// <param name="Failed">The tool could not do what was asked.</param>
    public sealed record ToolResult(string Id, string Content, bool Failed = false) : MessagePart;
}

/// <summary>A tool as a model sees it.</summary>
/// <param name="Name">Letters, digits and underscores.</param>
/// <param name="Description">When and how to use it.</param>
/// <param name="Schema">JSON schema of its arguments.</param>
public sealed record ToolSpec(string Name, string Description, string Schema);

/// <summary>One call of a model.</summary>
public sealed record ModelRequest
{
    /// <summary>The role that asks: planner, worker, reviewer, guardian.</summary>
    public required string Role { get; init; }

    /// <summary>The agent that asks; recordings are matched by it and the turn.</summary>
    public required string Agent { get; init; }

    /// <summary>The agent's call, from 1.</summary>
    public required int Turn { get; init; }

    /// <summary>Instructions that stand above the conversation.</summary>
    public string System { get; init; } = "";

    /// <summary>The conversation, oldest first.</summary>
    public required IReadOnlyList<ModelMessage> Messages { get; init; }

    /// <summary>What the model may ask for.</summary>
    public IReadOnlyList<ToolSpec> Tools { get; init; } = [];

    /// <summary>The most tokens that the reply may have.</summary>
    public int MaxOutput { get; init; } = 8192;

    /// <summary>
    /// Tokens that the provider counted for the first <see cref="KnownMessages"/> messages with the same model; 0 where
    /// nothing is known. What follows is counted at a token a byte, the most that any byte-level tokenizer can make of it.
    /// </summary>
    public long KnownTokens { get; init; }

    /// <summary>How many messages <see cref="KnownTokens"/> covers.</summary>
    public int KnownMessages { get; init; }

    /// <summary>The model that counted <see cref="KnownTokens"/>.</summary>
    public string? KnownModel { get; init; }
}

/// <summary>Why a model stopped.</summary>
public enum StopReason
{
    /// <summary>It had said all.</summary>
    EndTurn,

    /// <summary>It waits for tools.</summary>
    ToolUse,

    /// <summary>The reply reached its cap and is cut off.</summary>
    MaxOutput,

    /// <summary>It refused.</summary>
    Refusal,
}

/// <summary>Tokens that a provider counted.</summary>
/// <param name="Input">All of the input, cached tokens included.</param>
/// <param name="CachedInput">Those of the input that came from a cache.</param>
/// <param name="Output">All of the output, thinking included.</param>
public sealed record ModelUsage(long Input, long CachedInput, long Output)
{
    /// <summary>What writing to a cache costs beside that, in tokens at the price of input.</summary>
    public decimal Surcharge { get; init; }

    /// <summary>Whether these can be counts of tokens; what can't is no ground for a bill.</summary>
    internal bool IsPlausible => Input >= 0 && CachedInput >= 0 && CachedInput <= Input && Output >= 0 && Surcharge >= 0;
}

/// <summary>A model's answer.</summary>
/// <param name="Model">The model's name in the catalogue.</param>
/// <param name="Parts">What it said.</param>
/// <param name="Stop">Why it stopped.</param>
/// <param name="Usage">What was counted.</param>
public sealed record ModelReply(string Model, IReadOnlyList<MessagePart> Parts, StopReason Stop, ModelUsage Usage)
{
    /// <summary>The provider counted no tokens, and Godwit's own count stands in.</summary>
    public bool IsEstimated { get; init; }

    /// <summary>All of its words.</summary>
    [JsonIgnore]
    public string Words => string.Join('\n', Parts.OfType<MessagePart.Text>().Select(text => text.Content));

    /// <summary>The tools that it asks for.</summary>
    [JsonIgnore]
    public IReadOnlyList<MessagePart.ToolCall> Calls => [.. Parts.OfType<MessagePart.ToolCall>()];
}
