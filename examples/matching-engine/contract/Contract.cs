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

public enum TimeInForce
{
    /// <summary>What can't trade at once rests in the book.</summary>
    Day,

    /// <summary>What can't trade at once is dropped.</summary>
    ImmediateOrCancel,

    /// <summary>All of it trades at once, or it is rejected.</summary>
    FillOrKill,
}

/// <summary>What a member of the exchange asks for. Prices are in ticks; Force is for limit orders.</summary>
public sealed record Command(CommandKind Kind, string Symbol, long OrderId, string Member, Side Side, long Price, long Quantity, long Display, TimeInForce Force = TimeInForce.Day);

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

    /// <summary>The price is too far from the median of the symbol's last trades.</summary>
    PriceOutOfBand,

    /// <summary>If all of it traded, the member would hold or owe too much.</summary>
    PositionLimit,

    NoLiquidity,

    /// <summary>A fill-or-kill order that can't be filled.</summary>
    NotFillable,
}

/// <summary>What has happened. For a trade OrderId is the resting order and OtherId the incoming one.</summary>
public sealed record EngineEvent(EventKind Kind, string Symbol, long OrderId, long OtherId, long Price, long Quantity, long Remaining, RejectReason Reason);

/// <summary>A price of the book: what is visible there, and of how many orders.</summary>
public sealed record DepthLevel(long Price, long Visible, int Orders);

/// <summary>Prices and quantity of some trades in a row.</summary>
public sealed record Bar(long Open, long High, long Low, long Close, long Quantity);

public interface IMatchingEngine
{
    /// <summary>Carries a command out and tells all that happened, in order. The list is read before the next call.</summary>
    IReadOnlyList<EngineEvent> Process(Command command);

    /// <summary>The best prices and what is visible at them; 0 and 0 for an empty side.</summary>
    (long BidPrice, long BidQuantity, long AskPrice, long AskQuantity) Top(string symbol);

    /// <summary>How often and how much was traded in a symbol, and the last price.</summary>
    (long Trades, long Quantity, long LastPrice) Statistics(string symbol);

    /// <summary>The best prices of a side, the best first.</summary>
    IReadOnlyList<DepthLevel> Depth(string symbol, Side side, int levels);

    /// <summary>What a member has bought and sold in a symbol.</summary>
    (long Bought, long Sold) Position(string symbol, string member);

    /// <summary>A bar for every <see cref="Limits.TradesOfABar"/> trades, the oldest first; the last one may have fewer.</summary>
    IReadOnlyList<Bar> Bars(string symbol);

    /// <summary>
    /// The last lines of the audit trail, the oldest first: "number kind symbol order member: event (count)", where number counts
    /// the engine's commands from 1, event is the kind of the first event, followed by the reason where it is a rejection, and
    /// count how many events there were. At most <see cref="Limits.AuditLines"/> are kept.
    /// </summary>
    IReadOnlyList<string> Audit(int lines);
}

public static class Limits
{
    public const long LargestQuantity = 1_000_000;
    public const long LargestPrice = 10_000_000;
    public const int OpenOrdersOfAMember = 500;

    /// <summary>How far a price may be from the median of the last trades, in hundredths of that.</summary>
    public const int BandPercent = 10;

    /// <summary>How many of the last trades that median is of.</summary>
    public const int BandTrades = 21;

    /// <summary>The most that a member may hold or owe of a symbol.</summary>
    public const long LargestPosition = 1_000;

    public const int TradesOfABar = 50;
    public const int AuditLines = 1_000;
}
