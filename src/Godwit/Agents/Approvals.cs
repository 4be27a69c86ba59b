using Godwit.Durable;
using Godwit.Identity;
using Godwit.Models;
using Godwit.Tools;

namespace Godwit.Agents;

/// <summary>A person's answer to an action that the gatekeeper asked about.</summary>
/// <param name="Granted">Whether it may be done.</param>
/// <param name="Words">What the agent is told.</param>
public sealed record Approval(bool Granted, string? Words = null)
{
    /// <summary>The device that answered; null for a terminal.</summary>
    public string? By { get; init; }

    /// <summary>What the device has signed; null for a terminal.</summary>
    public SignedRequest? Request { get; init; }
}

/// <summary>An action that waits for a person.</summary>
/// <param name="Agent">Who wants it.</param>
/// <param name="Name">The signal that answers it.</param>
/// <param name="Tool">The tool.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Rule">The rule that asks.</param>
public sealed record ApprovalAsked(string Agent, string Name, string Tool, string Arguments, string Rule);

/// <summary>Asks a person where an agent, or the gatekeeper about it, can't decide; the agent waits, other work goes on.</summary>
/// <param name="context">The process.</param>
/// <param name="agent">Who asks.</param>
/// <param name="canBeReached">Whether somebody can answer: at a terminal, or because the goal says so.</param>
internal sealed class Approvals(IDurableContext context, string agent, Func<bool> canBeReached)
{
    /// <summary>Stands for the rule where an agent asks of its own accord.</summary>
    public const string Question = "question";

    /// <summary>How long an action waits for its answer.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromMinutes(10);

    /// <summary>How long answers have taken, in the run's active time.</summary>
    public double WaitedSeconds { get; private set; }

    /// <summary>An agent's own question.</summary>
    public async Task<MessagePart.ToolResult> QuestionAsync(string key, MessagePart.ToolCall call, int turn)
    {
        try
        {
            var answer = await RequestAsync(key, turn, call.Name, ToolArguments.Parse(call.Arguments).Text("question"), Question);
            return new MessagePart.ToolResult(
                call.Id,
                answer is null
                    ? "nobody answered in time; go on with what you can find out"
                    : answer.Words ?? (answer.Granted ? "yes" : "no"));
        }
        catch (ToolException wrong)
        {
            return new MessagePart.ToolResult(call.Id, wrong.Message, Failed: true);
        }
    }

    /// <summary>The answer to an action that a rule asks about; null where none comes in time, or nobody can be reached.</summary>
    public async Task<Approval?> RequestAsync(string key, int turn, string tool, string arguments, string rule)
    {
        // An agent's own question waits in any case: the goal lets it ask.
        if (rule != Question
            && !await context.StepAsync($"{key}/reachable", Effect.Repeatable, agent, (_, _, _) => Task.FromResult(canBeReached())))
        {
            return null;
        }

        var signal = $"approval/{agent}/{turn}/{key.Split("/tools/")[^1]}";
        await context.NoteAsync($"{key}/asked", new ApprovalAsked(agent, signal, tool, arguments, rule), AgentTopic.Asked);
        var asked = await ActiveAsync($"{key}/asked/at");
        var answer = await context.SignalAsync<Approval>($"{key}/approval", signal, Deadline);
        WaitedSeconds += await ActiveAsync($"{key}/answered/at") - asked;
        return answer;
    }

    private Task<double> ActiveAsync(string key) =>
        context.StepAsync(key, Effect.Repeatable, agent, (_, attempt, _) => Task.FromResult(attempt.ActiveTime.TotalSeconds));
}
