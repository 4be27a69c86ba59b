using System.Globalization;
using Godwit.Durable;

namespace Godwit.Budgets;

/// <summary>
/// What a run may spend, has spent and has out. Nodes are named by paths such as <c>run/agents/3</c>, and a reservation is
/// held against a node and all above it at once: what is spent and reserved together never passes a cap.
/// </summary>
/// <param name="limits">The caps by node; a node that isn't named has none of its own.</param>
public sealed class BudgetLedger(IReadOnlyDictionary<string, BudgetLimits> limits)
{
    private readonly Dictionary<string, BudgetLimits> _limits = new(limits, StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Account> _accounts = new(StringComparer.Ordinal);
    private readonly LinkedList<Waiter> _waiting = [];

    /// <summary>The budget of one node, to be handed to paid steps.</summary>
    public IBudget At(string node) => new Node(this, node);

    /// <summary>Caps a node, such as the part of the money that a task was given; what it has spent already counts.</summary>
    public void Limit(string node, BudgetLimits most)
    {
        lock (_gate)
        {
            _limits[node] = most;
        }
    }

    /// <summary>Takes up what the journal says of a node, before anything else is spent.</summary>
    public void Book(string node, BudgetHistory history)
    {
        lock (_gate)
        {
            foreach (var account in Chain_NeedsLock(node))
            {
                account.Spent += history.Spent;
            }

            if (history.Overbilled is { } over)
            {
                Account_NeedsLock(node).Stopped = Words(over);
            }
        }
    }

    /// <summary>What a node and all below it have spent.</summary>
    public Charge Spent(string node)
    {
        lock (_gate)
        {
            return _accounts.GetValueOrDefault(node)?.Spent ?? Charge.None;
        }
    }

    private async Task<IReservation> ReserveAsync(string node, Charge worst, CancellationToken cancellation)
    {
        Waiter waiter;
        lock (_gate)
        {
            waiter = new Waiter(node, worst);
            if (!TryDecide_NeedsLock(waiter))
            {
                _waiting.AddLast(waiter);
            }
        }

        using var registration = cancellation.Register(() =>
        {
            lock (_gate)
            {
                _waiting.Remove(waiter);
            }

            waiter.Decided.TrySetCanceled(cancellation);
        });
        if (await waiter.Decided.Task is { } refusal)
        {
            throw new BudgetExceededException(refusal);
        }

        return new Reservation(this, node, worst);
    }

    /// <summary>Grants, refuses, or leaves waiting while calls are out whose end could make room.</summary>
    private bool TryDecide_NeedsLock(Waiter waiter)
    {
        var chain = Chain_NeedsLock(waiter.Node);
        if (chain.Find(account => account.Stopped is not null) is { } stopped)
        {
            return waiter.Decided.TrySetResult($"{stopped.Node} is stopped: {stopped.Stopped}");
        }

        foreach (var account in chain)
        {
            if (account.Refusal(waiter.Worst, _limits.GetValueOrDefault(account.Node)) is { } refusal)
            {
                // Only spending is for ever; what is out may come back.
                return account.Reserved == Charge.None && waiter.Decided.TrySetResult(refusal);
            }
        }

        if (waiter.Decided.TrySetResult(null))
        {
            chain.ForEach(account => account.Reserved += waiter.Worst);
        }

        return true;
    }

    private void Settle(string node, Charge worst, Charge spent)
    {
        lock (_gate)
        {
            foreach (var account in Chain_NeedsLock(node))
            {
                account.Reserved = new Charge(account.Reserved.Dollars - worst.Dollars, account.Reserved.Tokens - worst.Tokens);
                account.Spent += spent;
            }

            // The provider didn't keep to the cap, and what is below here could pass any: calls that are out finish, no further one
            // goes out.
            if (spent.Dollars > worst.Dollars || spent.Tokens > worst.Tokens)
            {
                Account_NeedsLock(node).Stopped = Words(new Overbilling(spent, worst));
            }

            Grant_NeedsLock();
        }
    }

    private static string Words(Overbilling over) => string.Create(
        CultureInfo.InvariantCulture,
        $"a call was billed ${over.Billed.Dollars:0.####} and {over.Billed.Tokens} tokens, more than the " +
        $"${over.Reserved.Dollars:0.####} and {over.Reserved.Tokens} that were reserved for it");

    private void Grant_NeedsLock()
    {
        for (var waiting = _waiting.First; waiting is not null;)
        {
            var next = waiting.Next;
            if (TryDecide_NeedsLock(waiting.Value))
            {
                _waiting.Remove(waiting);
            }

            waiting = next;
        }
    }

    private List<Account> Chain_NeedsLock(string node)
    {
        var chain = new List<Account>();
        for (var end = node.IndexOf('/', StringComparison.Ordinal); end > 0; end = node.IndexOf('/', end + 1))
        {
            chain.Add(Account_NeedsLock(node[..end]));
        }

        chain.Add(Account_NeedsLock(node));
        return chain;
    }

    private Account Account_NeedsLock(string node) =>
        _accounts.TryGetValue(node, out var account) ? account : _accounts[node] = new Account(node);

    private sealed class Account(string node)
    {
        public string Node => node;

        public Charge Spent { get; set; } = Charge.None;

        public Charge Reserved { get; set; } = Charge.None;

        public string? Stopped { get; set; }

        public string? Refusal(Charge worst, BudgetLimits? limits)
        {
            var all = Spent + Reserved + worst;
            return limits switch
            {
                { Dollars: { } dollars } when all.Dollars > dollars =>
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"the budget of {node} is ${dollars:0.####}, ${Spent.Dollars:0.####} are spent, and the next call " +
                        $"could cost ${worst.Dollars:0.####}"),
                { Tokens: { } tokens } when all.Tokens > tokens =>
                    FormattableString.Invariant(
                        $"the budget of {node} is {tokens} tokens, {Spent.Tokens} are spent, and the next call could take {worst.Tokens}"),
                _ => null,
            };
        }
    }

    private sealed record Waiter(string Node, Charge Worst)
    {
        /// <summary>Null when granted, else why not.</summary>
        public TaskCompletionSource<string?> Decided { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Node(BudgetLedger ledger, string node) : IBudget
    {
        public string Id => node;

        public Task<IReservation> ReserveAsync(Charge worst, CancellationToken cancellation) =>
            ledger.ReserveAsync(node, worst, cancellation);
    }

    private sealed class Reservation(BudgetLedger ledger, string node, Charge worst) : IReservation
    {
        public void Settle(Charge spent) => ledger.Settle(node, worst, spent);
    }
}
