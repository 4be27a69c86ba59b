using Matching.Contract;

namespace Matching.Engine;

/// <summary>
/// What the market data page shows of a book.
/// </summary>
public class MarketDepth
{
    private readonly OrderBook _book;

    public MarketDepth(OrderBook book)
    {
        _book = book;
    }

    /// <summary>
    /// The best prices of a side, the best first.
    /// </summary>
    public IReadOnlyList<DepthLevel> Levels(Side side, int count)
    {
        var levels = new List<DepthLevel>();
        foreach (var price in _book.SideOf(side).Keys.ToList())
        {
            if (levels.Count < count)
            {
                levels.Add(LevelAt(side, price));
            }
        }

        return levels.AsReadOnly();
    }

    private DepthLevel LevelAt(Side side, long price)
    {
        var orders = _book.AllOrders.Where(order => order.Side == side && order.Price == price).ToList();
        return new DepthLevel(price, orders.Sum(order => order.Visible), orders.Count());
    }
}
