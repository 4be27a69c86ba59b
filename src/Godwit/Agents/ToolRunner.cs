using Godwit.Durable;
using Godwit.Guardian;
using Godwit.Models;
using Godwit.Tools;
using Godwit.Workspaces;

namespace Godwit.Agents;

/// <summary>What an agent hands over.</summary>
internal sealed record Submission(string Summary, IReadOnlyList<SelfReport> Checks, string? Form = null);

/// <summary>What a turn's tool calls came to.</summary>
internal sealed record ToolTurn(AgentState State, IReadOnlyList<MessagePart.ToolResult> Results, Submission? Submitted);

/// <summary>Carries tool calls out: each passes the gatekeeper, and those whose accesses don't meet run beside each other.</summary>
internal sealed class ToolRunner(IDurableContext context, AgentServices services, AgentState start)
{
    private readonly AgentTree _tree = services.Trees.Of(start.Task, start.Tree);
    private const int KeptVerdicts = 50;
    private const string TooMuch = "not carried out: the guardian has denied too much of what you wanted, and your work ends";
    private Charge _reviewCharge = Charge.None;
    private int _reviews;
    private List<bool> _denials = [];
    private readonly Approvals _approvals = new(context, start.Task.Name, () => services.PeopleCanBeReached);

    public async Task<ToolTurn> RunAsync(string key, IReadOnlyList<MessagePart.ToolCall> calls, AgentState state)
    {
        var waited = _approvals.WaitedSeconds;
        (_reviews, _denials, _reviewCharge) = (state.Reviews, [.. state.Denials], Charge.None);
        var results = new MessagePart.ToolResult[calls.Count];
        Submission? submitted = null;
        for (var index = 0; index < calls.Count;)
        {
            var call = calls[index];
            var left = state.Task.ToolCalls - state.ToolCalls;
            if (ReviewVerdict.Breaks(_denials))
            {
                results[index++] = new MessagePart.ToolResult(call.Id, TooMuch, Failed: true);
                continue;
            }

            if (left <= 0 && call.Name != AgentPrompt.Submit.Name)
            {
                results[index++] = new MessagePart.ToolResult(
                    call.Id, $"not carried out: your {state.Task.ToolCalls} tool calls are used up", Failed: true);
                continue;
            }

            if (call.Name == AgentPrompt.Ask.Name && state.Task.MayAsk)
            {
                (state, results[index]) = (
                    state with { ToolCalls = state.ToolCalls + 1 },
                        await _approvals.QuestionAsync($"{key}/tools/{index + 1}", call, state.Turn));
                index++;
                continue;
            }

            if (call.Name == AgentPrompt.Spawn.Name && state.Task.Depth > 0)
            {
                (state, results[index]) = await new Spawner(context, services, _tree).SpawnAsync($"{key}/tools/{index + 1}", call, state);
                index++;
                continue;
            }

            if (call.Name == AgentPrompt.Submit.Name && services.FormOf(start.Task) is { } form)
            {
                (results[index], submitted) = await FillInAsync($"{key}/tools/{index + 1}", form, call, state.Opened);
                state = state with { ToolCalls = state.ToolCalls + 1 };
                index++;
                continue;
            }

            if (Own(call, ref state, ref submitted) is { } answered)
            {
                results[index++] = answered;
                continue;
            }

            var group = Together(calls.Skip(index).Take(left));
            var outputs = await RunGroupAsync($"{key}/tools/{index + 1}", group, state);
            for (var offset = 0; offset < group.Count; offset++, index++)
            {
                results[index] = new MessagePart.ToolResult(group[offset].Id, outputs[offset].Content, outputs[offset].Failed);
                state = state with
                {
                    ToolCalls = state.ToolCalls + 1,
                    Changed = WithChanged(state.Changed, group[offset], outputs[offset]),
                    Opened = WithOpened(state.Opened, group[offset]),
                };
            }
        }

        state = state with
        {
            WaitedSeconds = state.WaitedSeconds + _approvals.WaitedSeconds - waited,
            Reviews = _reviews,
            Charge = state.Charge + _reviewCharge,
            Denials = [.. _denials.TakeLast(KeptVerdicts)],
        };
        return new ToolTurn(state, results, submitted);
    }

    /// <summary>The name of the tree as it stands.</summary>
    public Task<string> TreeAsync(string key) =>
        context.StepAsync(key, Effect.Workspace(_tree), start.Task.Name, (_, _, cancellation) => _tree.SnapshotAsync(cancellation));

    /// <summary>Ends what the tools have left running, and names the tree as it stands.</summary>
    /// <param name="key">The step's key.</param>
    /// <param name="worked">How long the agent has worked, in the run's active time.</param>
    public Task<string> EndAsync(string key, TimeSpan worked) =>
        context.StepAsync(key, Effect.Workspace(_tree), start.Task.Name, async (_, attempt, cancellation) =>
    {
        await Task.WhenAll(services.Tools.Select(tool => tool.EndAsync(new ToolContext(_tree, attempt))));
        AgentTelemetry.Ended(start.Task.Name, worked, attempt.Time);
        var tree = await _tree.SnapshotAsync(cancellation);
        if (start.Task is { Form: not null, Scope: null })
        {
            // Nobody takes anything of its files.
            FileSystem.DeleteAll(_tree.Path);
        }

        return tree;
    });

    /// <summary>
    /// Carries out what of a group the gatekeeper lets through, at once or when a person has; the rest is answered with its reason.
    /// </summary>
    private async Task<IReadOnlyList<ToolOutput>> RunGroupAsync(string key, IReadOnlyList<MessagePart.ToolCall> group, AgentState state)
    {
        var outputs = await CarryOutAsync(key, group, granted: false, state.Limit(AgentTopic.Results));
        var granted = new List<int>();
        for (var index = 0; index < group.Count; index++)
        {
            if (outputs[index].Asks is not { } asked)
            {
                continue;
            }

            var one = index == 0 ? key : $"{key}/{index + 1}";
            if (ReviewVerdict.Breaks(_denials))
            {
                outputs[index] = new JudgedOutput(TooMuch, Failed: true);
                continue;
            }

            var verdict = outputs[index].IsReviewed ? await ReviewAsync(one, group[index], asked, state) : null;
            if (verdict is { Outcome: ReviewOutcome.Allow })
            {
                granted.Add(index);
                continue;
            }

            if (verdict is { Outcome: ReviewOutcome.Deny })
            {
                outputs[index] = new JudgedOutput(
                    $"rule '{asked.Rule}' asked, and the guardian denied it: {verdict.Rationale} Don't try it in another way; do without.",
                        Failed: true);
                continue;
            }

            var answer = await _approvals.RequestAsync(one, state.Turn, group[index].Name, group[index].Arguments, asked.Rule);
            if (answer is { Granted: true })
            {
                granted.Add(index);
                continue;
            }

            outputs[index] = new JudgedOutput(
                answer is null && verdict is not null
                    ? $"rule '{asked.Rule}' asked, and no verdict came ({verdict.Rationale}): it isn't done; do it in another way: {asked.Reason}"
                    : answer is null
                    ? $"rule '{asked.Rule}' would ask a person, and nobody answers here: do it in another way: {asked.Reason}"
                    : $"a person was asked and said no: {answer.Words ?? asked.Reason}",
                Failed: true);
            await context.NoteAsync($"{one}/refused", new ToolOutput(outputs[index].Content, Failed: true), AgentTopic.Refused);
        }

        if (granted.Count > 0 && ReviewVerdict.Breaks(_denials))
        {
            granted.ForEach(index => outputs[index] = new JudgedOutput(TooMuch, Failed: true));
        }
        else if (granted.Count > 0)
        {
            var done = await CarryOutAsync(
                $"{key}/granted", [.. granted.Select(index => group[index])], granted: true, state.Limit(AgentTopic.Results));
            for (var index = 0; index < granted.Count; index++)
            {
                outputs[granted[index]] = done[index];
            }
        }

        return outputs;
    }

    /// <summary>
    /// What a reviewer model says of an action; null where there is none. Each try is a paid step, and the verdict is kept.
    /// </summary>
    private async Task<ReviewVerdict> ReviewAsync(string key, MessagePart.ToolCall call, Decision asked, AgentState state)
    {
        var reviewer = services.Reviewer ?? new ActionReviewer(services.Models, "");
        var action = new ReviewedAction(call.Name, call.Arguments, asked.Effects, asked.Rule, asked.Reason);
        var verdict = await reviewer.ReviewAsync(
            start.Task.Name, start.Task.Goal, services.Steering.SaidByPeople(start.Task.Name), ++_reviews, action,
            async (tries, request) =>
            {
                // Where no model plays the role any more, what was said before still holds, and nothing new is.
                var worst = services.Reviewer is null ? Charge.None : reviewer.WorstCase(request);
                var answer = await context.StepAsync(
                    $"{key}/review/{tries}", Effect.Paid(worst, services.Budgets.At(start.Task.Budget)), action,
                    (_, attempt, cancellation) => TryAsync(request, attempt, cancellation),
                    state.Limit(AgentTopic.Review) with
                    {
                        Hold = cancellation => services.Steering.WhilePausedAsync(start.Task.Name, services.Time, cancellation),
                    });
                _reviewCharge += answer.Charge;
                return answer;
            });
        await context.NoteAsync($"{key}/verdict", verdict, AgentTopic.Verdict);
        if (verdict.Outcome is ReviewOutcome.Allow or ReviewOutcome.Deny)
        {
            _denials.Add(verdict.Outcome == ReviewOutcome.Deny);
        }

        return verdict;
    }

    private Task<ModelStepResult> TryAsync(ModelRequest request, Attempt attempt, CancellationToken cancellation)
    {
        if (services.Steering.CancelledBecause(start.Task.Name) is { } why)
        {
            attempt.Settle(Charge.None);
            throw new StepFaultException(AgentModel.Cancelled, why);
        }

        if (services.Reviewer is not { } reviewer)
        {
            attempt.Settle(Charge.None);
            throw new StepFaultException("model", $"no model plays the role '{ActionReviewer.Role}' any more");
        }

        return reviewer.AskAsync(request, attempt, services.Time, cancellation);
    }

    /// <summary>
    /// One step: the gatekeeper's ruling on each call, and what it let through. Both are journaled together, so that rules which change
    /// later don't change what was decided.
    /// </summary>
    private async Task<JudgedOutput[]> CarryOutAsync(
        string key, IReadOnlyList<MessagePart.ToolCall> calls, bool granted, StepOptions limit)
    {
        var request = new ToolGroup([.. calls.Select(call => call.Name)], [.. calls.Select(call => call.Arguments)]);
        try
        {
            var outputs = await context.StepAsync(key, Effect.Workspace(_tree), request, async (_, attempt, cancellation) =>
                {
                    var done = await Task.WhenAll(
                        calls.Select(call => RunOneAsync(call, granted, new ToolContext(_tree, attempt), cancellation)));
                    return (IReadOnlyList<JudgedOutput>)await WithLeftOutAsync(done, cancellation);
                },
                limit);
            return [.. outputs];
        }
        catch (StepFailedException failed)
        {
            // A tool, or keeping its files, failed in a way that no tool foresaw. The tree is that of before.
            var why = $"it failed, and the files are as they were before: {failed.Failure.Message}";
            return [.. calls.Select(_ => new JudgedOutput(why, Failed: true))];
        }
    }

    /// <summary>Says what of the calls' work isn't the agent's to hand over, where that isn't taken.</summary>
    private async Task<JudgedOutput[]> WithLeftOutAsync(JudgedOutput[] outputs, CancellationToken cancellation)
    {
        const int MostNames = 8;
        List<string> leftOut = _tree.Scope.Harvests
            ? [.. (await _tree.TakeLeftOutAsync(cancellation)).Where(path => !TreeScope.IsCache(path))]
            : [];
        if (leftOut.Count == 0)
        {
            return outputs;
        }

        // What commands leave behind is told by its folders.
        var names = leftOut.GroupBy(path => Path.GetDirectoryName(path) ?? "")
            .SelectMany(group => group.Count() > 1 && group.Key.Length > 0 ? (IEnumerable<string>)[$"{group.Key}/"] : group)
            .ToList();
        var more = names.Count > MostNames ? $" and {names.Count - MostNames} more" : "";
        outputs[^1] = outputs[^1] with
        {
            Content = $"{outputs[^1].Content}\n(outside of your scope and not taken; what the repository has is put back: " +
                $"{string.Join(", ", names.Take(MostNames))}{more})",
        };
        return outputs;
    }

    private async Task<JudgedOutput> RunOneAsync(
        MessagePart.ToolCall call, bool granted, ToolContext context, CancellationToken cancellation)
    {
        try
        {
            var (tool, arguments) = (Require(call.Name), ToolArguments.Parse(call.Arguments));

            // The tool itself refuses what lies outside: there is nothing that a person could grant.
            var effects = tool.EffectsOf(arguments).Local();
            if (!granted)
            {
                var ruling = await services.Gatekeeper.DecideAsync(new ProposedAction(effects.Command, effects.Reads, effects.Writes),
                    cancellation);
                if (ruling.Verdict != Verdict.Allow)
                {
                    return Refused(ruling);
                }
            }

            using var activity = AgentTelemetry.StartTool(start.Task.Name, call);
            var output = await tool.RunAsync(context, arguments, cancellation);
            return new JudgedOutput(output.Content, output.Failed);
        }
        catch (ToolException wrong)
        {
            return new JudgedOutput(wrong.Message, Failed: true);
        }
    }

    private JudgedOutput Refused(Decision ruling) => ruling.Verdict == Verdict.Ask
        ? new JudgedOutput($"it is asked about (rule '{ruling.Rule}')", Failed: true) { Asks = ruling, IsReviewed = services.Reviewer is not null }
        : new JudgedOutput(ruling.AsRefusal(), Failed: true);

    private ITool? Find(string name) => Tools.FirstOrDefault(tool => tool.Spec.Name == name);

    private IEnumerable<ITool> Tools => services.Tools.Where(tool => start.Task.Tools?.Contains(tool.Spec.Name) ?? true);

    private ITool Require(string name) => Find(name)
        ?? throw new ToolException(
            $"there is no tool '{name}'; there are {string.Join(", ", Tools.Select(tool => tool.Spec.Name))}, note and submit");

    /// <summary>
    /// Checks a form that was filled in; what was decided of it once holds, whatever a later version of the code would say.
    /// </summary>
    private async Task<(MessagePart.ToolResult Result, Submission? Submitted)> FillInAsync(
        string key, SubmissionForm form, MessagePart.ToolCall call, IReadOnlyList<string> opened)
    {
        var problems = await context.StepAsync(
            key, Effect.Repeatable, call.Arguments,
            (json, _, _) => Task.FromResult((IReadOnlyList<string>)[.. Broken(json) is { } broken ? [broken]
                : form.ProblemsOf(start.Task, json, opened)]),
            new StepOptions { Topic = AgentTopic.Form });
        return problems.Count == 0
            ? (new MessagePart.ToolResult(call.Id, "submitted"), new Submission(form.InWords(call.Arguments), [], call.Arguments))
            : (new MessagePart.ToolResult(call.Id, $"not taken; mend all of these:\n- {string.Join("\n- ", problems)}", Failed: true),
                null);

        static string? Broken(string json)
        {
            try
            {
                ToolArguments.Parse(json);
                return null;
            }
            catch (ToolException wrong)
            {
                return wrong.Message;
            }
        }
    }

    /// <summary>The agent's own two tools need no tree.</summary>
    private static MessagePart.ToolResult? Own(MessagePart.ToolCall call, ref AgentState state, ref Submission? submitted)
    {
        if (call.Name is not ("note" or "submit"))
        {
            return null;
        }

        try
        {
            var arguments = ToolArguments.Parse(call.Arguments);
            state = state with { ToolCalls = state.ToolCalls + 1 };
            if (call.Name == "note")
            {
                state = state with { Notes = [.. state.Notes, arguments.Text("text")] };
                return new MessagePart.ToolResult(call.Id, "kept");
            }

            submitted = new Submission(
                arguments.Text("summary"),
                [.. arguments.Objects("checks").Select(check => new SelfReport(check.TextOrNull("command") ?? "", check.Flag("passed")))]);
            return new MessagePart.ToolResult(call.Id, "submitted");
        }
        catch (ToolException wrong)
        {
            return new MessagePart.ToolResult(call.Id, wrong.Message, Failed: true);
        }
    }

    /// <summary>The first of the calls, and those behind it that touch nothing that it and each other change.</summary>
    private List<MessagePart.ToolCall> Together(IEnumerable<MessagePart.ToolCall> calls)
    {
        var (group, touched) = (new List<MessagePart.ToolCall>(), new List<ToolEffects>());
        foreach (var call in calls)
        {
            var effects = EffectsOf(call);
            if (group.Count > 0 && (effects is null || touched.Exists(effects.Meets)))
            {
                break;
            }

            group.Add(call);
            if (effects is null or { Command: not null })
            {
                break;
            }

            touched.Add(effects);
        }

        return group;
    }

    /// <summary>What a call touches; null where it can't be carried out.</summary>
    private ToolEffects? EffectsOf(MessagePart.ToolCall call)
    {
        try
        {
            return Find(call.Name)?.EffectsOf(ToolArguments.Parse(call.Arguments)).Local();
        }
        catch (ToolException)
        {
            return null;
        }
    }

    /// <summary>The files that the agent has opened by name, or tried to, where somebody wants to know.</summary>
    private IReadOnlyList<string> WithOpened(IReadOnlyList<string> opened, MessagePart.ToolCall call) =>
        start.Task.Form is null ? opened : [.. opened.Union((EffectsOf(call)?.Reads ?? []).Where(path => path.Length > 0))];

    /// <summary>The files that the agent has changed by name; what commands change isn't among them.</summary>
    private IReadOnlyList<string> WithChanged(IReadOnlyList<string> changed, MessagePart.ToolCall call, ToolOutput output) =>
        output.Failed ? changed : [.. changed.Union((EffectsOf(call)?.Writes ?? []).Where(path => path.Length > 0))];
}

/// <summary>What became of a call that the gatekeeper has ruled on.</summary>
/// <param name="Content">What the model reads.</param>
/// <param name="Failed">It could not do what was asked, or may not.</param>
internal sealed record JudgedOutput(string Content, bool Failed = false) : ToolOutput(Content, Failed)
{
    /// <summary>The ruling that the reviewer model or a person has to decide on; null for none.</summary>
    public Decision? Asks { get; init; }

    /// <summary>Whether a reviewer model is asked first: that holds for what was judged, whatever the settings are by the time of a resume.</summary>
    public bool IsReviewed { get; init; }
}

/// <summary>Tool calls that run beside each other.</summary>
/// <param name="Tools">Their names.</param>
/// <param name="Arguments">Their arguments.</param>
public sealed record ToolGroup(IReadOnlyList<string> Tools, IReadOnlyList<string> Arguments);
