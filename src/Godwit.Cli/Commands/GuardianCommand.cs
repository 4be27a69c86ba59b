using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Godwit.Agents;
using Godwit.Durable.Journal;
using Godwit.Guardian;
using Godwit.Runs;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit guardian</c>: how the rules judge commands.</summary>
internal static class GuardianCommand
{
    private const int HashLength = 16;

    // The 97.5 % point of the normal distribution, for two-sided intervals of 95 %.
    private const double Quantile = 1.959964;

    public static Command Create()
    {
        var corpus = new Argument<string>("corpus") { Description = "A file with a JSON object a line: {label, family, command}." };
        var labels = new Option<string?>("--labels")
        {
            Description = $"Finer labels: a line each with the first {HashLength} digits of a command's SHA-256, a tab, and its label.",
        };
        var list = new Option<string?>("--list")
        {
            Description = "Print the commands of a label with how each was judged, such as malicious, instead of the table.",
        };
        var json = CommandGuard.JsonOption();
        var test = new Command(
            "test", "Judge a corpus of commands as an agent's, and print how often each verdict falls, by label and family.")
        {
            corpus, labels, list, json,
        };
        test.SetGuardedAction(async (parsed, cancellation) =>
        {
            var judged = await JudgeAsync(Rules(), Read(parsed.GetValue(corpus)!, parsed.GetValue(labels)), cancellation);
            if (parsed.GetValue(list) is { } label)
            {
                List(judged, label);
            }
            else if (parsed.GetValue(json))
            {
                CommandGuard.PrintJson(judged.GroupBy(row => row.Row.Label)
                    .Select(group => new { Label = group.Key, Verdicts = Counts(group) }));
            }
            else
            {
                Print(judged);
            }

            return ExitCode.Ok;
        });
        return new Command("guardian", "Try the rules that commands of agents pass.") { Explain(), Replay(), test };
    }

    private static Command Explain()
    {
        var line = new Argument<string>("line") { Description = "A shell line, as one word." };
        var json = CommandGuard.JsonOption();
        var explain = new Command("explain", "Say what a shell line of an agent would do, and how the rules judge it.") { line, json };
        explain.SetGuardedAction(async (parsed, cancellation) =>
        {
            var gatekeeper = Rules();
            var action = ProposedAction.Running(parsed.GetValue(line)!);
            var decision = await gatekeeper.DecideAsync(action, cancellation);
            if (parsed.GetValue(json))
            {
                CommandGuard.PrintJson(new
                {
                    Verdict = decision.Verdict.ToString().ToLowerInvariant(), decision.Rule, decision.Reason, decision.Effects, Gatekeeper.Parser,
                });
                return ExitCode.Ok;
            }

            foreach (var effect in decision.Effects)
            {
                Console.WriteLine(effect);
            }

            Console.WriteLine(decision.Verdict == Verdict.Allow
                ? $"allow{(decision.Effects.Count == 0 ? ": nothing beyond the tree" : "")}"
                : $"{decision.Verdict.ToString().ToLowerInvariant()} by rule '{decision.Rule}': {decision.Reason}");
            return ExitCode.Ok;
        });
        return explain;
    }

    private static Command Replay()
    {
        var run = RunArgument.Create();
        var rules = new Option<string?>("--rules")
        {
            Description = "A file of rules that is laid over the built-in ones; your own if left out.",
        };
        var json = CommandGuard.JsonOption();
        var replay = new Command(
            "replay", "Judge again what the agents of a run wanted to do, and print what would be judged otherwise.")
        {
            run, rules, json,
        };
        replay.SetGuardedAction((parsed, _) =>
        {
            if (parsed.GetValue(rules) is { } missing && !File.Exists(missing))
            {
                throw new UsageException($"there is no file {missing}");
            }

            var gatekeeper = parsed.GetValue(rules) is { } file ? Gatekeeper.Load(file) : Rules();
            using var reader = JournalReader.OpenVerified(RunStore.OfUser().Find(parsed.GetValue(run)!));
            var judged = GuardianReplay.Judge(reader, gatekeeper);
            var changed = judged.Where(action => action.Then != action.Now.Verdict).ToList();
            if (parsed.GetValue(json))
            {
                CommandGuard.PrintJson(judged.Select(action => new
                {
                    action.Agent, action.Tool, action.Arguments,
                    Then = action.Then.ToString().ToLowerInvariant(), action.ThenBy, Review = action.Review?.Outcome,
                    Now = action.Now.Verdict.ToString().ToLowerInvariant(), NowBy = action.Now.Rule, action.Now.Effects,
                }));
                return Task.FromResult(ExitCode.Ok);
            }

            foreach (var action in changed)
            {
                Console.WriteLine(
                    $"{action.Agent}: {action.Then.ToString().ToLowerInvariant()} -> {action.Now.Verdict.ToString().ToLowerInvariant()} " +
                    $"(rule '{action.Now.Rule}')  {action.Tool} {action.Arguments.ReplaceLineEndings("\\n")}");
            }

            Console.WriteLine($"{judged.Count} actions, {changed.Count} judged otherwise");
            return Task.FromResult(ExitCode.Ok);
        });
        return replay;
    }

    private static Gatekeeper Rules()
    {
        return Gatekeeper.Load(RunStore.OfUser().RuleFiles);
    }

    private static List<CorpusRow> Read(string corpus, string? labels)
    {
        var finer = labels is null ? [] : ReadLabels(labels);
        var rows = new List<CorpusRow>();
        var number = 0;
        foreach (var line in Lines(corpus))
        {
            number++;
            try
            {
                using var read = JsonDocument.Parse(line);
                var (label, command) = (Text("label"), Text("command"));
                var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(command)))[..HashLength];
                rows.Add(new CorpusRow(finer.GetValueOrDefault(hash, label), Text("family"), command));

                string Text(string name) => read.RootElement.GetProperty(name).GetString() ?? "";
            }
            catch (Exception odd) when (odd is JsonException or KeyNotFoundException or InvalidOperationException)
            {
                throw new UsageException($"{corpus}:{number}: a line must be a JSON object with the texts label, family and command");
            }
        }

        return rows.Count > 0 ? rows : throw new UsageException($"{corpus} has no commands");
    }

    private static Dictionary<string, string> ReadLabels(string file)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        var number = 0;
        foreach (var line in Lines(file))
        {
            number++;
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            if (line.Split('\t') is not [{ Length: HashLength } hash, { Length: > 0 } label])
            {
                throw new UsageException($"{file}:{number}: a line must be {HashLength} digits, a tab and a label");
            }

            if (!labels.TryAdd(hash, label))
            {
                throw new UsageException($"{file}:{number}: {hash} has a label already; leave one out");
            }
        }

        return labels;
    }

    private static IEnumerable<string> Lines(string file) =>
        File.Exists(file) ? File.ReadLines(file) : throw new UsageException($"there is no file {file}");

    private static async Task<List<Judged>> JudgeAsync(Gatekeeper gatekeeper, List<CorpusRow> rows, CancellationToken cancellation)
    {
        var judged = new List<Judged>(rows.Count);

        // The first decision pays for reading the rules' code.
        await gatekeeper.DecideAsync(ProposedAction.Running("true"), cancellation);
        foreach (var row in rows)
        {
            var start = Stopwatch.GetTimestamp();
            var decision = await gatekeeper.DecideAsync(ProposedAction.Running(row.Command), cancellation);
            var first = Stopwatch.GetElapsedTime(start);
            start = Stopwatch.GetTimestamp();
            await gatekeeper.DecideAsync(ProposedAction.Running(row.Command), cancellation);
            judged.Add(new Judged(row, decision, first.TotalMilliseconds, Stopwatch.GetElapsedTime(start).TotalMilliseconds));
        }

        return judged;
    }

    private static Dictionary<string, int> Counts(IEnumerable<Judged> rows) =>
        rows.GroupBy(row => row.Decision.Verdict).ToDictionary(group => group.Key.ToString().ToLowerInvariant(), group => group.Count());

    private static void List(List<Judged> judged, string label)
    {
        var rows = judged.Where(row => row.Row.Label == label).ToList();
        if (rows.Count == 0)
        {
            var labels = judged.Select(row => row.Row.Label).Distinct().Order(StringComparer.Ordinal);
            throw new UsageException($"no command is labelled '{label}'; there are {string.Join(", ", labels)}");
        }

        foreach (var row in rows)
        {
            Console.WriteLine(
                $"{row.Decision.Verdict.ToString().ToLowerInvariant(),-5} {row.Decision.Rule,-20} {row.Row.Family,-12} " +
                row.Row.Command.ReplaceLineEndings("\\n"));
        }
    }

    private static void Print(List<Judged> judged)
    {
        Console.WriteLine($"{"label",-24} {"commands",8}  {"allowed",-22} {"asked",-22} {"denied",-22}");
        foreach (var group in judged.GroupBy(row => row.Row.Label).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            Line(group.Key, [.. group]);
        }

        Console.WriteLine();
        foreach (var group in judged.Where(row => row.Row.Label == "malicious").GroupBy(row => row.Row.Family)
            .OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            Line(group.Key, [.. group]);
        }

        Console.WriteLine($"\nlines are read by {Gatekeeper.Parser}");
        var (first, again) = (Times(judged.Select(row => row.Milliseconds)), Times(judged.Select(row => row.AgainMilliseconds)));
        Console.WriteLine($"a decision takes {first}, of a line that was judged before {again}");

        static string Times(IEnumerable<double> all)
        {
            var times = all.Order().ToList();
            return string.Create(CultureInfo.InvariantCulture,
                $"{times[times.Count / 2]:0.000} ms (median), {times[times.Count * 95 / 100]:0.000} ms (95 of 100)");
        }
    }

    private static void Line(string name, List<Judged> rows)
    {
        string Share(Verdict verdict)
        {
            var count = rows.Count(row => row.Decision.Verdict == verdict);
            var (low, high) = Wilson(count, rows.Count);
            return string.Create(CultureInfo.InvariantCulture,
                $"{count,4} {100.0 * count / rows.Count,5:0.0}% ({100 * low:0}-{100 * high:0})");
        }

        Console.WriteLine(
            $"{name,-24} {rows.Count,8}  {Share(Verdict.Allow),-22} {Share(Verdict.Ask),-22} {Share(Verdict.Deny),-22}".TrimEnd());
    }

    /// <summary>Wilson's interval of 95 % for a share (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927).</summary>
    private static (double Low, double High) Wilson(int count, int of)
    {
        var (share, square) = ((double)count / of, Quantile * Quantile);
        var middle = (share + (square / (2 * of))) / (1 + (square / of));
        var half = Quantile / (1 + (square / of)) * Math.Sqrt((share * (1 - share) / of) + (square / (4.0 * of * of)));
        return (Math.Max(0, middle - half), Math.Min(1, middle + half));
    }

    private sealed record CorpusRow(string Label, string Family, string Command);

    private sealed record Judged(CorpusRow Row, Decision Decision, double Milliseconds, double AgainMilliseconds);
}
