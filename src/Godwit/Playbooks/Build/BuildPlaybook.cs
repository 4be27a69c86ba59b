using System.Globalization;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Workspaces;
using Godwit.Identity;

namespace Godwit.Playbooks.Build;

/// <summary>A person's answer to a plan.</summary>
/// <param name="IsApproved">Whether it is carried out.</param>
/// <param name="Plan">The plan as the person has edited it; null for the plan as it is.</param>
/// <param name="Words">Why not, for the planner to read; null to end the run.</param>
public sealed record PlanAnswer(bool IsApproved, BuildPlan? Plan = null, string? Words = null)
{
    /// <summary>The device that answered; null for a terminal.</summary>
    public string? By { get; init; }

    /// <summary>What the device has signed; null for a terminal.</summary>
    public SignedRequest? Request { get; init; }
}

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
        await context.NoteAsync("note/finished", (BuildNote)new BuildNote.Finished(result), BuildNote.Topic);
        return result;
    }
}

/// <summary>One run of the build playbook.</summary>
internal sealed class BuildRun(IDurableContext context, BuildServices services, BuildInput input)
{
    private const int MostPlans = 3;

    private static readonly StepOptions Proposing = new() { Timeout = TimeSpan.FromMinutes(5) };

    // With less than this part of its money left a run can't pay for another task and its review.
    private const decimal TooLittle = 0.03m;

    /// <summary>How a gate's step is journaled.</summary>
    internal static readonly StepOptions Gated = new() { Topic = BuildView.GateTopic };

    private readonly List<string> _held = [.. input.Goal.Acceptance.Where(assertion => assertion.IsKept).Select(assertion => assertion.Id)];
    private readonly List<MergedWork> _works = [];
    private BuildGoal _goal = input.Goal;
    private BuildBase _base = null!;
    private BuildPlan? _plan;
    private IReadOnlyList<string> _troubles = [];
    private string _tip = "";

    public async Task<BuildResult> RunAsync()
    {
        _base = await context.StepAsync("base", Effect.Repeatable, input.BaseCommit, services.World.BaseAsync);
        _tip = _base.Commit;
        if (await GateBaseAsync() is { } red)
        {
            return new BuildResult { State = "failed", Reason = red };
        }

        string? stopped = null;
        for (var version = 1; version <= MostPlans && stopped is null; version++)
        {
            if (await PlanAsync(version) is { } ended)
            {
                return _works.Count == 0 ? ended : await EndAsync(ended.Reason);
            }

            var money = await LeftAsync(version);
            var fleet = new BuildFleet(context, services, input with { Goal = _goal }, _base, _plan!, _held, _tip, money);
            await fleet.RunAsync();
            _tip = fleet.Tip;
            _works.AddRange(fleet.Works);
            _troubles = fleet.Troubles;
            stopped = fleet.Stopped;
            if (IsDone || await IsOutOfMoneyAsync(version))
            {
                break;
            }
        }

        return await EndAsync(stopped ?? (IsDone ? null : _troubles is [.., var last] ? last : null));
    }

    /// <summary>Whether every assertion that can be asked before the end holds.</summary>
    private bool IsDone => Planned().Count() == _goal.Acceptance.Count(assertion => !assertion.IsKept);

    /// <summary>Assertions that needn't be planned for any more: they hold, or their task is merged and only the end can judge them.</summary>
    private IEnumerable<string> Planned() => _goal.Acceptance
        .Where(assertion => !assertion.IsKept
            && (_held.Contains(assertion.Id) || (assertion.IsHidden && _works.Exists(work => work.Asserts.Contains(assertion.Id)))))
        .Select(assertion => assertion.Id);

    /// <summary>Why there is nothing to build on; null where there is.</summary>
    private async Task<string?> GateBaseAsync()
    {
        var (checks, acceptance) = await BaseGate.AskAsync(
            _goal, _base.Commit, (key, request) => context.StepAsync($"base/{key}", Effect.Repeatable, request, services.Gate.RunAsync, Gated));
        await context.NoteAsync("note/base", (BuildNote)new BuildNote.BaseGated(checks, acceptance), BuildNote.Topic);

        // From now on a check that runs fewer tests than it did here is refused.
        var tests = checks.Checks.ToLookup(check => check.Name, check => check.Tests);
        _goal = _goal with { Checks = [.. _goal.Checks.Select(check => check with { Tests = tests[check.Name].FirstOrDefault() })] };
        return BaseGate.ProblemOf(checks) ?? BaseGate.ProblemsOf(_goal, acceptance).FirstOrDefault();
    }

    /// <summary>A plan that is carried out; not null where there is none.</summary>
    private async Task<BuildResult?> PlanAsync(int version)
    {
        var before = version == 1 ? null : Before();
        for (var number = 1; ; number++)
        {
            var key = string.Create(CultureInfo.InvariantCulture, $"plan/{version}/{number}");
            var (form, trouble) = await ProposeAsync(key, version, number, before);
            if (form is null)
            {
                return new BuildResult { State = "failed", Reason = $"there is no plan: {trouble}" };
            }

            var plan = PlanForm.Read(form) with { Version = version };
            var signal = _goal.PlansAlone ? null : key;
            await context.NoteAsync($"note/{key}", (BuildNote)new BuildNote.PlanProposed(plan, signal), BuildNote.Topic);
            var answer = signal is null ? new PlanAnswer(true) : (await context.SignalAsync<PlanAnswer>($"{key}/answer", signal))!;
            var decided = (answer.Plan ?? plan) with { Version = version };
            var problems = answer is { IsApproved: true, Plan: not null } ? await ProblemsAsync(key, decided) : [];
            if (problems.Count > 0)
            {
                answer = new PlanAnswer(false, null, $"as it was edited it can't be carried out: {string.Join("; ", problems)}");
            }

            await context.NoteAsync(
                $"note/{key}/decided",
                (BuildNote)new BuildNote.PlanDecided(decided, answer.IsApproved, signal is null ? "auto" : "user", answer.Words), BuildNote.Topic);
            if (answer.IsApproved)
            {
                _plan = decided;
                return null;
            }

            if (answer.Words is null)
            {
                return new BuildResult { State = "refused", Reason = "the plan was refused" };
            }

            before = $"{(version == 1 ? "" : Before() + "\n\n")}A person refused the plan before this one: {answer.Words}";
        }
    }

    private Task<IReadOnlyList<string>> ProblemsAsync(string key, BuildPlan plan)
    {
        var goal = PlanForm.Left(_goal, PlanForm.ContextOf(Planned()));
        return context.StepAsync($"{key}/problems", Effect.Repeatable, plan, (edited, _, _) => Task.FromResult(PlanCheck.ProblemsOf(edited, goal)));
    }

    /// <summary>A planner's life: the plan that it handed over, or why it handed none over.</summary>
    private async Task<(string? Form, string? Trouble)> ProposeAsync(string key, int version, int number, string? before)
    {
        var (spec, tip, planned) = (_goal.Planner, _tip, PlanForm.ContextOf(Planned()));
        var seconds = await TimeLeft.AskAsync(context, $"{key}/time", _goal.Seconds);
        if (seconds <= 0)
        {
            return (null, "the run's time is used up");
        }

        var files = await context.StepAsync($"{key}/files", Effect.Repeatable, tip, services.World.FilesAsync);
        var tree = await context.StepAsync($"{key}/tree", Effect.Repeatable, tip, services.World.TreeAsync);
        var name = string.Create(CultureInfo.InvariantCulture, $"planner-v{version}-{number}");
        var words = BuildPrompt.ForPlanner(PlanForm.Left(_goal, planned), files, before);
        var task = spec.Task(name, words, "run/plan", (tip, tree), seconds) with
        {
            Instructions = _base.Instructions,
            Afterwards = BuildPrompt.ThrownAway,
            Tools = ["list", "read", "search", "run"],
            Form = PlanForm.FormName,
            FormContext = planned,
        };
        return await context.ChildAsync(key, new AgentPlaybook(services.Agents), () => task) switch
        {
            Outcome<AgentResult>.Value { Result: var result } => (result.Form, $"the planner ended without one: {result.Reason}"),
            Outcome<AgentResult>.Failed failed => (null, failed.Failure.Message),
            _ => (null, "the planner was cancelled"),
        };
    }

    /// <summary>The money that is left to a plan, in US dollars; null for no cap.</summary>
    private async Task<decimal?> LeftAsync(int version) => _goal.Dollars is { } most ? most - await SpentAsync($"money/{version}") : null;

    private async Task<bool> IsOutOfMoneyAsync(int version) =>
        _goal.Dollars is { } most && most - await SpentAsync($"money/{version}/after") < TooLittle * most;

    private Task<decimal> SpentAsync(string key) =>
        context.StepAsync(key, Effect.Repeatable, key, (_, _, _) => Task.FromResult(services.Agents.Budgets.Spent("run").Dollars));

    private string Before()
    {
        var merged = _works.Where(work => !work.IsContract).Select(work => $"{work.Task} of plan {work.Version}");
        var landed = _works.Where(work => work.IsContract).Select(work => $"the contracts of {work.Task} of plan {work.Version}");
        return $"Merged: {string.Join(", ", merged.Concat(landed).DefaultIfEmpty("nothing"))}.\n" +
            $"Not merged: {string.Join("; ", _troubles.DefaultIfEmpty("nothing"))}.\nPlan only what is left; what is merged is in your folder.";
    }

    /// <summary>Judges all assertions on a clean checkout of the result, with what no agent has seen, and hands over what holds.</summary>
    private async Task<BuildResult> EndAsync(string? trouble)
    {
        if (_works.Count == 0)
        {
            return new BuildResult { State = "failed", Reason = trouble ?? "nothing was merged" };
        }

        var commit = await context.StepAsync(
            "result", Effect.Repeatable, new DeliverRequest(input.BaseCommit, _base.Commit, _tip), services.World.DeliverAsync);
        var (final, flakes) = await BaseGate.AskTwiceAsync(
            new GateRequest("result", commit, BuildChecks.OfEnd(_goal)) { WithHidden = true, AsksAll = true }, _goal.Checks,
            (again, request) => context.StepAsync($"accept{again}", Effect.Repeatable, request, services.Gate.RunAsync, Gated));
        foreach (var flake in flakes)
        {
            await context.NoteAsync($"note/flake/{flake.Name}", (BuildNote)new BuildNote.Flaked(flake), BuildNote.Topic);
        }

        var asked = final.Checks.ToDictionary(check => check.Name, StringComparer.Ordinal);
        List<AssertionVerdict> verdicts =
        [
            .. _goal.Acceptance.Select(assertion => asked.TryGetValue(assertion.Id, out var check)
                ? new AssertionVerdict(assertion.Id, check.Verdict == GateVerdict.Passed, check.Reason)
                : new AssertionVerdict(assertion.Id, false, final.Refusal?.Reason)),
        ];
        List<CheckVerdict> checks =
            [.. final.Checks.Where(check => _goal.Acceptance.All(assertion => assertion.Id != check.Name)), .. await WithOldTestsAsync(commit)];
        await context.NoteAsync("note/judged", (BuildNote)new BuildNote.Judged(commit, verdicts, checks), BuildNote.Topic);
        var held = verdicts.Count(verdict => verdict.Holds);
        var refused = verdicts.FirstOrDefault(verdict => !verdict.Holds)?.Reason ?? checks.FirstOrDefault(check => check.Verdict != GateVerdict.Passed)?.Reason;
        return refused is null
            ? await DeliverAsync(commit, verdicts, [.. final.Checks, .. checks.Except(final.Checks)])
            : new BuildResult
            {
                State = "partial",
                Reason = $"{held} of {verdicts.Count} assertions verified at commit {commit[..12]}: {trouble ?? refused}",
                Commit = commit,
                Assertions = verdicts,
            };
    }

    /// <summary>
    /// The goal's checks once more, without the tests that were added: what stands among the tests can change how the others end.
    /// </summary>
    private async Task<IReadOnlyList<CheckVerdict>> WithOldTestsAsync(string commit)
    {
        if (_goal.Tests.Count == 0 || _goal.Checks.Count == 0)
        {
            return [];
        }

        var old = await context.StepAsync(
            "accept/old", Effect.Repeatable, new GateRequest("result", commit, _goal.Checks) { WithOldTestsOnly = true, AsksAll = true },
            services.Gate.RunAsync, Gated);
        return [.. old.Checks.Select(check => check with { Name = $"{check.Name}, old tests alone" })];
    }

    /// <summary>Opens a pull request for the branch. What stands in its way takes nothing from what was verified.</summary>
    private async Task<(string? Address, string? Trouble)> ProposeAsync(string commit, string branch)
    {
        var body = BuildMessage.OfPullRequest(_goal, _works, commit);
        var request = new PullRequest(input.Source, branch, BuildMessage.Title(_goal.Title), body, input.Onto);
        var probe = new Probe((_, cancellation) => services.PullRequests.ProbeAsync(request, cancellation));
        try
        {
            return (await context.StepAsync("propose", Effect.External(probe), request, services.PullRequests.OpenAsync, Proposing), null);
        }
        catch (StepFailedException failed)
        {
            return (null, $"; no pull request was opened: {failed.Failure.Message}");
        }
    }

    private async Task<BuildResult> DeliverAsync(string commit, IReadOnlyList<AssertionVerdict> verdicts, IReadOnlyList<CheckVerdict> checks)
    {
        var at = await context.NowAsync("signed/at");
        var evidence = await context.StepAsync(
            "sign", Effect.Repeatable, new BuildEvidenceRequest(input, commit, _plan!, checks, _works, at), services.World.SignAsync);
        var publish = new PublishRequest(input.Source, input.Branch, commit);
        var probe = new Probe((_, cancellation) => services.Publisher.ProbeAsync(publish, cancellation));
        var branch = await context.StepAsync(
            "publish", Effect.External(probe, targetDeduplicates: true), publish, services.Publisher.PublishAsync);
        var (address, trouble) = _goal.OpensPullRequest ? await ProposeAsync(commit, branch) : (null, null);
        return new BuildResult
        {
            State = "verified",
            Reason = $"{verdicts.Count} of {verdicts.Count} assertions verified at commit {commit[..12]}{trouble}",
            PullRequest = address,
            Commit = commit,
            Branch = branch,
            Evidence = evidence,
            Assertions = verdicts,
        };
    }
}
