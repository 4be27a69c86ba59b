namespace Matching.Contract;

public enum Side
{
    Buy,
    Sell,
}

public enum CommandKind
{
    /// <summary>A new limit order; an iceberg when Display is above 0.</summary>
    Limit,

    /// <summary>A new market order: what can't trade at once is dropped.</summary>
    Market,

    /// <summary>Takes the rest of an order out of the book.</summary>
    Cancel,

    /// <summary>Gives an order another price and quantity. Only a smaller quantity at the same price keeps its place in the queue.</summary>
    Replace,
}

/// <summary>What a member of the exchange asks for. Prices are in ticks.</summary>
public sealed record Command(CommandKind Kind, string Symbol, long OrderId, string Member, Side Side, long Price, long Quantity, long Display);

public enum EventKind
{
    Accepted,
    Rejected,
    Traded,
    Cancelled,
    Replaced,

    /// <summary>The hidden part of an iceberg has filled its visible part up again, at the end of the queue.</summary>
    Refreshed,
}

public enum RejectReason
{
    None,
    BadQuantity,
    BadPrice,
    BadDisplay,
    DuplicateOrder,
    UnknownOrder,
    NotTheOwner,
    TooManyOrders,
    NoLiquidity,
}

/// <summary>What has happened. For a trade OrderId is the resting order and OtherId the incoming one.</summary>
public sealed record EngineEvent(EventKind Kind, string Symbol, long OrderId, long OtherId, long Price, long Quantity, long Remaining, RejectReason Reason);

public interface IMatchingEngine
{
    /// <summary>Carries a command out and tells all that happened, in order. The list is read before the next call.</summary>
    IReadOnlyList<EngineEvent> Process(Command command);

    /// <summary>The best prices and what is visible at them; 0 and 0 for an empty side.</summary>
    (long BidPrice, long BidQuantity, long AskPrice, long AskQuantity) Top(string symbol);

    /// <summary>How often and how much was traded in a symbol, and the last price.</summary>
    (long Trades, long Quantity, long LastPrice) Statistics(string symbol);
}

public static class Limits
{
    public const long LargestQuantity = 1_000_000;
    public const long LargestPrice = 10_000_000;
    public const int OpenOrdersOfAMember = 500;
}
