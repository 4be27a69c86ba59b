using Godwit.Durable;
using Godwit.Models;
using Godwit.Tools;
using Godwit.Workspaces;

namespace Godwit.Agents;

/// <summary>Starts agents for an agent: they pay from its budget, and start from its files.</summary>
internal sealed class Spawner(IDurableContext context, AgentServices services, AgentTree tree)
{
    /// <summary>Another agent's whole life, on a copy of the files; they become this one's when it ends.</summary>
    public async Task<(AgentState, MessagePart.ToolResult)> SpawnAsync(string key, MessagePart.ToolCall call, AgentState state)
    {
        state = state with { ToolCalls = state.ToolCalls + 1 };
        string goal;
        try
        {
            goal = ToolArguments.Parse(call.Arguments).Text("goal");
        }
        catch (ToolException wrong)
        {
            return (state, new MessagePart.ToolResult(call.Id, wrong.Message, Failed: true));
        }

        var (turns, agents) = (state.Task.Turns - state.Turn, state.Task.Agents - state.Agents);
        if (turns < 1 || agents < 1)
        {
            return (
                state,
                new MessagePart.ToolResult(
                    call.Id, $"there are no {(turns < 1 ? "model calls" : "agents")} left in the budget for another agent", Failed: true));
        }

        var number = state.Spawned + 1;
        var task = state.Task with
        {
            Name = $"{state.Task.Name}.{number}",
            Goal = goal,
            Budget = $"{state.Task.Budget}/{number}",
            BaseTree = await context.StepAsync(
                $"{key}/tree", Effect.Workspace(tree), state.Task.Name, (_, _, cancellation) => tree.SnapshotAsync(cancellation)),
            Depth = state.Task.Depth - 1,
            Form = null,
            Turns = turns,
            ToolCalls = Math.Max(1, state.Task.ToolCalls - state.ToolCalls),
            Agents = agents - 1,
            Seconds = state.Task.Seconds - state.UsedSeconds,
        };
        var end = (await context.ChildAsync($"{key}/agent", new AgentPlaybook(services), () => task)).Require();
        await context.StepAsync($"{key}/take", Effect.Workspace(tree), end.Tree, async (made, _, cancellation) =>
        {
            await tree.ResetAsync(made, cancellation);
            return true;
        });
        return (
            state with
            {
                Spawned = number,
                Agents = state.Agents + 1 + end.Agents,
                WaitedSeconds = state.WaitedSeconds + end.WaitedSeconds,
                ToolCalls = state.ToolCalls + end.ToolCalls,
                Turn = state.Turn + end.Turns,
                Charge = state.Charge + end.Charge,
                Changed = [.. state.Changed.Union(end.Changed)],
                Models = [.. state.Models.Union(end.Models)],
            },
            new MessagePart.ToolResult(
                call.Id,
                $"{(end.End == AgentEnd.Submitted ? "it says that it is done" : $"it ended without handing over: {end.Reason}")}\n" +
                $"{end.Summary}",
                Failed: end.End != AgentEnd.Submitted));
    }
}
