using System.Globalization;
using Godwit.Agents;
using Godwit.Durable.Journal;
using Godwit.Playbooks.Optimise;
using Godwit.Verification;

namespace Godwit.Cli;

/// <summary>Tells a person how a run goes, from the notes in its journal; the same for the owner and for who only watches.</summary>
internal sealed class LiveView(Terminal terminal, OptimiseView view, JournalReader reader, TimeProvider time)
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(200);
    private const int NamedAgents = 3;
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private readonly HashSet<OpenApproval> _asked = [];
    private double _best;
    private int _bestTrial;
    private AttemptProgress? _attempt;

    public void Header()
    {
        terminal.Line($"{terminal.Bold("run")}      {view.Run}");
        terminal.Line($"{terminal.Dim("folder")}   {view.Folder.Path}");
        terminal.Line(terminal.Dim($"Ctrl-C is safe: 'godwit resume {view.Run}' goes on where it was."));
        if (view.Input.Models.Mailbox is { } mailbox)
        {
            terminal.Line(
                $"{terminal.Bold("mailbox")}  {mailbox}: answer each NAME.request.md with a NAME.reply.json, {{\"text\": " +
                $"\"...\", \"calls\": [{{\"name\": \"...\", \"arguments\": {{...}}}}]}}");
        }
    }

    /// <summary>Tells what had happened before this view was opened.</summary>
    public void Replay()
    {
        foreach (var note in OptimiseView.Open(reader, out var notes) is not null ? notes : [])
        {
            Tell(note);
        }
    }

    /// <summary>Follows the journal until told to end, drawing only while nothing is measured.</summary>
    public async Task FollowAsync(SemaphoreSlim? quiet, CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            await Task.Delay(Every, time, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (quiet is not null)
            {
                await quiet.WaitAsync(CancellationToken.None);
            }

            try
            {
                Draw();
            }
            finally
            {
                quiet?.Release();
            }
        }
    }

    public void Draw()
    {
        foreach (var note in view.Update(reader))
        {
            Tell(note);
        }

        foreach (var waiting in view.Agents.Approvals.Where(_asked.Add))
        {
            terminal.Line(
                $"{terminal.Bold("asks")}     {waiting.Asked.Agent} wants {waiting.Asked.Tool} {waiting.Asked.Arguments} (rule " +
                $"'{waiting.Asked.Rule}'): godwit approvals {view.Run}");
        }

        if (view.Result is null)
        {
            terminal.Status(StatusLine());
        }
        else
        {
            terminal.ClearStatus();
        }
    }

    private void Tell(OptimiseNote note)
    {
        var unit = view.Input.Goal.Harness.Unit is { } name ? $" {name}" : "";
        switch (note)
        {
            case OptimiseNote.BaseReady ready:
                terminal.Line(
                    $"{terminal.Bold("base")}     {Number(ready.Value)}{unit}, {ready.Seconds:0.0#} s a measurement{TimedShare(ready)}");
                terminal.Line($"{terminal.Bold("measured")} {view.Input.Goal.Harness.Kind.InWords()}");
                if (ready.Reference > 0)
                {
                    terminal.Line(
                        $"{terminal.Dim("note")}     {view.Input.Goal.Harness.Metric} can be 0 or below, so candidates are " +
                        $"compared by their difference ('scale: ratio' below 'measure' compares ratios)");
                }

                if (ready.Complaint is { } complaint)
                {
                    terminal.Line($"{terminal.Bad("note")}     the base ends well, but its standard error says: {complaint}");
                }

                break;
            case OptimiseNote.Calibrated { Calibration: { Failure: null } calibration }:
                terminal.Line(
                    $"{terminal.Bold("noise")}    {Noise(calibration)}{(calibration.Exact ? "" : $"; the base has {Number(calibration.Base)}{unit}")}");
                if (calibration.SameAnswers)
                {
                    terminal.Line(
                        $"{terminal.Bad("note")}     the answer is the same for every seed, so a candidate could carry it: " +
                        $"make the work from $GODWIT_SEED");
                }


                break;
            case OptimiseNote.TrialEnded trial:
                TellTrial(trial, unit);
                break;
            case OptimiseNote.ProposerFailed failed when _told.Add(failed.Reason):
                terminal.Line(
                    $"{terminal.Bad("proposer")} {view.Input.Goal.Proposer} gave no point, and another proposes in its place: " +
                    $"{failed.Reason}");
                break;
            case OptimiseNote.AttemptStarted started:
                _attempt = new AttemptProgress(started.Attempt, started.Pairs);
                var heldOut = view.Input.Goal.Harness.HoldOut is null ? "" : ", and as many on the held-out workload";
                terminal.Line(
                    $"{terminal.Bold("proving")}  trial {started.Trial}, screened at {Gain(started.Screened)}: {started.Pairs} " +
                    $"fresh pairs{heldOut}");
                break;
            case OptimiseNote.AttemptEnded ended:
                _attempt = null;
                TellAttempt(ended.Result);
                break;
        }
    }

    private void TellTrial(OptimiseNote.TrialEnded ended, string unit)
    {
        var trial = ended.Trial;
        if (trial.Outcome != TrialOutcome.Ok)
        {
            // One of a kind is told; the status line counts the others and the report shows all.
            if (_told.Add(Kind(trial)))
            {
                var temptation = trial.Temptation > 0 ? $"{view.Scale.Text(trial.Temptation)}, but " : "";
                terminal.Line($"{terminal.Bad("out")}      trial {trial.Number} ({Point(trial)}): {temptation}{trial.Reason}");
            }

            return;
        }

        var best = view.Best;
        if (best is not null
            && best.Trial.Number == trial.Number
            && best.Trial.Scores.Count > 1
            && best.Mean > _best + 0.005
            && trial.Number != _bestTrial)
        {
            (_best, _bestTrial) = (best.Mean, trial.Number);
            terminal.Line(
                $"{terminal.Bold("best")}     trial {trial.Number} {Gain(best.Mean)} {terminal.Dim("screened, not proven")}  " +
                $"{Point(trial)}");
        }
    }

    private void TellAttempt(AttemptResult result)
    {
        if (result.Dropped.Count > 0)
        {
            terminal.Line($"{terminal.Bold("ablated")}  {string.Join(", ", result.Dropped)} made no difference and went back");
        }

        if (result.Claim is { } claim)
        {
            terminal.Line(
                $"{terminal.Bold("confirm")}  {view.Scale.Text(claim.Estimate)}, at least {view.Scale.AtLeast(claim.Lower)} " +
                $"({claim.Pairs} pairs)");
        }

        if (result.HoldOut is { } held)
        {
            terminal.Line($"{terminal.Bold("held out")} {view.Scale.Text(held.Estimate)}, at least {view.Scale.AtLeast(held.Lower)}");
        }

        if (result.Reason is not null)
        {
            terminal.Line($"{terminal.Bad("not")}      {result.Reason}");
        }
    }

    private string StatusLine()
    {
        if (view.Base is null)
        {
            return "preparing the base: checkout, setup, build, check";
        }

        if (view.Calibration is null)
        {
            return "calibrating: the base against itself";
        }

        if (_attempt is { } attempt)
        {
            return $"attempt {attempt.Number}: ablating, then confirming on {attempt.Pairs} fresh pairs";
        }

        var best = view.Best is { } trial && trial.Mean > 0 ? $", best {Gain(trial.Mean)} (screened, not proven)" : "";
        return $"screening: {view.Trials.Count()} of {view.Input.Goal.Trials} candidates, {view.ThrownOut.Count()} thrown " +
        $"out{best}{AtWork()}";
    }

    private string Gain(double mean) => view.Scale.Text(view.Scale.Value(mean));

    /// <summary>
    /// How much of a measurement is timed, and what that hides: a part outside of the clock's own span dilutes every gain.
    /// </summary>
    private string TimedShare(OptimiseNote.BaseReady ready)
    {
        const double Enough = 0.9;
        if (ready.TimedShare <= 0)
        {
            return "";
        }

        var share = string.Create(CultureInfo.InvariantCulture, $", {ready.TimedShare:P0} of it timed");
        return view.Input.Goal.Harness.Kind != MeasurementKind.Wall || ready.TimedShare >= Enough ? share
            : share + string.Create(
                CultureInfo.InvariantCulture,
                $": a gain of 3x there shows as {1 / (1 - ready.TimedShare + ready.TimedShare / 3):0.0}x, so do more work in " +
                $"one measurement");
    }

    private string AtWork()
    {
        var agents = view.Agents.AtWork.ToList();
        var named = string.Join(
            ", ",
            agents.Take(NamedAgents).Select(
                agent => string.Create(
                    CultureInfo.InvariantCulture,
                    $"{agent.Name} {agent.Calls} {(agent.Calls == 1 ? "call" : "calls")} ${agent.Dollars:0.00}")));
        return agents.Count == 0
            ? ""
            : $"; at work: {named}{(agents.Count > NamedAgents ? $" and {agents.Count - NamedAgents} more" : "")}";
    }

    /// <summary>A reason without its numbers: two refusals that differ only in them are of one kind.</summary>
    private static string Kind(TrialRecord trial) =>
        new([.. (trial.Reason ?? trial.Outcome.ToString()).Where(letter => !char.IsAsciiHexDigitLower(letter) && !char.IsDigit(letter))]);

    public static string Noise(Calibration calibration) => calibration switch
    {
        { Exact: true } => "none: five measurements of the base agree, so candidates are compared exactly",
        { SmallestEffect: > 0, Ties: > 0.25 } =>
            $"{Provable(calibration)}; {calibration.Ties:P0} of the pairs tie: increase the work of a measurement",
        { SmallestEffect: > 0 } => Provable(calibration),
        _ => $"{calibration.Sigma:P1} a pair",
    };

    private static string Provable(Calibration calibration) =>
        $"{calibration.Sigma:P1} a pair; this budget can prove >= {Math.Max(calibration.SmallestEffect, 0.001):P1}";

    /// <summary>A candidate in one line: parameters with their values, files that an agent has changed by name.</summary>
    public static string Point(TrialRecord trial)
    {
        var files = trial.Parameters.Where(pair => CandidateMaker.IsContent(pair.Value))
            .Select(pair => pair.Key)
            .Order(StringComparer.Ordinal)
            .ToList();
        var parameters = trial.Parameters.Where(pair => !CandidateMaker.IsContent(pair.Value))
            .OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => $"{pair.Key}={pair.Value}");
        return string.Join(
            ' ',
            parameters.Concat(files.Count > 2 ? [files[0], $"and {files.Count - 1} more files"] : files)
                .DefaultIfEmpty(trial.Claim?.Agent ?? "as the base"));
    }

    public static string Number(double value) => value switch
    {
        >= 1000 or <= -1000 => value.ToString("N0", CultureInfo.InvariantCulture),
        _ => value.ToString("G5", CultureInfo.InvariantCulture),
    };

    private sealed record AttemptProgress(int Number, int Pairs);
}
