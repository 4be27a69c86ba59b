using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Godwit.Telemetry;

/// <summary>
/// Traces and metrics of runs, agents, model calls and tools, by OpenTelemetry's conventions, for whoever listens:
/// <c>AddSource(GodwitTelemetry.Name)</c> and <c>AddMeter(GodwitTelemetry.Name)</c>; steps are Godwit.Durable's. What is said to models and
/// by them is in none, unless <c>OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true</c> asks for it.
/// </summary>
public static class GodwitTelemetry
{
    /// <summary>The name of the activity source and of the meter.</summary>
    public const string Name = "Godwit";

    internal static ActivitySource Source { get; } = new(Name);

    internal static Meter Meter { get; } = new(Name);

    /// <summary>Whether what is said to models and by them may be in traces.</summary>
    internal static bool CapturesContent =>
        bool.TryParse(Environment.GetEnvironmentVariable("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"), out var asked) && asked;

    /// <summary>The time in which a program hosts a run; all else that it does for the run is below it.</summary>
    /// <param name="run">The run's id.</param>
    /// <param name="playbook">What it began with.</param>
    public static Activity? StartRun(string run, string playbook) =>
        Source.StartActivity($"{GenAi.InvokeWorkflow} {playbook}")
            ?.SetTag(GenAi.Operation, GenAi.InvokeWorkflow)
            .SetTag("godwit.run.id", run);
}
