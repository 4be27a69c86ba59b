using System.Globalization;
using Godwit.Agents;
using Godwit.Budgets;
using Godwit.Durable;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Build;

/// <summary>A person's answer to a plan.</summary>
/// <param name="IsApproved">Whether it is carried out.</param>
/// <param name="Plan">The plan as the person has edited it; null for the plan as it is.</param>
/// <param name="Words">Why not, for the planner to read; null to end the run.</param>
public sealed record PlanAnswer(bool IsApproved, BuildPlan? Plan = null, string? Words = null);

/// <summary>
/// From a goal to a branch: the base is gated, a planner splits the work, workers carry it out beside each other, a queue merges what
/// passes, and assertions are judged at the end on a clean checkout.
/// </summary>
/// <param name="Services">The world.</param>
public sealed record BuildPlaybook(BuildServices Services) : Playbook<BuildInput, BuildResult>("build")
{
    /// <summary>All playbooks that a run is made of.</summary>
    public PlaybookCatalogue Catalogue() => new([this, new WorkPlaybook(Services), .. AgentPlaybook.All(Services.Agents)]);

    /// <inheritdoc/>
    public override async Task<BuildResult> RunAsync(IDurableContext context, BuildInput input)
    {
        var result = await new BuildRun(context, Services, input).RunAsync();
        await context.NoteAsync("note/finished", (BuildNote)new BuildNote.Finished(result));
        return result;
    }
}

/// <summary>One run of the build playbook.</summary>
internal sealed class BuildRun(IDurableContext context, BuildServices services, BuildInput input)
{
    private const int MostPlans = 3;

    /// <summary>How a gate's step is journaled.</summary>
    internal static readonly StepOptions Gated = new() { Topic = BuildView.GateTopic };

    private BuildGoal _goal = input.Goal;
    private readonly List<string> _held = [.. input.Goal.Acceptance.Where(assertion => assertion.IsKept).Select(assertion => assertion.Id)];
    private readonly List<MergedWork> _works = [];
    private readonly List<string> _troubles = [];
    private BuildBase _base = null!;
    private BuildPlan _plan = null!;
    private string _tip = "";

    public async Task<BuildResult> RunAsync()
    {
        _base = await context.StepAsync("base", Effect.Repeatable, input.BaseCommit, services.World.BaseAsync);
        _tip = _base.Commit;
        if (await GateBaseAsync() is { } red)
        {
            return new BuildResult { State = "failed", Reason = red };
        }

        for (var version = 1; version <= MostPlans; version++)
        {
            if (await PlanAsync(version) is { } ended)
            {
                return version == 1 ? ended : await EndAsync(ended.Reason);
            }

            var fleet = new BuildFleet(context, services, input with { Goal = _goal }, _base, _plan, _held, _tip);
            await fleet.RunAsync();
            _tip = fleet.Tip;
            _works.AddRange(fleet.Works);
            _troubles.AddRange(fleet.Troubles);
            if (fleet.Stopped is { } stopped)
            {
                return await EndAsync(stopped);
            }

            if (fleet.Troubles.Count == 0 || fleet.IsOutOfBudget)
            {
                break;
            }
        }

        return await EndAsync(_troubles.Count == 0 ? null : _troubles[^1]);
    }

    /// <summary>Why there is nothing to build on; null where there is.</summary>
    private async Task<string?> GateBaseAsync()
    {
        var checks = await context.StepAsync(
            "base/gate", Effect.Repeatable,
            new GateRequest("base", input.BaseCommit, BuildChecks.OfTip(_goal, _held, [])), services.Gate.RunAsync, Gated);
        var added = _goal.Acceptance.Where(assertion => !assertion.IsKept).ToList();
        var acceptance = checks.HasPassed
            ? await context.StepAsync(
                "base/acceptance", Effect.Repeatable,
                new GateRequest("base", input.BaseCommit, [.. added.Select(BuildChecks.AsCheck)]) { WithHidden = true, AsksAll = true },
                services.Gate.RunAsync, Gated)
            : new GateResult("base", [], []);
        await context.NoteAsync("note/base", (BuildNote)new BuildNote.BaseGated(checks, acceptance));

        // From now on a check that runs fewer tests than it did here is refused.
        var tests = checks.Checks.ToLookup(check => check.Name, check => check.Tests);
        _goal = _goal with { Checks = [.. _goal.Checks.Select(check => check with { Tests = tests[check.Name].FirstOrDefault() })] };
        return checks.Refusal switch
        {
            { Verdict: GateVerdict.CouldNotRun } unrun => $"the base could not be checked: {unrun.Reason}",
            { Verdict: GateVerdict.NoTests } empty => $"zero tests ran on the base: {empty.Reason}",
            { } refusal => $"the base is red: {refusal.Reason}",
            null => acceptance.Checks.Select(OfNew).FirstOrDefault(problem => problem is not null),
        };
    }

    /// <summary>What is wrong with an assertion that is new: it has to be red on the base, and for its own reason.</summary>
    private static string? OfNew(CheckVerdict asked) => asked.Verdict switch
    {
        GateVerdict.Passed => $"{asked.Name} holds on the base already; mark it 'keep: yes', or assert what doesn't hold yet",
        GateVerdict.CouldNotRun => $"{asked.Name} can't be asked: {asked.Reason}",
        GateVerdict.NoTests => $"{asked.Name} runs no test on the base, which is no reason to be red: {asked.Reason}",
        _ => null,
    };

    /// <summary>A plan that is carried out; not null where there is none.</summary>
    private async Task<BuildResult?> PlanAsync(int version)
    {
        var before = version == 1 ? null : Before();
        for (var number = 1; ; number++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"planner-v{version}-{number}");
            var tip = _tip;
            var tree = await context.StepAsync($"plan/{version}/{number}/tree", Effect.Repeatable, tip, services.World.TreeAsync);
            var spec = _goal.Planner;
            var task = new AgentTask
            {
                Name = name,
                Role = spec.Role,
                Goal = BuildPrompt.ForPlanner(PlanForm.Left(_goal, PlanForm.ContextOf(Won())), _base.Files, before),
                Instructions = _base.Instructions,
                Afterwards = BuildPrompt.ThrownAway,
                Budget = "run/plan",
                BaseCommit = tip,
                BaseTree = tree,
                Turns = spec.Turns,
                ToolCalls = spec.ToolCalls,
                Seconds = spec.Seconds,
                HearsWhatIsLeft = true,
                Tools = ["list", "read", "search", "run"],
                Form = PlanForm.FormName,
                FormContext = PlanForm.ContextOf(Won()),
            };
            var agent = (await context.ChildAsync($"plan/{version}/{number}", new AgentPlaybook(services.Agents), () => task)).Require();
            if (agent.Form is not { } form)
            {
                return new BuildResult { State = "failed", Reason = $"there is no plan: {agent.Reason ?? "the planner handed none over"}" };
            }

            var plan = PlanForm.Read(form) with { Version = version };
            var signal = _goal.PlansAlone ? null : string.Create(CultureInfo.InvariantCulture, $"plan/{version}/{number}");
            await context.NoteAsync($"note/plan/{version}/{number}", (BuildNote)new BuildNote.PlanProposed(plan, signal));
            var answer = signal is null ? new PlanAnswer(true) : (await context.SignalAsync<PlanAnswer>($"plan/{version}/{number}/answer", signal))!;
            _plan = (answer.Plan ?? plan) with { Version = version };
            var decided = new BuildNote.PlanDecided(_plan, answer.IsApproved, _goal.PlansAlone ? "auto" : "user", answer.Words);
            await context.NoteAsync($"note/plan/{version}/{number}/decided", (BuildNote)decided);
            if (answer.IsApproved)
            {
                Fund();
                return null;
            }

            if (answer.Words is null)
            {
                return new BuildResult { State = "refused", Reason = "the plan was refused" };
            }

            before = $"{(version == 1 ? "" : Before() + "\n\n")}A person refused the plan before this one: {answer.Words}";
        }
    }

    /// <summary>Gives each task its part of the money.</summary>
    private void Fund()
    {
        foreach (var task in _goal.Dollars is null ? [] : _plan.Tasks)
        {
            var most = new BudgetLimits { Dollars = _goal.Dollars * (decimal)task.Share };
            foreach (var name in (string[])[$"{task.Id}-v{_plan.Version}", $"{task.Id}-v{_plan.Version}-contract"])
            {
                services.Agents.Budgets.Limit($"run/{name}", most);
            }
        }
    }

    /// <summary>Assertions that were new and hold now.</summary>
    private IEnumerable<string> Won() => _goal.Acceptance.Where(assertion => !assertion.IsKept).Select(assertion => assertion.Id).Intersect(_held);

    private string Before() =>
        $"Merged: {string.Join(", ", _works.Select(work => $"{work.Task} ({_plan.Tasks.FirstOrDefault(task => task.Id == work.Task)?.Intent ?? "of an earlier plan"})").DefaultIfEmpty("nothing"))}.\n" +
        $"Not merged: {string.Join("; ", _troubles.DefaultIfEmpty("nothing"))}.\nPlan only what is left; its files are in your folder.";

    /// <summary>Judges all assertions on a clean checkout of the result, with what no agent has seen, and hands over what holds.</summary>
    private async Task<BuildResult> EndAsync(string? trouble)
    {
        if (_works.Count == 0)
        {
            return new BuildResult { State = "failed", Reason = trouble ?? "nothing was merged" };
        }

        var commit = await context.StepAsync(
            "result", Effect.Repeatable, new DeliverRequest(input, _base.Commit, _tip), services.World.DeliverAsync);
        var final = await context.StepAsync(
            "accept", Effect.Repeatable, new GateRequest("result", commit, BuildChecks.OfEnd(_goal)) { WithHidden = true, AsksAll = true },
            services.Gate.RunAsync, Gated);
        var asked = final.Checks.ToDictionary(check => check.Name, StringComparer.Ordinal);
        List<AssertionVerdict> verdicts =
        [
            .. _goal.Acceptance.Select(assertion => asked.TryGetValue(assertion.Id, out var check)
                ? new AssertionVerdict(assertion.Id, check.Verdict == GateVerdict.Passed, check.Reason)
                : new AssertionVerdict(assertion.Id, false, final.Refusal?.Reason)),
        ];
        List<CheckVerdict> checks = [.. final.Checks.Where(check => _goal.Acceptance.All(assertion => assertion.Id != check.Name))];
        await context.NoteAsync("note/judged", (BuildNote)new BuildNote.Judged(commit, verdicts, checks));
        var held = verdicts.Count(verdict => verdict.Holds);
        if (held < verdicts.Count || checks.Any(check => check.Verdict != GateVerdict.Passed))
        {
            var why = trouble ?? verdicts.FirstOrDefault(verdict => !verdict.Holds)?.Reason ?? checks.First(check => check.Verdict != GateVerdict.Passed).Reason;
            return new BuildResult
            {
                State = "partial",
                Reason = $"{held} of {verdicts.Count} assertions verified at commit {commit[..12]}: {why}",
                Commit = commit,
                Assertions = verdicts,
            };
        }

        var at = await context.NowAsync("signed/at");
        var evidence = await context.StepAsync(
            "sign", Effect.Repeatable, new BuildEvidenceRequest(input, commit, _plan, verdicts, final.Checks, _works, at), services.World.SignAsync);
        var publish = new PublishRequest(input.Source, input.Branch, commit);
        var probe = new Probe((_, cancellation) => services.Publisher.ProbeAsync(publish, cancellation));
        var branch = await context.StepAsync(
            "publish", Effect.External(probe, targetDeduplicates: true), publish, services.Publisher.PublishAsync);
        return new BuildResult
        {
            State = "verified",
            Reason = $"{held} of {verdicts.Count} assertions verified at commit {commit[..12]}",
            Commit = commit,
            Branch = branch,
            Evidence = evidence,
            Assertions = verdicts,
        };
    }
}
