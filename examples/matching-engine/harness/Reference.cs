using Matching.Contract;

namespace Matching.Harness;

/// <summary>
/// What the engine has to do, written for being read and not for being fast: every resting order of a symbol in one list, and
/// each decision by looking through all of it. It shares no code with the engine.
/// </summary>
internal sealed class Reference : IMatchingEngine
{
    private readonly Dictionary<string, Market> _markets = [];
    private readonly List<string> _audit = [];

    public IReadOnlyList<EngineEvent> Process(Command command)
    {
        var events = Answer(command);
        var reason = events[0].Kind == EventKind.Rejected ? $" {events[0].Reason}" : "";
        _audit.Add($"{_audit.Count + 1} {command.Kind} {command.Symbol} {command.OrderId} {command.Member}: {events[0].Kind}{reason} ({events.Count})");
        return events;
    }

    private IReadOnlyList<EngineEvent> Answer(Command command)
    {
        var market = Of(command.Symbol);
        var events = new List<EngineEvent>();
        var known = market.Resting.Find(resting => resting.Id == command.OrderId);
        RejectReason? refusal = null;
        if (command.Kind is CommandKind.Cancel or CommandKind.Replace)
        {
            refusal = known is null ? RejectReason.UnknownOrder : known.Member != command.Member ? RejectReason.NotTheOwner : null;
        }

        if (command.Kind != CommandKind.Cancel)
        {
            refusal ??= Refusal(command, market, known is not null);
        }

        if (command.Kind == CommandKind.Market)
        {
            refusal ??= market.Resting.Exists(resting => resting.Side != command.Side) ? null : RejectReason.NoLiquidity;
        }

        if (refusal is { } reason)
        {
            return [new EngineEvent(EventKind.Rejected, command.Symbol, command.OrderId, 0, command.Price, command.Quantity, 0, reason)];
        }

        switch (command.Kind)
        {
            case CommandKind.Cancel:
                market.Resting.Remove(known!);
                return [new EngineEvent(EventKind.Cancelled, command.Symbol, known!.Id, 0, known.Price, known.Left, 0, RejectReason.None)];
            case CommandKind.Replace:
                events.Add(new EngineEvent(EventKind.Replaced, command.Symbol, command.OrderId, 0, command.Price, command.Quantity, command.Quantity, RejectReason.None));
                if (command.Price == known!.Price && command.Quantity <= known.Left)
                {
                    known.Left = command.Quantity;
                    known.Shown = Math.Min(known.Shown, command.Quantity);
                    return events;
                }

                market.Resting.Remove(known);
                var moved = new Resting(known.Id, known.Member, known.Side, command.Price, known.Tip) { Left = command.Quantity };
                Trade(market, moved, command.Price, events, command.Symbol);
                Rest(market, moved);
                return events;
            case CommandKind.Limit:
                events.Add(new EngineEvent(EventKind.Accepted, command.Symbol, command.OrderId, 0, command.Price, command.Quantity, command.Quantity, RejectReason.None));
                var limit = new Resting(command.OrderId, command.Member, command.Side, command.Price, command.Display) { Left = command.Quantity };
                Trade(market, limit, command.Price, events, command.Symbol);
                if (command.Force == TimeInForce.Day)
                {
                    Rest(market, limit);
                }
                else if (limit.Left > 0)
                {
                    events.Add(new EngineEvent(EventKind.Cancelled, command.Symbol, command.OrderId, 0, command.Price, limit.Left, 0, RejectReason.None));
                }

                return events;
            default:
                events.Add(new EngineEvent(EventKind.Accepted, command.Symbol, command.OrderId, 0, 0, command.Quantity, command.Quantity, RejectReason.None));
                var taker = new Resting(command.OrderId, command.Member, command.Side, 0, 0) { Left = command.Quantity };
                Trade(market, taker, null, events, command.Symbol);
                if (taker.Left > 0)
                {
                    events.Add(new EngineEvent(EventKind.Cancelled, command.Symbol, command.OrderId, 0, 0, taker.Left, 0, RejectReason.None));
                }

                return events;
        }
    }

    public (long BidPrice, long BidQuantity, long AskPrice, long AskQuantity) Top(string symbol)
    {
        var bid = Of(symbol).Resting.Where(resting => resting.Side == Side.Buy).Select(resting => resting.Price).DefaultIfEmpty(0).Max();
        var ask = Of(symbol).Resting.Where(resting => resting.Side == Side.Sell).Select(resting => resting.Price).DefaultIfEmpty(0).Min();
        return (bid, Shown(Side.Buy, bid), ask, Shown(Side.Sell, ask));

        long Shown(Side side, long price) => Of(symbol).Resting.Where(resting => resting.Side == side && resting.Price == price).Sum(resting => resting.Shown);
    }

    public (long Trades, long Quantity, long LastPrice) Statistics(string symbol) =>
        (Of(symbol).Trades.Count, Of(symbol).Trades.Sum(trade => trade.Quantity), Of(symbol).Trades.Select(trade => trade.Price).LastOrDefault());

    public IReadOnlyList<DepthLevel> Depth(string symbol, Side side, int levels)
    {
        var prices = Of(symbol).Resting.Where(resting => resting.Side == side).GroupBy(resting => resting.Price)
            .Select(group => new DepthLevel(group.Key, group.Sum(resting => resting.Shown), group.Count()));
        return [.. (side == Side.Buy ? prices.OrderByDescending(level => level.Price) : prices.OrderBy(level => level.Price)).Take(levels)];
    }

    public (long Bought, long Sold) Position(string symbol, string member) => (
        Of(symbol).Trades.Sum(trade => trade.Buyer == member ? trade.Quantity : 0),
        Of(symbol).Trades.Sum(trade => trade.Seller == member ? trade.Quantity : 0));

    public IReadOnlyList<Bar> Bars(string symbol) =>
    [
        .. Of(symbol).Trades.Chunk(Limits.TradesOfABar).Select(some => new Bar(
            some[0].Price, some.Max(trade => trade.Price), some.Min(trade => trade.Price), some[^1].Price, some.Sum(trade => trade.Quantity))),
    ];

    public IReadOnlyList<string> Audit(int lines) => [.. _audit.TakeLast(Math.Min(lines, Limits.AuditLines))];

    private Market Of(string symbol) => _markets.TryGetValue(symbol, out var market) ? market : _markets[symbol] = new Market();

    private static RejectReason? Refusal(Command command, Market market, bool exists)
    {
        if (command.Quantity is <= 0 or > Limits.LargestQuantity)
        {
            return RejectReason.BadQuantity;
        }

        if (command.Kind != CommandKind.Market && command.Price is <= 0 or > Limits.LargestPrice && command.Kind != CommandKind.Market)
        {
            return RejectReason.BadPrice;
        }

        if (command.Kind == CommandKind.Limit && (command.Display < 0 || command.Display > command.Quantity))
        {
            return RejectReason.BadDisplay;
        }

        if (command.Kind != CommandKind.Replace && exists)
        {
            return RejectReason.DuplicateOrder;
        }

        if (command.Kind == CommandKind.Limit && market.Resting.Count(resting => resting.Member == command.Member) >= Limits.OpenOrdersOfAMember)
        {
            return RejectReason.TooManyOrders;
        }

        var last = market.Trades.TakeLast(Limits.BandTrades).Select(trade => trade.Price).Order().ToList();
        if (command.Kind != CommandKind.Market && last.Count > 0 && Math.Abs(command.Price - last[last.Count / 2]) * 100 > last[last.Count / 2] * Limits.BandPercent)
        {
            return RejectReason.PriceOutOfBand;
        }

        var held = market.Trades.Sum(trade => (trade.Buyer == command.Member ? trade.Quantity : 0) - (trade.Seller == command.Member ? trade.Quantity : 0));
        if (command.Kind != CommandKind.Replace && Math.Abs(held + (command.Side == Side.Buy ? command.Quantity : -command.Quantity)) > Limits.LargestPosition)
        {
            return RejectReason.PositionLimit;
        }

        var offered = market.Resting.Where(resting => resting.Side != command.Side && (command.Side == Side.Buy ? resting.Price <= command.Price : resting.Price >= command.Price));
        return command is { Kind: CommandKind.Limit, Force: TimeInForce.FillOrKill } && offered.Sum(resting => resting.Left) < command.Quantity ? RejectReason.NotFillable : null;
    }

    private static void Trade(Market market, Resting taker, long? limit, List<EngineEvent> events, string symbol)
    {
        while (taker.Left > 0)
        {
            // The best price first, and at one price who stands first in the list: it is kept in the order of arrival.
            Resting? best = null;
            foreach (var resting in market.Resting)
            {
                var crosses = resting.Side != taker.Side && (limit is null || (taker.Side == Side.Buy ? resting.Price <= limit : resting.Price >= limit));
                if (crosses && (best is null || (taker.Side == Side.Buy ? resting.Price < best.Price : resting.Price > best.Price)))
                {
                    best = resting;
                }
            }

            if (best is null)
            {
                return;
            }

            var quantity = Math.Min(taker.Left, best.Shown);
            taker.Left -= quantity;
            best.Left -= quantity;
            best.Shown -= quantity;
            market.Trades.Add(taker.Side == Side.Buy ? new Deal(best.Price, quantity, taker.Member, best.Member) : new Deal(best.Price, quantity, best.Member, taker.Member));
            events.Add(new EngineEvent(EventKind.Traded, symbol, best.Id, taker.Id, best.Price, quantity, best.Left, RejectReason.None));
            if (best.Shown > 0)
            {
                continue;
            }

            market.Resting.Remove(best);
            if (best.Left > 0)
            {
                best.Shown = Math.Min(best.Tip, best.Left);
                market.Resting.Add(best);
                events.Add(new EngineEvent(EventKind.Refreshed, symbol, best.Id, 0, best.Price, best.Shown, best.Left, RejectReason.None));
            }
        }
    }

    private static void Rest(Market market, Resting order)
    {
        if (order.Left > 0)
        {
            order.Shown = order.Tip > 0 ? Math.Min(order.Tip, order.Left) : order.Left;
            market.Resting.Add(order);
        }
    }

    private sealed class Market
    {
        public List<Resting> Resting { get; } = [];

        public List<Deal> Trades { get; } = [];
    }

    private sealed record Deal(long Price, long Quantity, string Buyer, string Seller);

    private sealed class Resting(long id, string member, Side side, long price, long tip)
    {
        public long Id => id;

        public string Member => member;

        public Side Side => side;

        public long Price => price;

        public long Tip => tip;

        public long Left { get; set; }

        public long Shown { get; set; }
    }
}
