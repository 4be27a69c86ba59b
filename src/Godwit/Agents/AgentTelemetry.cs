using System.Diagnostics;
using Godwit.Models;
using Godwit.Telemetry;

namespace Godwit.Agents;

/// <summary>Traces of agents and of their tools.</summary>
internal static class AgentTelemetry
{
    /// <summary>One call of a tool; disposing of it ends it.</summary>
    public static Activity? StartTool(string agent, MessagePart.ToolCall call) =>
        GodwitTelemetry.Source.StartActivity($"{GenAi.ExecuteTool} {call.Name}")
            ?.SetTag(GenAi.Operation, GenAi.ExecuteTool)
            .SetTag(GenAi.ToolName, call.Name)
            .SetTag(GenAi.ToolType, "function")
            .SetTag(GenAi.ToolCallId, call.Id)
            .SetTag(GenAi.AgentName, agent);

    /// <summary>
    /// An agent's whole work, told in its last step: a process's body may run more than once, and a step's runs once.
    /// </summary>
    /// <param name="agent">Its name.</param>
    /// <param name="time">How long it has worked, in the run's active time.</param>
    /// <param name="clock">The clock.</param>
    public static void Ended(string agent, TimeSpan time, TimeProvider clock)
    {
        // Not below the step that tells it, but beside it: the step's parent is the run.
        var run = Activity.Current is { } step ? new ActivityContext(step.TraceId, step.ParentSpanId, step.ActivityTraceFlags) : default;
        using var activity = GodwitTelemetry.Source.StartActivity(
            $"{GenAi.InvokeAgent} {agent}", ActivityKind.Internal, run, startTime: clock.GetUtcNow() - time);
        activity?.SetTag(GenAi.Operation, GenAi.InvokeAgent).SetTag(GenAi.AgentName, agent).SetTag(GenAi.Conversation, agent);
    }
}
