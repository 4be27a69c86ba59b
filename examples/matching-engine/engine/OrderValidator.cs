using Matching.Contract;

namespace Matching.Engine;

/// <summary>
/// A rule that a new or changed order has to pass.
/// </summary>
public interface IOrderRule
{
    RejectReason Check(Command command, OrderBook book);
}

public class QuantityRule : IOrderRule
{
    public RejectReason Check(Command command, OrderBook book)
    {
        return command.Quantity <= 0 || command.Quantity > Limits.LargestQuantity ? RejectReason.BadQuantity : RejectReason.None;
    }
}

public class PriceRule : IOrderRule
{
    public RejectReason Check(Command command, OrderBook book)
    {
        if (command.Kind == CommandKind.Market)
        {
            return RejectReason.None;
        }

        return command.Price <= 0 || command.Price > Limits.LargestPrice ? RejectReason.BadPrice : RejectReason.None;
    }
}

public class DisplayRule : IOrderRule
{
    public RejectReason Check(Command command, OrderBook book)
    {
        if (command.Kind != CommandKind.Limit)
        {
            return RejectReason.None;
        }

        return command.Display < 0 || command.Display > command.Quantity ? RejectReason.BadDisplay : RejectReason.None;
    }
}

public class DuplicateRule : IOrderRule
{
    public RejectReason Check(Command command, OrderBook book)
    {
        return command.Kind != CommandKind.Replace && book.Contains(command.OrderId) ? RejectReason.DuplicateOrder : RejectReason.None;
    }
}

public class OpenOrdersRule : IOrderRule
{
    public RejectReason Check(Command command, OrderBook book)
    {
        return command.Kind == CommandKind.Limit && book.OpenOrdersOf(command.Member) >= Limits.OpenOrdersOfAMember ? RejectReason.TooManyOrders : RejectReason.None;
    }
}

/// <summary>
/// A price that is far from what was traded last is taken for a slip of the finger.
/// </summary>
public class PriceBandRule : IOrderRule
{
    public RejectReason Check(Command command, OrderBook book)
    {
        if (command.Kind == CommandKind.Market)
        {
            return RejectReason.None;
        }

        var middle = book.History.MedianOfLast(Limits.BandTrades);
        if (middle == null)
        {
            return RejectReason.None;
        }

        return Math.Abs(command.Price - middle.Value) * 100 > middle.Value * Limits.BandPercent ? RejectReason.PriceOutOfBand : RejectReason.None;
    }
}

/// <summary>
/// Nobody may hold or owe more of a symbol than the clearing house allows, should the whole order trade.
/// </summary>
public class PositionRule : IOrderRule
{
    public RejectReason Check(Command command, OrderBook book)
    {
        if (command.Kind == CommandKind.Replace)
        {
            return RejectReason.None;
        }

        var position = book.History.BoughtBy(command.Member) - book.History.SoldBy(command.Member);
        var after = command.Side == Side.Buy ? position + command.Quantity : position - command.Quantity;
        return Math.Abs(after) > Limits.LargestPosition ? RejectReason.PositionLimit : RejectReason.None;
    }
}

public class FillOrKillRule : IOrderRule
{
    public RejectReason Check(Command command, OrderBook book)
    {
        if (command.Kind != CommandKind.Limit || command.Force != TimeInForce.FillOrKill)
        {
            return RejectReason.None;
        }

        return book.Available(command.Side, command.Price) < command.Quantity ? RejectReason.NotFillable : RejectReason.None;
    }
}

/// <summary>
/// Applies all rules; the first that objects decides.
/// </summary>
public class OrderValidator
{
    private readonly List<IOrderRule> _rules = new List<IOrderRule>
    {
        new QuantityRule(),
        new PriceRule(),
        new DisplayRule(),
        new DuplicateRule(),
        new OpenOrdersRule(),
        new PriceBandRule(),
        new PositionRule(),
        new FillOrKillRule(),
    };

    public RejectReason Validate(Command command, OrderBook book)
    {
        return _rules.Select(rule => rule.Check(command, book)).ToList().FirstOrDefault(reason => reason != RejectReason.None);
    }
}
