using Matching.Contract;

namespace Matching.Harness;

/// <summary>What members do: shares of the commands, how many symbols there are, and how far prices stray.</summary>
internal sealed record Mix(int Symbols, int Members, double Cancel, double Replace, double Market, double Iceberg, double Mistake, int Spread, double Immediate = 0.05, double FillOrKill = 0.02)
{
    public static Mix Main { get; } = new(Symbols: 8, Members: 40, Cancel: 0.30, Replace: 0.12, Market: 0.06, Iceberg: 0.10, Mistake: 0.01, Spread: 40);
}

/// <summary>A seeded stream of commands around a price that wanders.</summary>
internal sealed class Workload(ulong seed, Mix mix)
{
    private readonly Random _random = new((int)(seed % int.MaxValue));
    private readonly long[] _middle = [.. Enumerable.Range(0, mix.Symbols).Select(symbol => 10_000L + 500 * symbol)];
    private readonly string[] _symbols = [.. Enumerable.Range(0, mix.Symbols).Select(symbol => $"SYM{symbol:000}")];
    private readonly string[] _members = [.. Enumerable.Range(0, mix.Members).Select(member => $"member-{member}")];
    private readonly List<Command> _open = [];
    private long _next;

    public IReadOnlyList<string> Symbols => _symbols;

    public Command[] Take(int count) => [.. Enumerable.Range(0, count).Select(_ => Next())];

    private Command Next()
    {
        var draw = _random.NextDouble();
        if (_open.Count > 200 && draw < mix.Cancel + mix.Replace)
        {
            var at = _random.Next(_open.Count);
            var order = _open[at];
            if (draw < mix.Cancel)
            {
                _open[at] = _open[^1];
                _open.RemoveAt(_open.Count - 1);
                return order with { Kind = CommandKind.Cancel, Member = Mistaken() ? "somebody" : order.Member };
            }

            var replaced = order with
            {
                Kind = CommandKind.Replace,
                Price = _random.Next(2) == 0 ? order.Price : Price(order.Symbol, order.Side),
                Quantity = Math.Max(1, order.Quantity + _random.Next(-20, 10)),
            };
            _open[at] = replaced with { Kind = CommandKind.Limit };
            return replaced;
        }

        var symbol = _random.Next(_symbols.Length);
        _middle[symbol] = Math.Max(mix.Spread * 4, _middle[symbol] + _random.Next(-1, 2));
        var side = _random.Next(2) == 0 ? Side.Buy : Side.Sell;
        var quantity = 1 + _random.Next(100);
        var member = _members[_random.Next(_members.Length)];
        if (_random.NextDouble() < mix.Market)
        {
            return new Command(CommandKind.Market, _symbols[symbol], ++_next, member, side, 0, quantity, 0);
        }

        var display = _random.NextDouble() < mix.Iceberg ? 1 + quantity / 5 : 0;
        var limit = new Command(CommandKind.Limit, _symbols[symbol], ++_next, member, side, Price(_symbols[symbol], side), quantity, display);
        if (Mistaken())
        {
            return _random.Next(5) switch
            {
                0 => limit with { Quantity = -3 },
                1 => limit with { Price = 0 },
                2 => limit with { Display = quantity + 1 },
                3 => limit with { Price = limit.Price * 2 },
                _ => limit with { OrderId = Math.Max(1, _next - 5) },
            };
        }

        // Some cross the middle, and trade at once or not at all; they are never open.
        var force = _random.NextDouble();
        if (force < mix.Immediate + mix.FillOrKill)
        {
            return limit with
            {
                Price = Math.Max(1, limit.Price + (side == Side.Buy ? mix.Spread / 8 : -mix.Spread / 8)),
                Force = force < mix.Immediate ? TimeInForce.ImmediateOrCancel : TimeInForce.FillOrKill,
            };
        }

        _open.Add(limit);
        return limit;
    }

    private bool Mistaken() => _random.NextDouble() < mix.Mistake;

    private long Price(string symbol, Side side)
    {
        // Most stand near the middle on their own side; some cross it.
        var middle = _middle[Array.IndexOf(_symbols, symbol)];
        var away = (long)(mix.Spread * Math.Pow(_random.NextDouble(), 2)) - mix.Spread / 10;
        return Math.Max(1, side == Side.Buy ? middle - away : middle + away);
    }
}
