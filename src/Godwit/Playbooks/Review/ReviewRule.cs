using Godwit.Playbooks.Build;

namespace Godwit.Playbooks.Review;

/// <summary>Decides whether a finding keeps a change from being merged: by what was seen, and never by the reviewer's words alone.</summary>
internal static class ReviewRule
{
    /// <summary>How often a reproduction is run on each side.</summary>
    public const int Runs = 3;

    /// <summary>
    /// Whether a second reviewer has to confirm a finding before it can block: what it is about is new, or its command can't be carried
    /// out without the change, so that there is nothing that it could pass on. A command that runs without the change, and fails there too,
    /// shows what was there before.
    /// </summary>
    /// <param name="finding">The finding.</param>
    /// <param name="change">The change.</param>
    /// <param name="shown">What its reproduction showed; null where it has none.</param>
    public static bool NeedsConfirming(Finding finding, Harvest change, Reproduction? shown) =>
        finding.Priority is Priority.P0 or Priority.P1
            && shown is { AlwaysFailsAtTip: true, AlwaysPassesAtBase: false }
            && finding.Cites.Length > 0
            && change.Files.Contains(finding.File)
            && (change.New.Contains(finding.File) || shown.AtBase.All(code => code is 126 or 127));

    /// <summary>Whether a finding blocks, and why.</summary>
    /// <param name="finding">The finding.</param>
    /// <param name="change">The change.</param>
    /// <param name="shown">What its reproduction showed; null where it has none.</param>
    /// <param name="confirmed">What a second reviewer said where <see cref="NeedsConfirming"/>; null where none was asked.</param>
    public static (bool Blocks, string Reason) Decide(
        Finding finding, Harvest change, Reproduction? shown, bool? confirmed)
    {
        if (finding.Priority is Priority.P2 or Priority.P3)
        {
            return (false, $"{finding.Priority} goes to the list");
        }

        return shown switch
        {
            null => (false, "nothing shows it"),
            { AlwaysFailsAtTip: true, AlwaysPassesAtBase: true } => (true, "its command passes without the change and fails with it, each time"),
            _ when NeedsConfirming(finding, change, shown) => confirmed == true
                ? (true, $"its command fails with the change each time, a second reviewer confirms it, and it breaks: {finding.Cites}")
                : (false, "its command can't pass without the change either, and " +
                    (confirmed is null ? "no second reviewer confirms it" : "a second reviewer denies it")),
            { AlwaysFailsAtTip: true } => (false, "its command fails without the change too: it was there before, or shows something else"),
            _ when shown.AtTip.Any(code => code is 126 or 127) => (false, "its command can't be carried out"),
            _ when shown.AtTip.All(code => code == 0) => (false, "its command passes with the change"),
            _ => (false, "its command fails with the change only now and then: a flake"),
        };
    }
}
