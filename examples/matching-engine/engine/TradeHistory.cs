namespace Matching.Engine;

/// <summary>
/// Trades of a symbol, for the statistics page, the charts and the rules that look at what was traded.
/// </summary>
public class TradeHistory
{
    private readonly List<TradeRecord> _trades = new List<TradeRecord>();

    public IEnumerable<TradeRecord> Trades
    {
        get { return _trades; }
    }

    public long Count
    {
        get { return _trades.Count; }
    }

    public long Quantity
    {
        get { return _trades.Sum(trade => trade.Quantity); }
    }

    public long LastPrice
    {
        get { return _trades.Any() ? _trades.Last().Price : 0; }
    }

    public void Add(long price, long quantity, string buyer, string seller)
    {
        _trades.Add(new TradeRecord(price, quantity, buyer, seller));
    }

    public long BoughtBy(string member)
    {
        return _trades.Where(trade => trade.Buyer == member).Sum(trade => trade.Quantity);
    }

    public long SoldBy(string member)
    {
        return _trades.Where(trade => trade.Seller == member).Sum(trade => trade.Quantity);
    }

    /// <summary>
    /// The middle one of the last prices, the higher of the two where their number is even; null before the first trade.
    /// </summary>
    public long? MedianOfLast(int count)
    {
        var prices = Enumerable.Reverse(_trades).Take(count).Select(trade => trade.Price).OrderBy(price => price).ToList();
        return prices.Any() ? prices[prices.Count / 2] : (long?)null;
    }
}

/// <summary>
/// A trade as the history keeps it.
/// </summary>
public class TradeRecord
{
    public TradeRecord(long price, long quantity, string buyer, string seller)
    {
        Price = price;
        Quantity = quantity;
        Buyer = buyer;
        Seller = seller;
    }

    public long Price { get; private set; }

    public long Quantity { get; private set; }

    public string Buyer { get; private set; }

    public string Seller { get; private set; }
}
