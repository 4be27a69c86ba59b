using System.Security.Cryptography;
using System.Text;
using Godwit.Durable;
using Godwit.Guardian;

namespace Godwit.Agents;

/// <summary>Judges the shell lines that a program's models ask for, before the program is given them.</summary>
/// <param name="gatekeeper">The rules.</param>
/// <param name="reviewer">Decides on what a rule asks about; null for nobody.</param>
/// <param name="steering">What people have said.</param>
/// <param name="task">The program's task.</param>
/// <param name="budget">What reviews are booked on.</param>
/// <param name="attempt">The step that the program is.</param>
/// <param name="broken">Ends the program when too much was denied to it.</param>
internal sealed class ProgramGuard(
    Gatekeeper gatekeeper, ActionReviewer? reviewer, Steering steering, AgentTask task, IBudget budget, Attempt attempt,
    CancellationTokenSource broken)
{
    /// <summary>Why a program was ended.</summary>
    public const string Broken = "the guardian denied too many of its actions: three in a row, or ten of fifty";

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(200);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _asked = new(StringComparer.Ordinal);
    private readonly List<bool> _denials = [];

    /// <summary>What is against a line; null for nothing.</summary>
    public async Task<string?> RefusalAsync(string line, CancellationToken cancellation)
    {
        var decision = await gatekeeper.DecideAsync(ProposedAction.Running(line), cancellation);
        if (decision.Verdict != Verdict.Ask)
        {
            return decision.Verdict == Verdict.Allow ? null : decision.AsRefusal();
        }

        if (reviewer is null)
        {
            return $"{decision.AsRefusal()}; a person would have to be asked, and a program can't wait for one";
        }

        var verdict = await ReviewAsync(reviewer, line, decision, cancellation);
        return verdict.Outcome switch
        {
            ReviewOutcome.Allow => null,
            ReviewOutcome.Deny => $"the guardian denied it: {verdict.Rationale} Don't try it in another way; do without.",
            _ => $"{decision.AsRefusal()}; no verdict came ({verdict.Rationale})",
        };
    }

    private async Task<ReviewVerdict> ReviewAsync(ActionReviewer model, string line, Decision decision, CancellationToken cancellation)
    {
        // After a crash the same line has the same key, and its verdict is the journal's.
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(line)))[..16];
        int times;
        lock (_gate)
        {
            _asked[hash] = times = _asked.GetValueOrDefault(hash) + 1;
        }

        // By the line and not by the order: programs ask several things at once, and a recording is played by this number.
        var number = (int)(Convert.ToUInt32(hash[..7], 16) & 0x3FFFFFF) + times;
        var action = new ReviewedAction("shell", line, decision.Effects, decision.Rule, decision.Reason);
        ReviewVerdict verdict;

        // The call whose answer this is part of still holds its money and its place with the provider: a wait for either mustn't be without end.
        using var late = new CancellationTokenSource(LongestWait, attempt.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            verdict = await model.ReviewAsync(
                task.Name, task.Goal, steering.SaidByPeople(task.Name), number, action,
                (tries, request) => attempt.PaidAsync(
                    $"review/{hash}/{times}/{tries}", model.WorstCase(request), budget, action,
                    (call, ending) => model.AskAsync(request, call, attempt.Time, ending), either.Token));
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            verdict = new ReviewVerdict(ReviewOutcome.TimedOut, null, null, $"no verdict came within {LongestWait.TotalSeconds:0} s");
        }

        lock (_gate)
        {
            if (verdict.Outcome is ReviewOutcome.Allow or ReviewOutcome.Deny)
            {
                _denials.Add(verdict.Outcome == ReviewOutcome.Deny);
            }

            if (ReviewVerdict.Breaks(_denials))
            {
                broken.Cancel();
            }
        }

        return verdict;
    }
}
