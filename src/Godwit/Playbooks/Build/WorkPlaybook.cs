using System.Globalization;
using Godwit.Agents;
using Godwit.Budgets;
using Godwit.Durable;
using Godwit.Models;
using Godwit.Playbooks.Review;

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

        private readonly ChangeReview? _review = ReviewOf(context, services, input);
        private HandOff _handOff = input.Before?.HandOff ?? new HandOff { Agent = "" };
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
                _handOff = _handOff with { Files = harvest.Files, Gate = null, Mutants = null };
                tree = agent.Tree;
                if (agent.End == AgentEnd.Cancelled)
                {
                    return Ended(agent.Reason!);
                }

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
                    : await MutateAsync(attempt, commit) ?? await ReviewAsync(attempt, harvest);
                if (_unreviewed is { } unreviewed)
                {
                    return Ended(unreviewed);
                }

                if (feedback is null)
                {
                    return Result with { Commit = commit };
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
            var spec = input.Goal.Workers[input.Kind];
            var name = string.Create(CultureInfo.InvariantCulture, $"{input.Name}-worker-{input.Round}-{attempt}");
            var start = tree
                ?? await context.StepAsync($"tip/{attempt}", Effect.Repeatable, input.Tip, services.World.TreeAsync);
            var task = spec.Task(name, BuildPrompt.ForWorker(input with { Feedback = feedback }), input.Budget, (input.Tip, start), _seconds) with
            {
                Instructions = input.Instructions,
                Afterwards = BuildPrompt.Gated,
                Constraints = BuildPrompt.ConstraintsOf(Scope, input.Goal),
                Scope = Scope,
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

        /// <summary>What no check notices, for its worker; null where one does, or nothing can be said.</summary>
        private async Task<string?> MutateAsync(int attempt, string commit)
        {
            if (!input.Goal.TriesMutants || input.IsContract)
            {
                return null;
            }

            var request = new MutantRequest(input.Tip, commit, new GateRequest(input.Task.Id, commit, Checks));
            var mutants = await context.StepAsync($"mutants/{attempt}", Effect.Repeatable, request, services.Gate.MutateAsync);
            _handOff = _handOff with { Mutants = mutants };
            return mutants.ShowsNoTest ? WithFindings(BuildPrompt.OfMutants(mutants.Survivors)) : null;
        }

        /// <summary>Why the work isn't good enough, for its worker; null where it is.</summary>
        private async Task<string?> ReviewAsync(int attempt, Harvest harvest)
        {
            if (_review is null || input.IsContract)
            {
                return null;
            }

            await _review.CloseAsync(attempt, harvest.Commit!);
            for (var number = 1; number <= input.Goal.Reviewer!.Parallel && _unreviewed is null; number++)
            {
                _unreviewed = await HasTimeAsync($"{attempt}/{number}")
                    ? await _review.AskAsync($"{attempt}/{number}", number, harvest, _seconds)
                    : "it was not reviewed: the run's time is used up";
            }

            _review.Reviewed(harvest.Commit!);
            return _review.Blocking.Count == 0 ? null : BuildPrompt.OfFindings(_review.Blocking);
        }

        private static ChangeReview? ReviewOf(IDurableContext context, BuildServices services, WorkInput input) => input.Goal.Reviewer is not { } spec
            ? null
            : new ChangeReview(
                context, services,
                new ReviewSubject
                {
                    Id = input.Task.Id,
                    Name = input.Name,
                    Round = input.Round,
                    Base = input.Tip,
                    Reviewer = spec,
                    Budget = input.Budget,
                    Instructions = input.Instructions,
                    Own = [.. input.Task.Provides.SelectMany(contract => contract.Files)],
                    Words = (harvest, ledger) => BuildPrompt.ForReviewer(input, harvest, ledger),
                    Confirming = finding => BuildPrompt.ForConfirming(input.Task.Intent, finding),
                },
                input.Before?.Findings ?? [], input.Before?.Commit);

        /// <summary>A gate's words, and what is open beside them: whoever goes on has seen neither.</summary>
        private string WithFindings(string words) =>
            _review is { Blocking: { Count: > 0 } blocking } ? $"{words}\n\n{BuildPrompt.OfFindings(blocking)}" : words;

        /// <summary>Whether the run has time for another agent; how much it may take is kept.</summary>
        private async Task<bool> HasTimeAsync(string key)
        {
            _seconds = await TimeLeft.AskAsync(context, $"time/{key}", input.Deadline);
            return _seconds > 0;
        }

        private WorkResult Result => new()
        {
            HandOff = _handOff with { Charge = _handOff.Charge + (_review?.Charge ?? Charge.None) },
            Findings = _review?.Ledger ?? input.Before?.Findings ?? [],
            Reviewers = [.. input.Before?.Reviewers ?? [], .. _review?.Reviewers ?? []],
        };

        private WorkResult Ended(string reason) => Result with { Reason = reason };

        private static string FirstLine(string text) => text.Split('\n', 2)[0];
    }
}
