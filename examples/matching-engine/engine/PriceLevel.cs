using Matching.Contract;

namespace Matching.Engine;

/// <summary>
/// All orders at one price, the oldest first.
/// </summary>
public class PriceLevel
{
    private readonly List<Order> _orders = new List<Order>();

    public PriceLevel(long price)
    {
        Price = price;
    }

    public long Price { get; private set; }

    public IEnumerable<Order> Orders
    {
        get { return _orders.OrderBy(order => order.Sequence).ToList(); }
    }

    public long VisibleQuantity
    {
        get { return _orders.Sum(order => order.Visible); }
    }

    public bool IsEmpty
    {
        get { return !_orders.Any(); }
    }

    public Order Head
    {
        get { return Orders.First(); }
    }

    public void Add(Order order)
    {
        _orders.Add(order);
    }

    public void Remove(Order order)
    {
        _orders.RemoveAll(other => other.OrderId == order.OrderId);
    }

    public bool Contains(long orderId)
    {
        return _orders.Any(order => order.OrderId == orderId);
    }

    public Order? Find(long orderId)
    {
        return _orders.FirstOrDefault(order => order.OrderId == orderId);
    }
}
