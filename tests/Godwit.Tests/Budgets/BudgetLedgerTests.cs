using Godwit.Budgets;
using Godwit.Durable;

namespace Godwit.Tests.Budgets;

public sealed class BudgetLedgerTests
{
    private static BudgetLedger Ledger(decimal dollars, string node = "run") =>
        new(new Dictionary<string, BudgetLimits> { [node] = new() { Dollars = dollars } });

    [Fact]
    public async Task Reserve_HundredsAtOnce_SpendsNearlyAllAndNeverMore()
    {
        var ledger = Ledger(0.50m);
        var random = new Random(3);
        var billed = 0m;
        var refused = 0;
        var gate = new Lock();
        await Task.WhenAll(Enumerable.Range(0, 300).Select(async agent =>
        {
            var budget = ledger.At($"run/agents/{agent}");
            while (true)
            {
                IReservation reservation;
                try
                {
                    reservation = await budget.ReserveAsync(new Charge(0.004m), CancellationToken.None);
                }
                catch (BudgetExceededException)
                {
                    Interlocked.Increment(ref refused);
                    return;
                }

                await Task.Yield();
                lock (gate)
                {
                    var cost = 0.004m * (decimal)random.NextDouble();
                    billed += cost;
                    reservation.Settle(new Charge(cost));
                }
            }
        }));
        Assert.Equal(300, refused);
        Assert.InRange(billed, 0.496m, 0.50m);
        Assert.Equal(billed, ledger.Spent("run").Dollars);
    }

    [Fact]
    public async Task Reserve_CapOfAnAncestor_HoldsForAllBelow()
    {
        var ledger = Ledger(1m, "run/agents");
        var held = await ledger.At("run/agents/1").ReserveAsync(new Charge(0.7m), CancellationToken.None);
        var waiting = ledger.At("run/agents/2").ReserveAsync(new Charge(0.7m), CancellationToken.None);
        Assert.NotNull(await ledger.At("run/judge").ReserveAsync(new Charge(5m), CancellationToken.None));
        Assert.False(waiting.IsCompleted);
        held.Settle(new Charge(0.2m));
        Assert.NotNull(await waiting.WaitAsync(TimeSpan.FromSeconds(5)));
        ledger.At("run/agents/2");
        var refused = ledger.At("run/agents/3").ReserveAsync(new Charge(0.9m), CancellationToken.None);
        Assert.False(refused.IsCompleted);
    }

    [Fact]
    public async Task Settle_MoreThanWasReserved_NoFurtherCallBelowThatNodeAndThoseBesideGoOn()
    {
        var ledger = Ledger(1m);
        (await ledger.At("run/agents/1").ReserveAsync(new Charge(0.01m), CancellationToken.None)).Settle(new Charge(0.02m));
        Assert.Equal(0.02m, ledger.Spent("run").Dollars);
        var refused = await Assert.ThrowsAsync<BudgetExceededException>(
            () => ledger.At("run/agents/1/child").ReserveAsync(new Charge(0.01m), CancellationToken.None));
        Assert.Contains("run/agents/1 is stopped: a call was billed $0.02", refused.Message, StringComparison.Ordinal);
        Assert.NotNull(await ledger.At("run/agents/2").ReserveAsync(new Charge(0.01m), CancellationToken.None));
    }

    [Fact]
    public async Task Book_NodeThatWasBilledTooMuch_StaysStopped()
    {
        var ledger = new BudgetLedger(new Dictionary<string, BudgetLimits>());
        ledger.Book("run/a", new BudgetHistory(new Charge(3, 60_010), new Overbilling(new Charge(3, 60_010), new Charge(1, 12_527))));
        var refused = await Assert.ThrowsAsync<BudgetExceededException>(
            () => ledger.At("run/a").ReserveAsync(new Charge(0.01m), CancellationToken.None));
        Assert.Contains("run/a is stopped", refused.Message, StringComparison.Ordinal);
        (await ledger.At("run/b").ReserveAsync(new Charge(0.01m), CancellationToken.None)).Settle(Charge.None);
        Assert.Equal(3, ledger.Spent("run").Dollars);
    }

    [Fact]
    public async Task Reserve_CancelledWhileWaiting_LeavesNothingBehind()
    {
        var ledger = Ledger(1m);
        var held = await ledger.At("run").ReserveAsync(new Charge(1m), CancellationToken.None);
        using var cancel = new CancellationTokenSource();
        var waiting = ledger.At("run").ReserveAsync(new Charge(1m), cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        held.Settle(Charge.None);
        Assert.NotNull(await ledger.At("run").ReserveAsync(new Charge(1m), CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(5)));
    }
}
