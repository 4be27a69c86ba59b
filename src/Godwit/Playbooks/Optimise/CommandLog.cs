using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Verification;

namespace Godwit.Playbooks.Optimise;

/// <summary>A command that was carried out, and for what.</summary>
/// <param name="Trial">The trial; 0 for the base, -1 for a finalist that is being proven.</param>
/// <param name="Command">The command and how it ended.</param>
/// <param name="At">When its result was journaled.</param>
public sealed record LoggedCommand(int Trial, CommandRecord Command, DateTimeOffset At);

/// <summary>Reads the commands that checked and measured the base and every trial out of a journal.</summary>
public static class CommandLog
{
    /// <summary>Stands for a finalist, whatever trial it came from.</summary>
    public const int Finalist = -1;

    private static readonly HashSet<string> Hosts =
        new(StringComparer.Ordinal) { "optimise", "optimise/calibrate", "optimise/screen", "optimise/attempt", "compare" };

    /// <summary>All of them, in order.</summary>
    public static IEnumerable<LoggedCommand> Read(JournalReader reader)
    {
        var processes = new HashSet<long>();
        foreach (var entry in reader.After(0, EntryKind.ProcessStarted, EntryKind.StepCompleted))
        {
            if (entry.Kind == EntryKind.ProcessStarted)
            {
                if (EntryInfo.Of(entry).Playbook is { } playbook && Hosts.Contains(playbook))
                {
                    processes.Add(entry.Process);
                }
            }
            else if (processes.Contains(entry.Process))
            {
                foreach (var (trial, command) in Commands(entry))
                {
                    yield return new LoggedCommand(trial, command, entry.At);
                }
            }
        }
    }

    private static IEnumerable<(int Trial, CommandRecord Command)> Commands(Entry entry)
    {
        var key = entry.Key.Split('/');
        var trial = key is ["trial", var number, ..] && int.TryParse(number, out var parsed) ? parsed : key[0] == "base" ? 0 : Finalist;
        return key switch
        {
            [.., "check"] => Of(trial, Canonical.Deserialize<CheckResult>(entry.Data.Span).Commands),
            [.., "look"] or [.., "measure", _] or ["unreadable", "measure"] =>
                Of(trial, Canonical.Deserialize<Measurement>(entry.Data.Span).Commands),
            ["calibrate" or "confirm" or "holdout" or "ablate" or "compare", ..] =>
                Of(Canonical.Deserialize<Pair>(entry.Data.Span), key[0] == "calibrate"),
            _ => [],
        };
    }

    private static IEnumerable<(int, CommandRecord)> Of(Pair pair, bool ofBase) =>
        Of(0, pair.Base.Commands).Concat(Of(ofBase ? 0 : Finalist, pair.Candidate.Commands));

    private static IEnumerable<(int, CommandRecord)> Of(int trial, IReadOnlyList<CommandRecord>? commands) =>
        (commands ?? []).Select(command => (trial, command));
}
