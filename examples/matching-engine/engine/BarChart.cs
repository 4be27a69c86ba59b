using Matching.Contract;

namespace Matching.Engine;

/// <summary>
/// Open, high, low and close of every so many trades, for the charts.
/// </summary>
public class BarChart
{
    private readonly TradeHistory _history;

    public BarChart(TradeHistory history)
    {
        _history = history;
    }

    public IReadOnlyList<Bar> Bars()
    {
        return _history.Trades
            .Select((trade, index) => new { Trade = trade, Number = index / Limits.TradesOfABar })
            .GroupBy(pair => pair.Number)
            .OrderBy(group => group.Key)
            .Select(group => BarOf(group.Select(pair => pair.Trade)))
            .ToList()
            .AsReadOnly();
    }

    private static Bar BarOf(IEnumerable<TradeRecord> trades)
    {
        return new Bar(
            trades.First().Price,
            trades.Max(trade => trade.Price),
            trades.Min(trade => trade.Price),
            trades.Last().Price,
            trades.Sum(trade => trade.Quantity));
    }
}
