using Matching.Contract;

namespace Matching.Engine;

/// <summary>
/// Price-time priority matching for any number of symbols.
/// </summary>
public class MatchingEngine : IMatchingEngine
{
    private readonly Dictionary<string, OrderBook> _books = new Dictionary<string, OrderBook>();
    private readonly OrderValidator _validator = new OrderValidator();
    private readonly AuditTrail _audit = new AuditTrail();
    private readonly object _lock = new object();

    public IReadOnlyList<EngineEvent> Process(Command command)
    {
        lock (_lock)
        {
            var events = new List<EngineEvent>();
            var book = BookOf(command.Symbol);
            switch (command.Kind)
            {
                case CommandKind.Limit:
                    ProcessLimit(command, book, events);
                    break;
                case CommandKind.Market:
                    ProcessMarket(command, book, events);
                    break;
                case CommandKind.Cancel:
                    ProcessCancel(command, book, events);
                    break;
                case CommandKind.Replace:
                    ProcessReplace(command, book, events);
                    break;
            }

            _audit.Add(command, events);
            return events.ToList().AsReadOnly();
        }
    }

    public (long BidPrice, long BidQuantity, long AskPrice, long AskQuantity) Top(string symbol)
    {
        lock (_lock)
        {
            var book = BookOf(symbol);
            var bid = book.Best(Side.Buy);
            var ask = book.Best(Side.Sell);
            return (bid.Price, bid.Quantity, ask.Price, ask.Quantity);
        }
    }

    public (long Trades, long Quantity, long LastPrice) Statistics(string symbol)
    {
        lock (_lock)
        {
            var history = BookOf(symbol).History;
            return (history.Count, history.Quantity, history.LastPrice);
        }
    }

    public IReadOnlyList<DepthLevel> Depth(string symbol, Side side, int levels)
    {
        lock (_lock)
        {
            return new MarketDepth(BookOf(symbol)).Levels(side, levels);
        }
    }

    public (long Bought, long Sold) Position(string symbol, string member)
    {
        lock (_lock)
        {
            var history = BookOf(symbol).History;
            return (history.BoughtBy(member), history.SoldBy(member));
        }
    }

    public IReadOnlyList<Bar> Bars(string symbol)
    {
        lock (_lock)
        {
            return new BarChart(BookOf(symbol).History).Bars();
        }
    }

    public IReadOnlyList<string> Audit(int lines)
    {
        lock (_lock)
        {
            return _audit.Last(lines);
        }
    }

    private OrderBook BookOf(string symbol)
    {
        if (!_books.ContainsKey(symbol))
        {
            _books.Add(symbol, new OrderBook(symbol));
        }

        return _books[symbol];
    }

    private void ProcessLimit(Command command, OrderBook book, List<EngineEvent> events)
    {
        var reason = _validator.Validate(command, book);
        if (reason != RejectReason.None)
        {
            events.Add(Reject(command, reason));
            return;
        }

        var order = new Order(command.OrderId, command.Symbol, command.Member, command.Side, command.Price, command.Quantity, command.Display, book.NextSequence());
        events.Add(new EngineEvent(EventKind.Accepted, command.Symbol, command.OrderId, 0, command.Price, command.Quantity, command.Quantity, RejectReason.None));
        Match(order, order.Price, book, events);
        if (order.IsFilled)
        {
            return;
        }

        if (command.Force == TimeInForce.ImmediateOrCancel)
        {
            events.Add(new EngineEvent(EventKind.Cancelled, command.Symbol, command.OrderId, 0, command.Price, order.Remaining, 0, RejectReason.None));
            return;
        }

        order.Visible = order.IsIceberg ? Math.Min(order.Display, order.Remaining) : order.Remaining;
        book.Add(order);
    }

    private void ProcessMarket(Command command, OrderBook book, List<EngineEvent> events)
    {
        var reason = _validator.Validate(command, book);
        if (reason == RejectReason.None && !book.Opposite(command.Side).Any())
        {
            reason = RejectReason.NoLiquidity;
        }

        if (reason != RejectReason.None)
        {
            events.Add(Reject(command, reason));
            return;
        }

        var order = new Order(command.OrderId, command.Symbol, command.Member, command.Side, 0, command.Quantity, 0, book.NextSequence());
        events.Add(new EngineEvent(EventKind.Accepted, command.Symbol, command.OrderId, 0, 0, command.Quantity, command.Quantity, RejectReason.None));
        Match(order, null, book, events);
        if (!order.IsFilled)
        {
            events.Add(new EngineEvent(EventKind.Cancelled, command.Symbol, command.OrderId, 0, 0, order.Remaining, 0, RejectReason.None));
        }
    }

    private void ProcessCancel(Command command, OrderBook book, List<EngineEvent> events)
    {
        var order = book.Find(command.OrderId);
        if (order == null)
        {
            events.Add(Reject(command, RejectReason.UnknownOrder));
            return;
        }

        if (order.Member != command.Member)
        {
            events.Add(Reject(command, RejectReason.NotTheOwner));
            return;
        }

        book.Remove(order);
        events.Add(new EngineEvent(EventKind.Cancelled, command.Symbol, order.OrderId, 0, order.Price, order.Remaining, 0, RejectReason.None));
    }

    private void ProcessReplace(Command command, OrderBook book, List<EngineEvent> events)
    {
        var order = book.Find(command.OrderId);
        if (order == null)
        {
            events.Add(Reject(command, RejectReason.UnknownOrder));
            return;
        }

        if (order.Member != command.Member)
        {
            events.Add(Reject(command, RejectReason.NotTheOwner));
            return;
        }

        var reason = _validator.Validate(command, book);
        if (reason != RejectReason.None)
        {
            events.Add(Reject(command, reason));
            return;
        }

        events.Add(new EngineEvent(EventKind.Replaced, command.Symbol, order.OrderId, 0, command.Price, command.Quantity, command.Quantity, RejectReason.None));
        if (command.Price == order.Price && command.Quantity <= order.Remaining)
        {
            // Smaller at the same price: it keeps its place.
            order.Remaining = command.Quantity;
            order.Visible = Math.Min(order.Visible, order.Remaining);
            return;
        }

        book.Remove(order);
        order.Price = command.Price;
        order.Remaining = command.Quantity;
        order.Sequence = book.NextSequence();
        Match(order, order.Price, book, events);
        if (!order.IsFilled)
        {
            order.Visible = order.IsIceberg ? Math.Min(order.Display, order.Remaining) : order.Remaining;
            book.Add(order);
        }
    }

    private void Match(Order incoming, long? limit, OrderBook book, List<EngineEvent> events)
    {
        foreach (var level in book.Crossing(incoming.Side, limit))
        {
            while (!incoming.IsFilled && !level.IsEmpty)
            {
                var resting = level.Head;
                var quantity = Math.Min(incoming.Remaining, resting.Visible);
                incoming.Remaining -= quantity;
                resting.Remaining -= quantity;
                resting.Visible -= quantity;
                book.History.Add(
                    level.Price,
                    quantity,
                    incoming.Side == Side.Buy ? incoming.Member : resting.Member,
                    incoming.Side == Side.Buy ? resting.Member : incoming.Member);
                events.Add(new EngineEvent(EventKind.Traded, book.Symbol, resting.OrderId, incoming.OrderId, level.Price, quantity, resting.Remaining, RejectReason.None));
                if (resting.IsFilled)
                {
                    book.Remove(resting);
                }
                else if (resting.Visible == 0)
                {
                    // The tip of an iceberg is gone: the next one goes to the end of the queue.
                    resting.Visible = Math.Min(resting.Display, resting.Remaining);
                    resting.Sequence = book.NextSequence();
                    events.Add(new EngineEvent(EventKind.Refreshed, book.Symbol, resting.OrderId, 0, level.Price, resting.Visible, resting.Remaining, RejectReason.None));
                }
            }

            if (incoming.IsFilled)
            {
                break;
            }
        }
    }

    private static EngineEvent Reject(Command command, RejectReason reason)
    {
        return new EngineEvent(EventKind.Rejected, command.Symbol, command.OrderId, 0, command.Price, command.Quantity, 0, reason);
    }
}
