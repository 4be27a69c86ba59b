using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Identity;

namespace Godwit.Agents;

/// <summary>What a person wants of agents that are at work.</summary>
/// <param name="What">The order.</param>
/// <param name="Agent">The agent, or what its name begins with, such as a task; null for all of the run.</param>
/// <param name="Words">What is said, or why.</param>
public sealed record SteeringOrder(SteeringAct What, string? Agent, string Words = "")
{
    /// <summary>The device that gave it; null for a terminal.</summary>
    public string? By { get; init; }

    /// <summary>What the device has signed; null for a terminal.</summary>
    public SignedRequest? Request { get; init; }

    /// <summary>Whether a program gave it, which signs nothing and may only speak.</summary>
    public bool IsProgram { get; init; }

    /// <summary>The name of the signal to the root process that carries an order.</summary>
    public const string Signal = "steer";

    /// <summary>Whether it is about an agent.</summary>
    public bool IsFor(string agent) =>
        Agent is null || agent == Agent || agent.StartsWith(Agent + "-", StringComparison.Ordinal) || agent.StartsWith(Agent + ".", StringComparison.Ordinal);
}

/// <summary>What a person can do to agents that are at work.</summary>
public enum SteeringAct
{
    /// <summary>Tell them something; they read it before their next reply.</summary>
    Say,

    /// <summary>Keep them from asking a model until they go on.</summary>
    Pause,

    /// <summary>Let them go on.</summary>
    GoOn,

    /// <summary>End them before they ask a model again.</summary>
    Cancel,
}

/// <summary>
/// What people have ordered, for the steps of agents to look up. The orders are signals in the journal; what an agent heard, or was ended
/// by, is part of the step that heard it.
/// </summary>
public sealed class Steering
{
    private readonly Lock _gate = new();
    private readonly List<SteeringOrder> _orders = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Takes an order.</summary>
    /// <param name="json">The signal's payload.</param>
    public void Hear(ReadOnlyMemory<byte> json)
    {
        lock (_gate)
        {
            _orders.Add(Canonical.Deserialize<SteeringOrder>(json.Span));
            _changed.SetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>What was said to an agent.</summary>
    /// <param name="agent">The agent.</param>
    /// <param name="heard">How many orders of the run it has heard of already.</param>
    /// <returns>The words that are new to it, and of how many orders it has heard now.</returns>
    internal (IReadOnlyList<string> Words, int Heard) SaidTo(string agent, int heard)
    {
        lock (_gate)
        {
            return (
                [.. _orders.Skip(heard).Where(order => order.What == SteeringAct.Say && order.IsFor(agent)).Select(order => order.Words)],
                Math.Max(heard, _orders.Count));
        }
    }

    /// <summary>All that people have said to an agent; what programs said on somebody's behalf isn't among it.</summary>
    /// <param name="agent">The agent.</param>
    internal IReadOnlyList<string> SaidByPeople(string agent)
    {
        lock (_gate)
        {
            return
            [
                .. _orders.Where(order => order.What == SteeringAct.Say && order.IsFor(agent) && !order.IsProgram).Select(order => order.Words),
            ];
        }
    }

    /// <summary>Why a person has ended an agent; null where nobody has.</summary>
    internal string? CancelledBecause(string agent)
    {
        lock (_gate)
        {
            return _orders.FindLast(order => order.What == SteeringAct.Cancel && order.IsFor(agent)) is { } order
                ? $"a person cancelled it{(order.Words.Length == 0 ? "" : $": {order.Words}")}"
                : null;
        }
    }

    /// <summary>Waits while an agent is paused.</summary>
    /// <returns>How long that took, in seconds.</returns>
    internal async Task<double> WhilePausedAsync(string agent, TimeProvider time, CancellationToken cancellation)
    {
        var from = time.GetTimestamp();
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (!IsPaused(_orders, agent))
                {
                    return time.GetElapsedTime(from).TotalSeconds;
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellation);
        }
    }

    /// <summary>Ends when a person has ended an agent.</summary>
    internal async Task WhenCancelledAsync(string agent, CancellationToken cancellation)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                changed = _changed.Task;
            }

            if (CancelledBecause(agent) is not null)
            {
                return;
            }

            await changed.WaitAsync(cancellation);
        }
    }

    /// <summary>Whether agents of a run are paused.</summary>
    /// <param name="reader">The run's journal.</param>
    /// <param name="agent">This agent or task; null for any.</param>
    public static bool IsPaused(JournalReader reader, string? agent = null)
    {
        List<SteeringOrder> orders =
        [
            .. reader.After(0, EntryKind.SignalReceived)
                .Where(entry => entry.Process == DurableRun.Root && entry.Key == SteeringOrder.Signal)
                .Select(entry => Canonical.Deserialize<SteeringOrder>(entry.Data.Span)),
        ];
        return agent is null
            ? orders.Exists(order => order.What == SteeringAct.Pause && IsPaused(orders, order.Agent ?? ""))
            : IsPaused(orders, agent);
    }

    /// <summary>Whether orders leave an agent paused: the last that is about it decides, and whoever is cancelled isn't kept waiting.</summary>
    internal static bool IsPaused(IEnumerable<SteeringOrder> orders, string agent) =>
        orders.LastOrDefault(order => order.What != SteeringAct.Say && order.IsFor(agent)) is { What: SteeringAct.Pause };
}
