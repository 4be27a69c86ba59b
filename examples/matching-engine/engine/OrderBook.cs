using Matching.Contract;

namespace Matching.Engine;

/// <summary>
/// The two sides of a symbol's market.
/// </summary>
public class OrderBook
{
    private readonly SortedDictionary<long, PriceLevel> _bids;
    private readonly SortedDictionary<long, PriceLevel> _asks;
    private readonly TradeHistory _history = new TradeHistory();
    private long _sequence;

    public OrderBook(string symbol)
    {
        Symbol = symbol;
        _bids = new SortedDictionary<long, PriceLevel>(Comparer<long>.Create((left, right) => right.CompareTo(left)));
        _asks = new SortedDictionary<long, PriceLevel>();
    }

    public string Symbol { get; private set; }

    public TradeHistory History
    {
        get { return _history; }
    }

    public IEnumerable<Order> AllOrders
    {
        get { return _bids.Values.SelectMany(level => level.Orders).Concat(_asks.Values.SelectMany(level => level.Orders)); }
    }

    public long NextSequence()
    {
        return ++_sequence;
    }

    public SortedDictionary<long, PriceLevel> SideOf(Side side)
    {
        return side == Side.Buy ? _bids : _asks;
    }

    public SortedDictionary<long, PriceLevel> Opposite(Side side)
    {
        return side == Side.Buy ? _asks : _bids;
    }

    public Order? Find(long orderId)
    {
        return AllOrders.FirstOrDefault(order => order.OrderId == orderId);
    }

    public bool Contains(long orderId)
    {
        return _bids.Values.Any(level => level.Contains(orderId)) || _asks.Values.Any(level => level.Contains(orderId));
    }

    public int OpenOrdersOf(string member)
    {
        return AllOrders.Count(order => order.Member == member);
    }

    public void Add(Order order)
    {
        var levels = SideOf(order.Side);
        if (!levels.ContainsKey(order.Price))
        {
            levels.Add(order.Price, new PriceLevel(order.Price));
        }

        levels[order.Price].Add(order);
    }

    public void Remove(Order order)
    {
        var levels = SideOf(order.Side);
        var level = levels[order.Price];
        level.Remove(order);
        if (level.IsEmpty)
        {
            levels.Remove(order.Price);
        }
    }

    /// <summary>
    /// The levels that an incoming order may trade with, the best first.
    /// </summary>
    public IEnumerable<PriceLevel> Crossing(Side side, long? limit)
    {
        var candidates = Opposite(side).Values.ToList();
        if (limit.HasValue)
        {
            candidates = side == Side.Buy
                ? candidates.Where(level => level.Price <= limit.Value).ToList()
                : candidates.Where(level => level.Price >= limit.Value).ToList();
        }

        return candidates;
    }

    /// <summary>
    /// All that an incoming order could trade, hidden quantity included.
    /// </summary>
    public long Available(Side side, long? limit)
    {
        return Crossing(side, limit).SelectMany(level => level.Orders).Sum(order => order.Remaining);
    }

    public (long Price, long Quantity) Best(Side side)
    {
        var levels = SideOf(side);
        if (!levels.Any())
        {
            return (0, 0);
        }

        var best = levels.First().Value;
        return (best.Price, best.VisibleQuantity);
    }
}
