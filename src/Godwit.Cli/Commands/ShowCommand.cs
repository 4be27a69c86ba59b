using System.CommandLine;
using System.Text;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Playbooks;
using Godwit.Playbooks.Optimise;
using Godwit.Runs;
using Godwit.Verification;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit show</c>: one run, or one trial of it.</summary>
internal static class ShowCommand
{
    public static Command Create()
    {
        var run = RunArgument.Create();
        var trial = new Option<int?>("--trial") { Description = "Show this trial with its log." };
        var costs = new Option<bool>("--costs") { Description = "Show what models cost, by agent and model." };
        var json = CommandGuard.JsonOption();
        var command = new Command("show", "Show a run, or one of its trials.") { run, trial, costs, json };
        command.SetGuardedAction((parsed, _) =>
        {
            using var reader = JournalReader.OpenVerified(RunStore.OfUser().Find(parsed.GetValue(run)!));
            if (parsed.GetValue(costs))
            {
                CostPrinter.Print(
                    reader.Run, RootProcess.Playbook(reader) == "optimise" ? OptimiseView.Open(reader) : null,
                    AgentLog.Costs(reader), parsed.GetValue(json));
                return Task.FromResult(ExitCode.Ok);
            }

            var view = OptimiseView.Open(reader);
            if (parsed.GetValue(trial) is { } number)
            {
                ShowTrial(view, reader, number, parsed.GetValue(json));
            }
            else if (parsed.GetValue(json))
            {
                CommandGuard.PrintJson(RunResult.Of(view));
            }
            else
            {
                Show(view);
                if (view.Agents.Approvals is { Count: > 0 } open)
                {
                    Console.WriteLine($"asks     {open.Count} actions of agents wait for you: godwit approvals {view.Run}");
                }
            }

            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static void Show(OptimiseView view)
    {
        Console.WriteLine($"run      {view.Run}: {RunResult.Snake(view.Status)}");
        Console.WriteLine($"goal     {view.Input.Goal.Title}");
        Console.WriteLine(
            $"started  {view.Started.ToLocalTime():yyyy-MM-dd HH:mm:ss}{(view.Generations > 1 ? $", taken up {view.Generations - 1} times" : "")}");
        Console.WriteLine($"folder   {view.Folder.Path}");
        if (view.Base is { } @base)
        {
            Console.WriteLine($"base     {LiveView.Number(@base.Value)} {view.Input.Goal.Harness.Unit}");
        }

        if (view.Calibration is { Failure: null } calibration)
        {
            Console.WriteLine($"noise    {LiveView.Noise(calibration)}");
        }

        foreach (var trial in view.Trials
            .OrderByDescending(trial => trial.Trial.Outcome == TrialOutcome.Ok ? trial.Mean : double.NegativeInfinity)
            .Take(10))
        {
            var what = trial.Trial.Outcome == TrialOutcome.Ok
                ? view.Scale.Text(view.Scale.Value(trial.Mean))
                : RunResult.Snake(trial.Trial.Outcome);
            Console.WriteLine(
                $"trial    {trial.Trial.Number,3}  {what,-9} {LiveView.Point(trial.Trial)}{(trial.Trial.Reason is null ? "" : $"  {trial.Trial.Reason}")}");
        }

        if (view.Trials.Count() > 10)
        {
            Console.WriteLine($"         {view.Trials.Count() - 10} more; the report shows all");
        }

        foreach (var parked in view.Parked)
        {
            Console.WriteLine(
                $"parked   {parked.Reason}\n         godwit resolve " +
                $"{view.Run}{(parked.Key.Length == 0 ? " --retry" : $" --process {parked.Process} --key {parked.Key} --retry | --done JSON | --fail WHY")}");
        }

        if (view.Result is { } result)
        {
            Console.WriteLine($"result   {result.Reason}");
            if (result.Branch is not null)
            {
                Console.WriteLine($"branch   {result.Branch} ({result.Commit})");
            }
        }
    }

    private static void ShowTrial(OptimiseView view, JournalReader reader, int number, bool json)
    {
        var trial = view.Trials.FirstOrDefault(trial => trial.Trial.Number == number)
            ?? throw new UsageException($"run {view.Run} has no trial {number}; it has {view.Trials.Count()}");
        var log = trial.Trial.Log is { } reference ? Encoding.UTF8.GetString(reader.Blob(reference)) : null;
        if (json)
        {
            CommandGuard.PrintJson(
                new
                {
                    trial.Trial.Number,
                    trial.Trial.Parameters,
                    trial.Trial.Proposer,
                    trial.Trial.Claim,
                    trial.Trial.Outcome,
                    trial.Trial.Reason,
                    trial.Trial.Scores,
                    Mean = Math.Exp(trial.Mean),
                    Log = log,
                });
            return;
        }

        Console.WriteLine($"trial {number} of {view.Run}, proposed by {trial.Trial.ProposedBy}: {RunResult.Snake(trial.Trial.Outcome)}");
        foreach (var (name, value) in trial.Trial.Parameters.OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Where(pair => !CandidateMaker.IsContent(pair.Value)))
        {
            Console.WriteLine($"  {name}: {value}");
        }

        if (trial.Trial.Claim is { } claim)
        {
            Console.WriteLine($"  {claim.Agent} ({string.Join(", ", claim.Models)}) says: {claim.Summary}");
            foreach (var check in claim.Checks)
            {
                Console.WriteLine($"  it says that '{check.Command}' {(check.Passed ? "passed" : "failed")}");
            }

            Console.WriteLine($"  verification saw: {(trial.Trial.Outcome == TrialOutcome.Ok ? "the check passes" : trial.Trial.Reason)}");
        }

        if (trial.Trial.Scores.Count > 0)
        {
            Console.WriteLine(
                $"  measured {string.Join(' ', trial.Trial.Scores.Select(score => view.Scale.Text(view.Scale.Value(score))))}; " +
                $"{view.Scale.Text(view.Scale.Value(trial.Mean))} shrunk; screened, not proven");
        }

        if (trial.Trial.Reason is not null)
        {
            Console.WriteLine($"  {trial.Trial.Reason}");
        }

        if (trial.Trial.Claim is { Patch.Length: > 0 } change)
        {
            Console.WriteLine($"\n{change.Patch.TrimEnd()}");
        }

        if (log is not null)
        {
            Console.WriteLine($"\n{log.TrimEnd()}");
        }
    }
}
