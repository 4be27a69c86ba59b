using Godwit.Durable;
using Godwit.Models;

namespace Godwit.Agents;

/// <summary>An agent's life: segments, each a process of its own that is handed the compacted state of the one before.</summary>
/// <param name="Services">The world.</param>
public sealed record AgentPlaybook(AgentServices Services) : Playbook<AgentTask, AgentResult>("agent")
{
    /// <summary>All playbooks that an agent is made of.</summary>
    public static IReadOnlyList<Playbook> All(AgentServices services) =>
        [new AgentPlaybook(services), new SegmentPlaybook(services), new ProgramPlaybook(services)];

    /// <inheritdoc/>
    public override async Task<AgentResult> RunAsync(IDurableContext context, AgentTask input)
    {
        try
        {
            return await LiveAsync(context, input);
        }
        finally
        {
            Services.Trees.Forget(input);
        }
    }

    private async Task<AgentResult> LiveAsync(IDurableContext context, AgentTask input)
    {
        var state = new AgentState { Task = input, Messages = [ModelMessage.User(AgentPrompt.Opening(input))], Tree = input.BaseTree };
        for (var segment = 1; state.Result is null; segment++)
        {
            state = (await context.ChildAsync($"segment/{segment}", new SegmentPlaybook(Services), () => state)).Require();
        }

        return state.Result;
    }
}
