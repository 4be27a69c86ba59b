using System.Text;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Playbooks.Build;
using Godwit.Runs;

namespace Godwit.Playbooks;

/// <summary>What became of something that a person wanted of a run.</summary>
/// <param name="Taken">Whether it was taken; else somebody was first, or the owner refused.</param>
/// <param name="HasOwner">Whether the run's owner took it; else it is kept in the journal for the next one.</param>
/// <param name="Message">What was done, or why not.</param>
public sealed record ActionOutcome(bool Taken, bool HasOwner, string Message);

/// <summary>
/// What people do to runs, from a terminal or a page: it is asked of the run's owner, and where there is none it is journaled for the next.
/// </summary>
/// <param name="kinds">The kinds of runs there are.</param>
/// <param name="store">Where runs are.</param>
public sealed class RunActions(RunKinds kinds, RunStore store)
{
    // Whoever answers first has answered: a second answer is the same signal again.
    internal const string Answer = "user";

    /// <summary>Gives an order to agents.</summary>
    /// <param name="folder">The run.</param>
    /// <param name="order">The order.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="ArgumentException">It can't be given to this run; one line that says why.</exception>
    public async Task<ActionOutcome> OrderAsync(RunFolder folder, SteeringOrder order, CancellationToken cancellation)
    {
        IReadOnlyList<SteeringOrder> orders;
        using (var reader = JournalReader.OpenVerified(folder))
        {
            orders = OrdersOf(kinds.View(reader), order);
        }

        var outcome = new ActionOutcome(true, true, "taken; it holds from the agents' next step on");
        foreach (var (one, index) in orders.Select((one, index) => (one, index)))
        {
            // What was signed once counts once.
            var sender = one.Request is { } signed ? $"{signed.Once}/{index}" : Guid.NewGuid().ToString("N");
            outcome = await SignalAsync(folder, DurableRun.Root, SteeringOrder.Signal, sender, one, cancellation);
            if (!outcome.Taken)
            {
                return outcome;
            }
        }

        return outcome with { Message = outcome.HasOwner ? "taken; it holds from the agents' next step on" : "kept; it holds once the run is resumed" };
    }

    /// <summary>Answers an agent's action that waits for a person.</summary>
    public Task<ActionOutcome> AnswerAsync(RunFolder folder, OpenApproval open, Approval answer, CancellationToken cancellation) =>
        SignalAsync(folder, open.Process, open.Asked.Name, Answer, answer, cancellation);

    /// <summary>Answers a plan that waits for a person.</summary>
    /// <param name="folder">The run.</param>
    /// <param name="signal">The signal that answers it.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="cancellation">Ends the work.</param>
    public Task<ActionOutcome> DecideAsync(RunFolder folder, string signal, PlanAnswer answer, CancellationToken cancellation) =>
        SignalAsync(folder, DurableRun.Root, signal, Answer, answer, cancellation);

    /// <summary>Answers what a run is parked for.</summary>
    /// <param name="folder">The run.</param>
    /// <param name="request">A request to resolve.</param>
    /// <param name="by">Who does, for the journal; null for a terminal.</param>
    /// <param name="cancellation">Ends the work.</param>
    public async Task<ActionOutcome> ResolveAsync(RunFolder folder, ControlRequest request, PersonAct? by, CancellationToken cancellation)
    {
        if (by is not null && await RecordAsync(folder, by, cancellation) is { Taken: false } refused)
        {
            return refused;
        }

        if (await RunControl.AskAsync(folder, request, cancellation) is { } reply)
        {
            return new ActionOutcome(reply.Done, true, reply.Message);
        }

        await using var host = await kinds.ResumeAsync(new RunResume(store, folder), cancellation);
        await host.Run.ResolveAsync(request.Process, request.Key, request.Resolution());
        return new ActionOutcome(true, false, "resolved");
    }

    /// <summary>Asks a run's owner to stop; null where it has none.</summary>
    /// <param name="folder">The run.</param>
    /// <param name="by">Who asks, for the journal; null for a terminal.</param>
    /// <param name="cancellation">Ends the work.</param>
    public async Task<ActionOutcome?> StopAsync(RunFolder folder, PersonAct? by, CancellationToken cancellation)
    {
        if (by is not null && RunLock.IsHeld(folder) && await RecordAsync(folder, by, cancellation) is { Taken: false } refused)
        {
            return refused;
        }

        var reply = await RunControl.AskAsync(folder, new ControlRequest("stop"), cancellation);
        return reply is null ? null : new ActionOutcome(reply.Done, true, reply.Message);
    }

    private Task<ActionOutcome> RecordAsync(RunFolder folder, PersonAct act, CancellationToken cancellation) =>
        SignalAsync(folder, DurableRun.Root, PersonAct.Signal, act.Request?.Once ?? Guid.NewGuid().ToString("N"), act, cancellation);

    private async Task<ActionOutcome> SignalAsync<T>(
        RunFolder folder, long process, string signal, string sender, T payload, CancellationToken cancellation)
    {
        var json = Encoding.UTF8.GetString(Canonical.Serialize(payload));
        var request = new ControlRequest("signal", process, signal, sender, json);
        if (await RunControl.AskAsync(folder, request, cancellation) is { } reply)
        {
            return new ActionOutcome(reply.Done, true, reply.Message);
        }

        if (DeviceOrders.Fault(store.Home, folder.Id, request) is { } fault)
        {
            return new ActionOutcome(false, false, fault);
        }

        await using var host = await kinds.ResumeAsync(new RunResume(store, folder), cancellation);
        var isFirst = await host.Run.SignalAsync(process, signal, sender, payload);
        return new ActionOutcome(isFirst, false, isFirst ? "answered" : "it was answered before");
    }

    /// <summary>
    /// The order as it is given; one that ends agents is given to each that is at work: a task of the same name may be planned again.
    /// </summary>
    private static IReadOnlyList<SteeringOrder> OrdersOf(RunView view, SteeringOrder order)
    {
        if (order is { What: SteeringAct.Say, Words: var said } && string.IsNullOrWhiteSpace(said))
        {
            throw new ArgumentException("say what? the words are empty");
        }

        if (!view.CanBeSteered)
        {
            throw new ArgumentException($"{view.Run} has no agents that could be spoken to");
        }

        if (view.HasEnded)
        {
            throw new ArgumentException($"{view.Run} has ended: {view.Reason}");
        }

        if (order.What == SteeringAct.Pause && !RunLock.IsHeld(view.Folder))
        {
            // A resume would lift it at once.
            throw new ArgumentException($"{view.Run} isn't running, so there is nobody to pause");
        }

        List<string> meant = [.. view.Agents.AtWork.Select(agent => agent.Name).Where(order.IsFor)];
        if (order.Agent is null || meant.Count > 0)
        {
            return order.What == SteeringAct.Cancel ? [.. meant.Select(agent => order with { Agent = agent })] : [order];
        }

        var names = string.Join(", ", view.Agents.AtWork.Select(agent => agent.Name).DefaultIfEmpty("nobody"));
        var quotes = order.What == SteeringAct.Say ? "; several words are put in quotes" : "";
        throw new ArgumentException($"no agent '{order.Agent}' is at work in {view.Run}; at work: {names}{quotes}");
    }
}
