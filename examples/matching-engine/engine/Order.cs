using Matching.Contract;

namespace Matching.Engine;

/// <summary>
/// An order as the book keeps it.
/// </summary>
public class Order
{
    public Order(long orderId, string symbol, string member, Side side, long price, long quantity, long display, long sequence)
    {
        OrderId = orderId;
        Symbol = symbol;
        Member = member;
        Side = side;
        Price = price;
        Remaining = quantity;
        Display = display;
        Sequence = sequence;
        Visible = display > 0 ? Math.Min(display, quantity) : quantity;
    }

    public long OrderId { get; private set; }

    public string Symbol { get; private set; }

    public string Member { get; private set; }

    public Side Side { get; private set; }

    public long Price { get; set; }

    /// <summary>All that is left, hidden quantity included.</summary>
    public long Remaining { get; set; }

    /// <summary>What the market sees of it.</summary>
    public long Visible { get; set; }

    /// <summary>Size of an iceberg's tip, 0 for an ordinary order.</summary>
    public long Display { get; private set; }

    /// <summary>Time priority: a lower sequence came first.</summary>
    public long Sequence { get; set; }

    public bool IsIceberg
    {
        get { return Display > 0; }
    }

    public bool IsFilled
    {
        get { return Remaining == 0; }
    }

    public override string ToString()
    {
        return string.Format("{0} {1} {2} {3}@{4} ({5} visible)", OrderId, Symbol, Side, Remaining, Price, Visible);
    }
}
