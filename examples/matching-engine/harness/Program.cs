using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Matching.Contract;
using Matching.Harness;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string? Option(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
var seed = ulong.Parse(Option("--seed") ?? "1");
var mix = Option("--mix") is { } file ? JsonSerializer.Deserialize<Mix>(File.ReadAllText(file))! : Mix.Main;

switch (args.FirstOrDefault())
{
    case "check":
        return Check.Run(seed);
    case "challenge":
        return Bench.Challenge(mix, int.Parse(Option("--commands") ?? "4000"));
    case "bench":
        return Bench.Run(mix, seed, int.Parse(Option("--commands") ?? "12000"));
    default:
        Console.Error.WriteLine("usage: check | challenge [--mix FILE] [--commands N] | bench [--mix FILE] [--seed N] [--commands N]");
        return 2;
}

/// <summary>
/// How many commands a second the engine takes. <c>challenge</c> is what Godwit times; <c>bench</c> tells a person or an agent the same in one figure.
/// </summary>
internal static class Bench
{
    private const int Compared = 3_000;

    // Market data, charts and the risk desk look in between so many commands.
    private const int Asked = 25;

    public static int Run(Mix mix, ulong seed, int count)
    {
        var workload = new Workload(seed, mix);
        var commands = workload.Take(count);
        WarmUp(mix, count, seed + 1);
        var engine = new Matching.Engine.MatchingEngine();
        var start = Stopwatch.GetTimestamp();
        var sum = Process(engine, commands);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var mismatches = Mismatches(commands);
        var trades = workload.Symbols.Sum(symbol => engine.Statistics(symbol).Trades);
        Console.WriteLine($"METRIC commands_s={count / seconds:0.0} commands/s");
        Console.WriteLine($"METRIC trades={trades}");
        Console.WriteLine($"METRIC mismatches={mismatches}");
        Console.Error.WriteLine($"checksum {sum:x16}");
        return 0;
    }

    /// <summary>Answers each seed with what a fresh engine makes of that seed's commands.</summary>
    public static int Challenge(Mix mix, int count)
    {
        WarmUp(mix, count, 1);
        Console.WriteLine("READY");
        while (Console.ReadLine() is { } seed)
        {
            Console.WriteLine($"ANSWER {Process(new Matching.Engine.MatchingEngine(), new Workload(ulong.Parse(seed), mix).Take(count)):x16}");
        }

        return 0;
    }

    private static void WarmUp(Mix mix, int count, ulong seed)
    {
        var warm = new Matching.Engine.MatchingEngine();
        foreach (var command in new Workload(seed, mix).Take(Math.Min(count, 4000)))
        {
            warm.Process(command);
        }

        GC.Collect();
    }

    private static ulong Process(IMatchingEngine engine, Command[] commands)
    {
        ulong sum = 0;
        for (var number = 0; number < commands.Length; number++)
        {
            sum = Fold(sum, engine.Process(commands[number]));
            if (number % Asked == 0)
            {
                sum = Ask(engine, commands[number], sum);
            }
        }

        return sum;
    }

    /// <summary>The same commands once more, beside the reference; the seed is one that no candidate could know.</summary>
    private static int Mismatches(Command[] commands)
    {
        var (engine, reference) = (new Matching.Engine.MatchingEngine(), new Reference());
        return commands.Take(Compared).Count(command => !engine.Process(command).SequenceEqual(reference.Process(command)));
    }

    private static ulong Ask(IMatchingEngine engine, Command command, ulong sum)
    {
        var depth = engine.Depth(command.Symbol, command.Side, 5);
        var (bought, sold) = engine.Position(command.Symbol, command.Member);
        return sum + (ulong)depth.Sum(level => level.Price * level.Visible + level.Orders) + (ulong)(bought - sold) + (ulong)engine.Bars(command.Symbol).Sum(bar => bar.High - bar.Low) + (ulong)engine.Audit(3)[0].Length;
    }

    private static ulong Fold(ulong sum, IReadOnlyList<EngineEvent> events)
    {
        for (var index = 0; index < events.Count; index++)
        {
            var happened = events[index];
            sum = (sum ^ (ulong)happened.OrderId) * 1_099_511_628_211 + (ulong)happened.Quantity + ((ulong)happened.Kind << 40) + (ulong)happened.Price;
        }

        return sum;
    }
}

/// <summary>The engine against the reference, event by event, and properties that hold whatever is asked.</summary>
internal static class Check
{
    private const int PagesEvery = 5;

    public static int Run(ulong seed)
    {
        Mix[] mixes =
        [
            Mix.Main,
            new Mix(Symbols: 1, Members: 2, Cancel: 0.1, Replace: 0.3, Market: 0.1, Iceberg: 0.5, Mistake: 0.05, Spread: 6),
            // One member whose orders pile up until there are too many.
            new Mix(Symbols: 1, Members: 1, Cancel: 0.02, Replace: 0.02, Market: 0.0, Iceberg: 0.0, Mistake: 0.02, Spread: 400),
            new Mix(Symbols: 2, Members: 5, Cancel: 0.2, Replace: 0.2, Market: 0.3, Iceberg: 0.3, Mistake: 0.1, Spread: 12),
        ];
        for (var round = 0; round < 8; round++)
        {
            var mix = mixes[round % mixes.Length];
            var workload = new Workload(seed * 1000 + (ulong)round, mix);
            if (Compare(workload, mix) is { } difference)
            {
                Console.Error.WriteLine($"round {round}: {difference}");
                return 1;
            }
        }

        Console.WriteLine("8 rounds agree with the reference");
        return 0;
    }

    /// <summary>What others see of the engine, beside what they should.</summary>
    private static string? Pages(IMatchingEngine engine, IMatchingEngine reference, Command command)
    {
        if (engine.Position(command.Symbol, command.Member) != reference.Position(command.Symbol, command.Member))
        {
            return $"the position of {command.Member} in {command.Symbol} is {engine.Position(command.Symbol, command.Member)}, and should be {reference.Position(command.Symbol, command.Member)}";
        }

        if (!engine.Depth(command.Symbol, command.Side, 4).SequenceEqual(reference.Depth(command.Symbol, command.Side, 4)))
        {
            return $"the depth of {command.Symbol} is {string.Join(", ", engine.Depth(command.Symbol, command.Side, 4))}, and should be {string.Join(", ", reference.Depth(command.Symbol, command.Side, 4))}";
        }

        if (!engine.Bars(command.Symbol).SequenceEqual(reference.Bars(command.Symbol)))
        {
            return $"the bars of {command.Symbol} differ";
        }

        return engine.Audit(1).SequenceEqual(reference.Audit(1)) ? null : $"the audit trail says '{engine.Audit(1).FirstOrDefault()}', and should say '{reference.Audit(1)[0]}'";
    }

    private static string? Compare(Workload workload, Mix mix)
    {
        var (engine, reference) = (new Matching.Engine.MatchingEngine(), new Reference());
        long entered = 0;
        var number = 0;
        foreach (var command in workload.Take(2500))
        {
            number++;
            var (got, wanted) = (engine.Process(command), reference.Process(command));
            if (!got.SequenceEqual(wanted))
            {
                var at = got.Zip(wanted).TakeWhile(pair => pair.First == pair.Second).Count();
                return $"command {number} ({command}): event {at + 1} is {got.ElementAtOrDefault(at)?.ToString() ?? "missing"}, and should be {wanted.ElementAtOrDefault(at)?.ToString() ?? "nothing"}";
            }

            var top = engine.Top(command.Symbol);
            if (top != reference.Top(command.Symbol))
            {
                return $"after command {number} the top of {command.Symbol} is {top}, and should be {reference.Top(command.Symbol)}";
            }

            if (top.BidPrice > 0 && top.AskPrice > 0 && top.BidPrice >= top.AskPrice)
            {
                return $"after command {number} the book of {command.Symbol} is crossed: {top}";
            }

            if (engine.Statistics(command.Symbol) != reference.Statistics(command.Symbol))
            {
                return $"after command {number} the statistics of {command.Symbol} are {engine.Statistics(command.Symbol)}, and should be {reference.Statistics(command.Symbol)}";
            }

            if (number % PagesEvery == 0 && Pages(engine, reference, command) is { } page)
            {
                return $"after command {number} {page}";
            }

            entered += got.Where(happened => happened.Kind == EventKind.Traded).Sum(happened => happened.Quantity);
        }

        if (!engine.Audit(Limits.AuditLines + 1).SequenceEqual(reference.Audit(Limits.AuditLines + 1)))
        {
            return "the last lines of the audit trail differ";
        }

        var traded = workload.Symbols.Sum(symbol => engine.Statistics(symbol).Quantity);
        return entered == traded ? null : $"{entered} were traded in events and {traded} in the statistics";
    }
}
