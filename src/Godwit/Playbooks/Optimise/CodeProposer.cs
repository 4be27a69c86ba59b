using Godwit.Playbooks.Measuring;
using System.Globalization;
using System.Text;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Verification;

namespace Godwit.Playbooks.Optimise;

/// <summary>What agents that edit code need of the world.</summary>
public interface ICodeWorld
{
    /// <summary>The commit that agents start from: the base without what they must not see.</summary>
    Task<CodeBase> BaseAsync(string baseCommit, Attempt attempt, CancellationToken cancellation);

    /// <summary>A candidate as files to start from.</summary>
    Task<CodeStart> StartAsync(CodeStartRequest request, Attempt attempt, CancellationToken cancellation);

    /// <summary>What an agent's tree changes.</summary>
    Task<CodeChange> ChangeAsync(CodeChangeRequest request, Attempt attempt, CancellationToken cancellation);
}

/// <summary>Where agents start.</summary>
/// <param name="Commit">The commit.</param>
/// <param name="Tree">Its tree.</param>
/// <param name="Instructions">The repository's own AGENTS.md, the nearest one; null where there is none.</param>
public sealed record CodeBase(string Commit, string Tree, string? Instructions);

/// <summary>Asks for a candidate as files to start from.</summary>
/// <param name="Commit">The commit that agents start from.</param>
/// <param name="Number">Whose start it is: agents that start at once mustn't meet.</param>
/// <param name="Files">The candidate's files and their objects.</param>
public sealed record CodeStartRequest(string Commit, int Number, IReadOnlyDictionary<string, string> Files);

/// <summary>A candidate as files to start from.</summary>
/// <param name="Tree">The tree.</param>
/// <param name="Patch">All that it changes.</param>
public sealed record CodeStart(string Tree, string Patch);

/// <summary>Asks what a tree changes.</summary>
/// <param name="Agent">Whose tree it is; its work is over, and its files make room.</param>
/// <param name="Commit">The commit that it started from.</param>
/// <param name="Tree">The tree.</param>
public sealed record CodeChangeRequest(string Agent, string Commit, string Tree);

/// <summary>What a tree changes.</summary>
/// <param name="Files">Editable files and their new objects.</param>
/// <param name="Refused">Files of the base that were changed and may not be.</param>
/// <param name="Patch">The difference, cut where it is long.</param>
/// <param name="ActiveSeconds">The run's active time when it was known.</param>
/// <param name="Shape">A hash of the lines that went and came, without white space: two changes that differ in nothing else have
/// one shape.</param>
public sealed record CodeChange(
    IReadOnlyDictionary<string, string> Files, IReadOnlyList<string> Refused, string Patch, double ActiveSeconds, string Shape = "");

/// <summary>What came of asking an agent.</summary>
/// <param name="Trial">The trial: still to be checked unless it is thrown out already; null where no agent could work.</param>
/// <param name="Ended">Why no further one of its kind can be asked; null while one can.</param>
/// <param name="ToolCalls">How many tool calls it took.</param>
/// <param name="Agents">How many agents it took, itself included.</param>
/// <param name="Waited">How long it waited for a person, in seconds of the run's active time.</param>
internal sealed record CodeProposal(TrialRecord? Trial, string? Ended, int ToolCalls, int Agents, double Waited = 0);

/// <summary>
/// Asks agents for candidates. Every third one sees nothing of the others: the control arm that tells whether sharing helps.
/// </summary>
internal sealed class CodeProposer(
    IDurableContext context, OptimiseServices services, OptimiseInput input, Calibration calibration, AgentSpec spec)
{
    private const int ControlEvery = 3;
    private const int Shown = 3;

    /// <summary>
    /// Several at once, each with its part of what the run has left of tool calls and agents; none sees anything of the others.
    /// </summary>
    /// <param name="first">The first one's number; the others' follow.</param>
    /// <param name="most">How many are wanted, at least one.</param>
    /// <param name="trials">What was tried before.</param>
    /// <param name="disproven">Trials that an attempt has disproven.</param>
    /// <param name="spent">What the run has used.</param>
    /// <param name="seconds">What is left of the time for candidates, in seconds; infinite for no limit.</param>
    public async Task<IReadOnlyList<CodeProposal>> ProposeAsync(
        int first, int most, IReadOnlyList<TrialRecord> trials, IReadOnlyList<int> disproven, ScreenState spent, double seconds)
    {
        var goal = input.Goal;
        var (calls, agents) = ((goal.ToolCalls ?? int.MaxValue) - spent.ToolCalls, (goal.MostAgents ?? int.MaxValue) - spent.Agents);
        if (calls <= 0)
        {
            return [new CodeProposal(null, $"the run's {goal.ToolCalls} tool calls are used up", 0, 0)];
        }

        if (agents <= 0)
        {
            return [new CodeProposal(null, $"the run's {goal.MostAgents} agents are used up", 0, 0)];
        }

        var count = Math.Min(most, Math.Min(calls, agents));
        var each = new Allowance(calls / count, agents / count, seconds);
        var start = await context.StepAsync($"propose/{first}/base", Effect.Repeatable, input.BaseCommit, services.Code!.BaseAsync);
        return await Task.WhenAll(
            Enumerable.Range(first, count).Select(number => ProposeAsync(number, start, trials, disproven, each)));
    }

    private async Task<CodeProposal> ProposeAsync(
        int number, CodeBase start, IReadOnlyList<TrialRecord> trials, IReadOnlyList<int> disproven, Allowance allowance)
    {
        var control = number % ControlEvery == 0;
        var point = control
            ? new StartPoint(StartPoint.FromBase, null)
            : StartPoint.Choose(number, trials, disproven, calibration, input.Goal.Seed);
        var laid = new CodeStart(start.Tree, "");
        if (point.Parent is { } parent)
        {
            var asked = new CodeStartRequest(start.Commit, number, FilesOf(parent));
            laid = await context.StepAsync($"propose/{number}/start", Effect.Repeatable, asked, services.Code!.StartAsync);
        }

        var brief = Brief(control ? [] : trials, disproven, point.Parent, laid.Patch);
        var task = TaskOf(number, start, point, allowance) with { Goal = brief, BaseTree = laid.Tree };
        Playbook<AgentTask, AgentResult> worker = task.Program is null
            ? new AgentPlaybook(services.Agents!)
            : new ProgramPlaybook(services.Agents!);
        var agent = (await context.ChildAsync($"agent/{number}", worker, () => task)).Require();
        var made = new CodeChangeRequest(task.Name, start.Commit, agent.Tree);
        var change = await context.StepAsync($"propose/{number}/change", Effect.Repeatable, made, services.Code!.ChangeAsync);

        // One that was never answered wasn't stopped by anything of its own: the next would fare no better.
        var ended = agent.End is AgentEnd.Failed or AgentEnd.OutOfBudget && agent.Models.Count == 0 ? agent.Reason : null;
        var trial = Judge(TrialOf(task.Name, agent, change, control), agent, change, trials, ended);
        return new CodeProposal(trial, ended, agent.ToolCalls, agent.Agents + 1, agent.WaitedSeconds);
    }

    /// <summary>What an agent is asked to do, but for the words and the files.</summary>
    private AgentTask TaskOf(int number, CodeBase start, StartPoint point, Allowance allowance) => new()
    {
        Name = string.Create(CultureInfo.InvariantCulture, $"trial-{number}"),
        Role = spec.Role,
        Goal = "",
        Afterwards = "checked and measured",
        Constraints = Constraints(input.Goal.Harness),
        Instructions = start.Instructions,
        Budget = string.Create(CultureInfo.InvariantCulture, $"run/agents/trial-{number}"),
        BaseCommit = start.Commit,
        BaseTree = start.Tree,
        Start = point.Way,
        Parent = point.Parent?.Number ?? 0,
        HearsWhatIsLeft = true,
        Turns = spec.Turns,
        ToolCalls = Math.Min(spec.ToolCalls, allowance.ToolCalls),
        Agents = allowance.Agents - 1,
        MayAsk = spec.Ask,
        Depth = spec.Depth,
        Program = spec.Program,
        Seconds = Math.Min(spec.Seconds, allowance.Seconds),
    };

    private TrialRecord TrialOf(string name, AgentResult agent, CodeChange change, bool control) => new()
    {
        Parameters = change.Files,
        ActiveSeconds = change.ActiveSeconds,
        Proposer = spec.Name,
        Claim = new TrialClaim
        {
            Agent = name,
            Alone = control,
            Start = agent.Start,
            Parent = agent.Parent,
            Models = agent.Models,
            Summary = agent.Summary,
            Checks = agent.Checks,
            Patch = change.Patch,
            Shape = change.Shape,
        },
    };

    /// <summary>The trial, thrown out where it changed what it may not or nothing at all; null where the agent could not work.</summary>
    private static TrialRecord? Judge(
        TrialRecord trial, AgentResult agent, CodeChange change, IReadOnlyList<TrialRecord> trials, string? ended)
    {
        if (agent.End == AgentEnd.Cancelled)
        {
            return Invalid(agent.Reason!);
        }

        if (change.Refused.Count > 0)
        {
            return Invalid($"it changed {string.Join(", ", change.Refused.Take(3))}, which the goal doesn't allow");
        }

        var inherited = FilesOf(trials.FirstOrDefault(other => other.Number == agent.Parent));
        if (inherited.Count != change.Files.Count || inherited.Except(change.Files).Any())
        {
            return trial;
        }

        return ended is null ? Invalid($"the agent changed nothing{(agent.Reason is null ? "" : $": {agent.Reason}")}") : null;

        TrialRecord Invalid(string reason) => trial with { Outcome = TrialOutcome.Invalid, Reason = reason };
    }

    /// <summary>The files of a trial that agents have edited, with what stands for their contents; none for no trial.</summary>
    private static Dictionary<string, string> FilesOf(TrialRecord? trial) =>
        trial?.Parameters.Where(pair => CandidateMaker.IsContent(pair.Value)).ToDictionary(StringComparer.Ordinal) ?? [];

    /// <summary>The goal, how it is measured, and what others have tried with their measured numbers.</summary>
    private string Brief(IReadOnlyList<TrialRecord> trials, IReadOnlyList<int> disproven, TrialRecord? parent, string parentPatch)
    {
        var (goal, harness) = (input.Goal, input.Goal.Harness);
        var better = harness.Maximise ? "higher" : "lower";
        var text = new StringBuilder();
        var unit = harness.Unit is null ? "" : $" in {harness.Unit}";
        text.Append(
            CultureInfo.InvariantCulture,
            $"{goal.Title}\n\nThe metric is {harness.Metric}{unit}; {better} is better. The base has {calibration.Base:G4}");
        text.Append(
            CultureInfo.InvariantCulture,
            $"{(calibration.Exact ? " exactly" : $", and a pair of measurements scatters by {calibration.Sigma:P1}")}; what is " +
            $"less than +{goal.MinimumEffect:P0} doesn't count.\n\n");
        text.Append(
            CultureInfo.InvariantCulture,
            $"Commands start in {(harness.Folder.Length == 0 ? "the tree's top" : $"{harness.Folder}; the file tools name files from the tree's top")}:\n");
        (string, string?)[] commands =
        [
            ("build", harness.Build), ("check", harness.Check), ("serve", harness.Serve), ("measure", harness.Measure),
            ("score", harness.Score),
        ];
        foreach (var (name, command) in commands)
        {
            text.Append(command is null ? "" : $"- {name}: {command}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"\nIt is measured of the kind '{harness.Kind.InWords()}'.\n");
        text.Append(
            parent is null
                ? "You start from the base, whatever was tried before. "
                : $"You start from trial {parent.Number}, whose whole change is in your files already and stands below. ");
        text.Append(
            "Nothing is built in your folder yet. What you write there stays; /tmp, the home and processes are gone after each " +
            "command. $GODWIT_SEED is 1 there. ");
        text.Append(
            spec.Program is null
                ? "'diff' shows what you have changed, 'revert' takes it back, and 'measure' measures it against what you started from.\n"
                : "\n");
        text.Append(
            CultureInfo.InvariantCulture,
            $"You have {spec.Turns} turns and {spec.ToolCalls} tool calls, and " +
            $"{TimeSpan.FromSeconds(spec.Seconds).TotalMinutes:0} minutes at most");
        text.Append(goal.Dollars is { } dollars ? string.Create(CultureInfo.InvariantCulture, $"; the whole run has ${dollars}.\n") : ".\n");
        text.Append(spec.Instructions is null ? "" : $"\n{spec.Instructions}\n");
        if (parent is not null)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"\n## What you start from: trial {parent.Number}, " +
                $"{Standing(parent)}\n\n{parent.Claim!.Summary}\n\n```diff\n{parentPatch}\n```\n");
        }

        var shown = Chosen(trials).Where(trial => trial != parent).ToList();
        if (shown.Count > 0)
        {
            text.Append("\n## What was tried before, as it was measured\n");
        }

        foreach (var trial in shown)
        {
            var held = disproven.Contains(trial.Number)
                ? ", which did not hold when it was to be proven on fresh runs and on work that nobody has seen"
                : "";
            text.Append(
                CultureInfo.InvariantCulture,
                $"\n### Trial {trial.Number}: {Standing(trial)}{held}\n\n{trial.Claim!.Summary}\n\n```diff\n{trial.Claim.Patch}\n```\n");
        }

        return text.ToString();
    }

    /// <summary>What is known of a trial: as it was measured, and with what luck may have added taken off.</summary>
    private string Standing(TrialRecord trial)
    {
        if (trial.Scores.Count == 0)
        {
            return $"thrown out: {trial.Reason}";
        }

        var scale = calibration.ScaleOf(input.Goal.Harness.Maximise);
        string Gain(double gain) =>
            scale.ByDifference
                ? $"{scale.Text(scale.Value(gain))} than the base"
                : string.Create(CultureInfo.InvariantCulture, $"{Math.Exp(gain):0.00} times the base");
        return calibration.Exact
            ? Gain(trial.Scores[0])
            : $"{Gain(trial.Scores.Average())} as measured, {Gain(Screening.Posterior(trial, calibration).Mean)} with the " +
            $"noise taken into account";
    }

    /// <summary>The best, and of the rest those whose files differ most from them; failures too, for what they teach.</summary>
    private List<TrialRecord> Chosen(IReadOnlyList<TrialRecord> trials)
    {
        var code = trials.Where(trial => trial.Claim is not null).ToList();
        var best = code.Where(trial => trial.Scores.Count > 0)
            .OrderByDescending(trial => Screening.Posterior(trial, calibration).Mean)
            .Take(Shown)
            .ToList();
        var seen = best.SelectMany(trial => trial.Parameters.Keys).ToHashSet(StringComparer.Ordinal);
        var others = code.Except(best)
            .OrderByDescending(trial => trial.Parameters.Keys.Count(path => !seen.Contains(path)))
            .ThenByDescending(trial => trial.Number)
            .Take(Shown);
        return [.. best, .. others];
    }

    private static IReadOnlyList<string> Constraints(HarnessSpec harness) =>
    [
        $"You may change only files that match: " +
        $"{string.Join(", ", harness.Editable.Select(pattern => harness.Folder.Length == 0 ? pattern : $"{harness.Folder}/{pattern}"))}. " +
        $"A change of any other file of the repository voids your work; new files elsewhere are left out.",
        .. harness.Check is null ? (string[])[] : [$"'{harness.Check}' must exit 0."],
        .. harness.Constraints.Select(constraint => $"It must hold that {constraint}."),
        "The change must be honest: the same results, only better. A workload that you can't see is measured too.",
    ];

    /// <summary>What one agent may use of what the run has left.</summary>
    /// <param name="ToolCalls">Tool calls.</param>
    /// <param name="Agents">Agents, itself included.</param>
    /// <param name="Seconds">Seconds; infinite for no limit.</param>
    private sealed record Allowance(int ToolCalls, int Agents, double Seconds);
}
