namespace Matching.Engine;

/// <summary>
/// Trades of a symbol, for the statistics page.
/// </summary>
public class TradeHistory
{
    private readonly List<TradeRecord> _trades = new List<TradeRecord>();

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

    private class TradeRecord
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
}
