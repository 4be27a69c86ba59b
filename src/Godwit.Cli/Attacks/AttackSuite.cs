using Godwit.Sandbox;

namespace Godwit.Cli.Attacks;

/// <summary>An attack and what it came to.</summary>
/// <param name="Name">Its name, its area first.</param>
/// <param name="Promise">What it tried to break.</param>
/// <param name="Outcome">How it ended.</param>
internal sealed record AttackReport(string Name, string Promise, AttackOutcome Outcome);

/// <summary>Tries for real what <c>docs/security.md</c> promises can't be done.</summary>
internal static class AttackSuite
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    /// <summary>Every attack.</summary>
    public static IReadOnlyList<Attack> All { get; } =
        [.. SandboxAttacks.All, .. ProxyAttacks.All, .. TreeAttacks.All, .. RecordAttacks.All, .. CentreAttacks.All];

    /// <summary>Carries attacks out, one after another.</summary>
    /// <param name="attacks">Which.</param>
    /// <param name="kind">How commands are kept apart.</param>
    /// <param name="cancellation">Ends them.</param>
    public static async IAsyncEnumerable<AttackReport> RunAsync(
        IEnumerable<Attack> attacks, SandboxKind kind, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var ground = new AttackGround(kind);

        // A sandbox that can't be made at all would stop every attack.
        if (kind != SandboxKind.None)
        {
            await ground.Sandbox.RequireAsync(ground.NewTree(), cancellation);
        }

        var notHeld = ground.Sandbox.NotHeld;
        foreach (var attack in attacks)
        {
            using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            late.CancelAfter(Longest);
            AttackOutcome outcome;
            try
            {
                outcome = await attack.RunAsync(ground, late.Token);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                outcome = AttackOutcome.Through($"it held Godwit up for {Longest.TotalSeconds:0} s");
            }

            yield return new AttackReport(
                attack.Name, attack.Promise,
                outcome.Verdict == AttackVerdict.Through && attack.Needs is { } needs && notHeld.ContainsKey(needs)
                    ? outcome with { Verdict = AttackVerdict.NotHeld } : outcome);
        }
    }
}
