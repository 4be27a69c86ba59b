using System.Globalization;
using Godwit.Agents;
using Godwit.Budgets;
using Godwit.Durable;

namespace Godwit.Playbooks.Build;

/// <summary>
/// One piece of a task: a worker's life, a look at what was taken of its files on a clean checkout, reviews, and the same again with what
/// was wrong, until it may go to the queue or has been tried often enough.
/// </summary>
/// <param name="Services">The world.</param>
internal sealed record WorkPlaybook(BuildServices Services) : Playbook<WorkInput, WorkResult>("build/work")
{
    public override Task<WorkResult> RunAsync(IDurableContext context, WorkInput input) => new Work(context, Services, input).RunAsync();

    private sealed class Work(IDurableContext context, BuildServices services, WorkInput input)
    {
        private const int MostAttempts = 3;

        private static readonly string[] ReadingTools = ["list", "read", "search", "run", "job"];

        private readonly List<FindingRecord> _ledger = [.. input.Before?.Findings ?? []];
        private readonly List<string> _reviewers = [.. input.Before?.Reviewers ?? []];
        private HandOff _handOff = input.Before?.HandOff ?? new HandOff { Agent = "" };
        private string? _reviewed = input.Before?.Commit;
        private double _seconds = double.PositiveInfinity;
        private string? _unreviewed;
        private string? _wrong;

        private IReadOnlyList<string> Scope =>
            input.IsContract ? [.. input.Task.Provides.SelectMany(contract => contract.Files)] : input.Task.Scope;

        public async Task<WorkResult> RunAsync()
        {
            // Its own cap, before anything is paid: after a resume this may run before the whole plan does.
            if (input.Dollars is { } dollars)
            {
                services.Agents.Budgets.Limit(input.Budget, new BudgetLimits { Dollars = dollars });
            }

            var (tree, feedback) = (input.Tree, input.Feedback);
            for (var attempt = 1; attempt <= MostAttempts; attempt++)
            {
                if (!await HasTimeAsync($"{attempt}"))
                {
                    return Ended($"the run's time is used up{(feedback is null ? "" : $"; by then: {FirstLine(feedback)}")}");
                }

                var agent = await WorkAsync(attempt, tree, feedback);
                if (_wrong is { } wrong)
                {
                    return Ended($"its worker says that the task is wrong: {wrong}");
                }

                var harvest = await context.StepAsync(
                    $"harvest/{attempt}", Effect.Repeatable,
                    new HarvestRequest(input.Tip, agent.Tree, $"{input.Name}/{input.Round}/{attempt}", _handOff.Agent, input.Conflicts),
                    services.World.HarvestAsync);
                _handOff = _handOff with { Files = harvest.Files, Gate = null };
                tree = agent.Tree;
                if (harvest.Commit is not { } commit)
                {
                    if (agent.End is AgentEnd.OutOfBudget or AgentEnd.Failed)
                    {
                        return Ended(agent.Reason ?? "its worker ended");
                    }

                    feedback = $"Nothing was changed in {string.Join(", ", Scope)}.";
                    continue;
                }

                var gate = await context.StepAsync(
                    $"gate/{attempt}", Effect.Repeatable, new GateRequest(input.Task.Id, commit, Checks), services.Gate.RunAsync, BuildRun.Gated);
                _handOff = _handOff with { Gate = gate };
                feedback = gate.Refusal is { } refusal ? WithFindings(BuildPrompt.OfGate(refusal))
                    : harvest.Marked.Count > 0 ? $"Git's marks of a conflict are still in {string.Join(", ", harvest.Marked)}."
                    : await ReviewAsync(attempt, commit, harvest);
                if (_unreviewed is { } unreviewed)
                {
                    return Ended(unreviewed);
                }

                if (feedback is null)
                {
                    return new WorkResult { Commit = commit, HandOff = _handOff, Findings = [.. _ledger], Reviewers = [.. _reviewers] };
                }

                if (agent.End is AgentEnd.OutOfBudget or AgentEnd.Failed)
                {
                    return Ended($"{agent.Reason}; by then: {FirstLine(feedback)}");
                }
            }

            return Ended($"it isn't done after {MostAttempts} attempts: {FirstLine(feedback ?? "")}");
        }

        private IReadOnlyList<BuildCheck> Checks => input.IsContract
            ? [.. input.Goal.Checks.Where(check => check.When == CheckTier.Each)]
            : BuildChecks.OfTask(input.Goal, input.Task);

        private async Task<AgentResult> WorkAsync(int attempt, string? tree, string? feedback)
        {
            var spec = input.Goal.Worker;
            var name = string.Create(CultureInfo.InvariantCulture, $"{input.Name}-worker-{input.Round}-{attempt}");
            var start = tree
                ?? await context.StepAsync($"tip/{attempt}", Effect.Repeatable, input.Tip, services.World.TreeAsync);
            var task = Task(name, spec, BuildPrompt.ForWorker(input with { Feedback = feedback }), start) with
            {
                Afterwards = BuildPrompt.Gated,
                Constraints = BuildPrompt.ConstraintsOf(Scope, input.Goal),
                Scope = Scope,
                Tools = null,
                Form = spec.Program is null ? WorkForm.FormName : null,
                Program = spec.Program,
                MayAsk = spec.Ask,
                Depth = spec.Depth,
            };
            Playbook<AgentTask, AgentResult> playbook = spec.Program is null ? new AgentPlaybook(services.Agents) : new ProgramPlaybook(services.Agents);
            var result = (await context.ChildAsync($"worker/{attempt}", playbook, () => task)).Require();
            _wrong = result.Form is { } form && WorkForm.Read(form).Wrong is { Length: > 0 } wrong ? wrong : null;
            _handOff = _handOff with
            {
                Agent = name,
                Models = [.. _handOff.Models.Union(result.Models)],
                Claims = result.Summary,
                End = result.End,
                Charge = _handOff.Charge + result.Charge,
                Tree = result.Tree,
            };
            return result;
        }

        /// <summary>Why the work isn't good enough, for its worker; null where it is.</summary>
        private async Task<string?> ReviewAsync(int attempt, string commit, Harvest harvest)
        {
            if (input.Goal.Reviewer is not { } spec || input.IsContract)
            {
                return null;
            }

            await CloseAsync(attempt, commit);
            for (var number = 1; number <= spec.Parallel && _unreviewed is null; number++)
            {
                if (!await HasTimeAsync($"{attempt}/{number}"))
                {
                    _unreviewed = "it was not reviewed: the run's time is used up";
                    break;
                }

                await OneReviewAsync($"{attempt}/{number}", number, commit, harvest, spec);
            }

            _reviewed = commit;
            return Blocking.Count == 0 ? null : BuildPrompt.OfFindings(Blocking);
        }

        private List<FindingRecord> Blocking => [.. _ledger.Where(record => record is { Blocks: true, State: FindingState.Open })];

        /// <summary>A gate's words, and what is open beside them: whoever goes on has seen neither.</summary>
        private string WithFindings(string words) => Blocking.Count == 0 ? words : $"{words}\n\n{BuildPrompt.OfFindings(Blocking)}";

        /// <summary>Whether the run has time for another agent; how much it may take is kept.</summary>
        private async Task<bool> HasTimeAsync(string key)
        {
            if (!double.IsPositiveInfinity(input.Deadline))
            {
                _seconds = input.Deadline - await context.StepAsync($"time/{key}", Effect.Repeatable, input.Name, ActiveAsync);
            }

            return _seconds > 0;
        }

        private static Task<double> ActiveAsync(string name, Attempt attempt, CancellationToken cancellation) =>
            System.Threading.Tasks.Task.FromResult(attempt.ActiveTime.TotalSeconds);

        /// <summary>Closes what is mended: its command passes on the new work, and still fails on the old.</summary>
        private async Task CloseAsync(int attempt, string commit)
        {
            for (var index = 0; index < _ledger.Count; index++)
            {
                var record = _ledger[index];
                if (record is not { Blocks: true, State: FindingState.Open })
                {
                    continue;
                }

                var request = new ReproduceRequest(commit, _reviewed!, record.Finding);
                var shown = await context.StepAsync(
                    $"mended/{attempt}/{record.Id}", Effect.Repeatable, request, services.Gate.ReproduceAsync);
                if (shown is { AlwaysPassesAtBase: true, AlwaysFailsAtTip: true })
                {
                    _ledger[index] = record with { State = FindingState.Closed };
                }
            }
        }

        private async Task OneReviewAsync(string key, int slot, string commit, Harvest harvest, AgentSpec spec)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{input.Name}-reviewer-{input.Round}-{key.Replace('/', '-')}");
            var tree = await context.StepAsync($"review/{key}/tree", Effect.Repeatable, commit, services.World.TreeAsync);
            var task = Task(name, spec, BuildPrompt.ForReviewer(input, harvest, _ledger), tree) with
            {
                BaseCommit = commit,
                Form = ReviewForm.FormName,
                FormContext = new ReviewContext([.. _ledger.Select(record => record.Id)], harvest.Left).ToJson(),
            };
            var result = (await context.ChildAsync($"review/{key}", new AgentPlaybook(services.Agents), () => task)).Require();
            if (result.Form is not { } form)
            {
                _unreviewed = $"it was not reviewed: {result.Reason}";
                return;
            }

            _reviewers.Add(name);
            _handOff = _handOff with { Charge = _handOff.Charge + result.Charge };
            var review = ReviewForm.Read(form);
            for (var index = 0; index < _ledger.Count; index++)
            {
                // Only who found it takes it back.
                if (review.Withdrawn.Contains(_ledger[index].Id) && _ledger[index] is { State: FindingState.Open } open && open.Slot == slot)
                {
                    _ledger[index] = _ledger[index] with { State = FindingState.Withdrawn };
                }
            }

            foreach (var (finding, at) in review.Findings.Select((finding, index) => (finding, index + 1)))
            {
                var record = await JudgeAsync($"{key}/{at}", commit, harvest, finding);
                _ledger.Add(record with { Id = $"{input.Task.Id}-F{_ledger.Count + 1}", Reviewer = name, Slot = slot });
            }
        }

        private async Task<FindingRecord> JudgeAsync(string key, string commit, Harvest harvest, Finding finding)
        {
            var matters = finding.Priority is Priority.P0 or Priority.P1 && finding.Command.Length > 0;
            var shown = matters
                ? await context.StepAsync(
                    $"shown/{key}", Effect.Repeatable, new ReproduceRequest(input.Tip, commit, finding), services.Gate.ReproduceAsync)
                : null;
            bool? confirmed = ReviewRule.NeedsConfirming(finding, harvest.Files, shown) ? await ConfirmAsync(key, commit, finding) : null;
            var (blocks, reason) = ReviewRule.Decide(finding, harvest.Files, shown, confirmed);
            return new FindingRecord { Id = "", Reviewer = "", Finding = finding, Reproduction = shown, Blocks = blocks, Reason = reason };
        }

        private async Task<bool> ConfirmAsync(string key, string commit, Finding finding)
        {
            var name = $"{input.Name}-confirm-{input.Round}-{key.Replace('/', '-')}";
            var tree = await context.StepAsync($"confirm/{key}/tree", Effect.Repeatable, commit, services.World.TreeAsync);
            var task = Task(name, input.Goal.Reviewer!, BuildPrompt.ForConfirming(input, finding), tree) with
            {
                BaseCommit = commit,
                Form = ConfirmForm.FormName,
            };
            var result = (await context.ChildAsync($"confirm/{key}", new AgentPlaybook(services.Agents), () => task)).Require();
            _handOff = _handOff with { Charge = _handOff.Charge + result.Charge };
            return ConfirmForm.Read(result.Form);
        }

        private AgentTask Task(string name, AgentSpec spec, string words, string tree) => new()
        {
            Name = name,
            Role = spec.Role,
            Goal = spec.Instructions is null ? words : $"{words}\n{spec.Instructions}\n",
            Instructions = input.Instructions,
            Afterwards = BuildPrompt.ThrownAway,
            Budget = input.Budget,
            BaseCommit = input.Tip,
            BaseTree = tree,
            Turns = spec.Turns,
            ToolCalls = spec.ToolCalls,
            Seconds = Math.Min(spec.Seconds, _seconds),
            HearsWhatIsLeft = true,
            Tools = ReadingTools,
        };

        private WorkResult Ended(string reason) =>
            new() { Reason = reason, HandOff = _handOff, Findings = [.. _ledger], Reviewers = [.. _reviewers] };

        private static string FirstLine(string text) => text.Split('\n', 2)[0];
    }
}
