using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Godwit.Durable;
using Godwit.Telemetry;

namespace Godwit.Models;

/// <summary>Something that a model has answered, with what it cost.</summary>
internal interface IModelAnswer
{
    /// <summary>The answer.</summary>
    ModelReply Reply { get; }

    /// <summary>What it cost.</summary>
    Charge Charge { get; }
}

/// <summary>Traces and metrics of model calls.</summary>
internal static class ModelTelemetry
{
    private static readonly Histogram<long> Tokens =
        GodwitTelemetry.Meter.CreateHistogram<long>(GenAi.TokenUsage, "{token}", "Tokens of a model call.");

    private static readonly Histogram<double> Duration = GodwitTelemetry.Meter.CreateHistogram<double>(
        GenAi.OperationDuration, "s", "How long a model call took, the wait for its provider's turn not included.");

    private static readonly Counter<double> Cost =
        GodwitTelemetry.Meter.CreateCounter<double>("godwit.cost", "{USD}", "What model calls cost, in US dollars.");

    private static readonly UpDownCounter<int> Queue = GodwitTelemetry.Meter.CreateUpDownCounter<int>(
        "godwit.model.queue", "{call}", "Model calls that wait for their provider's turn.");

    /// <summary>Traces one call of one model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="agent">Who asks.</param>
    /// <param name="request">What is asked, where that is known in Godwit's own form.</param>
    /// <param name="time">The clock.</param>
    /// <param name="call">Asks.</param>
    public static async Task<T> TraceAsync<T>(ModelEntry model, string agent, ModelRequest? request, TimeProvider time, Func<Task<T>> call)
        where T : IModelAnswer
    {
        using var activity = Start(model, agent, request);
        var start = time.GetTimestamp();
        try
        {
            var answer = await call();
            Answered(activity, model, time.GetElapsedTime(start), answer.Reply, answer.Charge);
            return answer;
        }
        catch (Exception error) when (error is ModelException or OperationCanceledException)
        {
            var kind = error is ModelException failure ? failure.Kind.ToString().ToLowerInvariant() : "cancelled";
            activity?.SetTag(GenAi.ErrorType, kind).SetStatus(ActivityStatusCode.Error, error.Message);
            Duration.Record(time.GetElapsedTime(start).TotalSeconds, [.. TagsOf(model), new(GenAi.ErrorType, kind)]);
            throw;
        }
    }

    /// <summary>Counts a call that waits for its provider's turn, until it has it.</summary>
    public static void Waits(string provider, int more) => Queue.Add(more, new KeyValuePair<string, object?>(GenAi.Provider, provider));

    private static Activity? Start(ModelEntry model, string agent, ModelRequest? request)
    {
        var activity = GodwitTelemetry.Source.StartActivity($"{GenAi.Chat} {model.Name}", ActivityKind.Client);
        activity?.SetTag(GenAi.Operation, GenAi.Chat)
            .SetTag(GenAi.Provider, model.Provider)
            .SetTag(GenAi.RequestModel, model.Name)
            .SetTag(GenAi.RequestMaxTokens, request?.MaxOutput)
            .SetTag(GenAi.AgentName, agent)
            .SetTag(GenAi.Conversation, agent)
            .SetTag(GenAi.InputMessages, request is not null && GodwitTelemetry.CapturesContent ? ToJson(request.Messages) : null);
        return activity;
    }

    private static void Answered(Activity? activity, ModelEntry model, TimeSpan took, ModelReply reply, Charge charge)
    {
        var usage = reply.Usage;
        activity?.SetTag(GenAi.ResponseModel, reply.Model)
            .SetTag(GenAi.FinishReasons, new[] { FinishReason(reply.Stop) })
            .SetTag(GenAi.InputTokens, usage.Input)
            .SetTag(GenAi.CachedTokens, usage.CachedInput)
            .SetTag(GenAi.OutputTokens, usage.Output)
            .SetTag("godwit.cost", (double)charge.Dollars)
            .SetTag(
                GenAi.OutputMessages,
                GodwitTelemetry.CapturesContent ? ToJson([new ModelMessage(Speaker.Model, reply.Parts)]) : null);
        var tags = TagsOf(model);
        Duration.Record(took.TotalSeconds, tags);
        Cost.Add((double)charge.Dollars, tags);
        Tokens.Record(usage.Input, [.. tags, new(GenAi.TokenType, "input")]);
        Tokens.Record(usage.Output, [.. tags, new(GenAi.TokenType, "output")]);
    }

    private static KeyValuePair<string, object?>[] TagsOf(ModelEntry model) =>
    [
        new(GenAi.Operation, GenAi.Chat), new(GenAi.Provider, model.Provider), new(GenAi.RequestModel, model.Name),
    ];

    private static string FinishReason(StopReason stop) => stop switch
    {
        StopReason.EndTurn => "stop",
        StopReason.ToolUse => "tool_call",
        StopReason.MaxOutput => "length",
        StopReason.Refusal => "content_filter",
        _ => throw new ArgumentOutOfRangeException(nameof(stop)),
    };

    /// <summary>Messages as the conventions write them.</summary>
    private static string ToJson(IReadOnlyList<ModelMessage> messages) => JsonSerializer.Serialize(messages.Select(message => new
    {
        role = message.Speaker == Speaker.Model ? "assistant" : "user",
        parts = message.Parts.Select(PartOf),
    }));

    private static object PartOf(MessagePart part) => part switch
    {
        MessagePart.Text text => new { type = "text", content = text.Content },
        MessagePart.ToolCall call => new { type = "tool_call", id = call.Id, name = call.Name, arguments = call.Arguments },
        MessagePart.ToolResult result => new { type = "tool_call_response", id = result.Id, result = result.Content },
        _ => throw new ArgumentOutOfRangeException(nameof(part)),
    };
}
