using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Verification;

namespace Godwit.Playbooks.Measuring;

/// <summary>Finds the commands that checked and measured the base and every trial in a journal's entries, given in their order.</summary>
internal sealed class CommandLog
{
    private const string Base = "base";
    private const string Finalist = "finalist";

    private static readonly HashSet<string> Measuring =
        new(StringComparer.Ordinal) { "optimise", "optimise/calibrate", "optimise/screen", "optimise/attempt", "compare" };

    private readonly HashSet<long> _processes = [];

    /// <summary>The commands of an entry, each with what it was for.</summary>
    public IEnumerable<(string Of, CommandRecord Command)> In(Entry entry)
    {
        switch (entry.Kind)
        {
            case EntryKind.ProcessStarted when EntryInfo.Of<EntryInfo.Started>(entry).Playbook is { } playbook && Measuring.Contains(playbook):
                _processes.Add(entry.Process);
                return [];
            case EntryKind.StepCompleted when _processes.Contains(entry.Process):
                return Commands(entry);
            default:
                return [];
        }
    }

    private static IEnumerable<(string Of, CommandRecord Command)> Commands(Entry entry)
    {
        var key = entry.Key.Split('/');
        var of = key switch
        {
            ["trial", var number, ..] when int.TryParse(number, out _) => $"trial-{number}",
            [Base, ..] => Base,
            _ => Finalist,
        };
        return key switch
        {
            [.., "check"] => All(of, Canonical.Deserialize<CheckResult>(entry.Data.Span).Commands),
            [.., "look"] or [.., "measure", _] or ["unreadable", "measure"] =>
                All(of, Canonical.Deserialize<Measurement>(entry.Data.Span).Commands),
            ["calibrate" or "confirm" or "holdout" or "ablate" or "compare", ..] =>
                All(Canonical.Deserialize<Pair>(entry.Data.Span), key[0] == "calibrate"),
            _ => [],
        };
    }

    private static IEnumerable<(string, CommandRecord)> All(Pair pair, bool ofBase) =>
        All(Base, pair.Base.Commands).Concat(All(ofBase ? Base : Finalist, pair.Candidate.Commands));

    private static IEnumerable<(string, CommandRecord)> All(string of, IReadOnlyList<CommandRecord>? commands) =>
        (commands ?? []).Select(command => (of, command));
}
