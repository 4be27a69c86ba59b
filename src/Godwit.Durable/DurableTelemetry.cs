using System.Diagnostics;
using System.Diagnostics.Metrics;
using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>
/// Traces of runs and steps, and a count of steps, for whoever listens: <c>AddSource(DurableTelemetry.SourceName)</c> and
/// <c>AddMeter(DurableTelemetry.SourceName)</c> of OpenTelemetry. No input and no result is in them.
/// </summary>
public static class DurableTelemetry
{
    /// <summary>The name of the activity source and of the meter.</summary>
    public const string SourceName = "Godwit.Durable";

    private static readonly ActivitySource Source = new(SourceName);
    private static readonly Meter Meter = new(SourceName);
    private static readonly Counter<long> Steps = Meter.CreateCounter<long>(
        "godwit.steps", "{step}", "Steps that were carried out; a step that answers from the journal isn't among them.");

    /// <summary>The time in which a run has this owner.</summary>
    internal static Activity? StartRun(RunJournal journal) => Source.StartActivity("run")
        ?.SetTag("godwit.run.id", journal.Reader.Run)
        .SetTag("godwit.run.generation", journal.Generation);

    /// <summary>A step, all its attempts included.</summary>
    internal static Activity? StartStep(string run, long process, StepWork work, ActivityContext parent) =>
        Source.StartActivity("step", ActivityKind.Internal, parent)
        ?.SetTag("godwit.run.id", run)
        .SetTag("godwit.process", process)
        .SetTag("godwit.step.key", work.Key)
        .SetTag("godwit.step.effect", NameOf(work.Effect));

    /// <summary>Counts a step, and says how it has ended.</summary>
    internal static void End(Activity? step, StepWork work, StepEnd end)
    {
        if (Steps.Enabled)
        {
            Steps.Add(1, new KeyValuePair<string, object?>("godwit.step.effect", NameOf(work.Effect)));
        }

        if (step is not null
            && end is StepEnd.Stated { Drafts: [.., { Kind: EntryKind.StepFailed or EntryKind.StepParked } last] })
        {
            step.SetStatus(
                ActivityStatusCode.Error,
                last.Kind == EntryKind.StepParked ? EntryInfo.Of<EntryInfo.Why>(last.Info).Reason : Canonical.Deserialize<Failure>(last.Data).Message);
        }
    }

    private static string NameOf(Effect effect) =>
        effect.GetType().Name.Replace("Case", "", StringComparison.Ordinal).ToLowerInvariant();
}
