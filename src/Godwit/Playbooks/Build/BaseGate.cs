namespace Godwit.Playbooks.Build;

/// <summary>What has to be so before anything is built: the base is green by its checks, and red by each new assertion for its own reason.</summary>
internal static class BaseGate
{
    /// <summary>Asks the checks, and then the assertions; what should pass and doesn't is asked once more.</summary>
    /// <param name="goal">The goal.</param>
    /// <param name="commit">The base.</param>
    /// <param name="ask">Asks: a key of its own for each question, and the question.</param>
    public static async Task<(GateResult Checks, GateResult Acceptance)> AskAsync(
        BuildGoal goal, string commit, Func<string, GateRequest, Task<GateResult>> ask)
    {
        var all = new GateRequest("base", commit, BuildChecks.OfBase(goal));
        var checks = await ask("gate", all);
        if (checks.Refusal is { } refused)
        {
            var passed = checks.Checks.TakeWhile(check => check != refused).ToList();
            var again = await ask("gate/2", all with { Checks = [.. all.Checks.Skip(passed.Count)] });
            checks = again with { Checks = [.. passed, .. again.Checks], Commands = [.. checks.Commands, .. again.Commands] };
        }

        if (!checks.HasPassed)
        {
            return (checks, new GateResult("base", [], []));
        }

        var asked = goal.Acceptance.Where(assertion => !assertion.IsKept || assertion.IsHidden);
        var request = new GateRequest("base", commit, [.. asked.Select(BuildChecks.AsCheck)])
        {
            WithHidden = true,
            AsksAll = true,
        };
        if (request.Checks.Count == 0)
        {
            return (checks, new GateResult("base", [], []));
        }

        var acceptance = await ask("acceptance", request);
        var doubtful = goal.Acceptance.Where(assertion => assertion.IsKept).Select(assertion => assertion.Id)
            .Intersect(acceptance.Checks.Where(check => check.Verdict != GateVerdict.Passed).Select(check => check.Name)).ToHashSet();
        if (doubtful.Count == 0)
        {
            return (checks, acceptance);
        }

        var second = await ask("acceptance/2", request with { Checks = [.. request.Checks.Where(check => doubtful.Contains(check.Name))] });
        var sure = second.Checks.ToDictionary(check => check.Name, StringComparer.Ordinal);
        return (checks, acceptance with
        {
            Checks = [.. acceptance.Checks.Select(check => sure.GetValueOrDefault(check.Name, check))],
            Commands = [.. acceptance.Commands, .. second.Commands],
        });
    }

    /// <summary>
    /// Asks what must pass at the end. A check that fails is asked once more, and is a flake where it passes then; what accepts the work is
    /// asked once.
    /// </summary>
    /// <param name="request">All that is asked.</param>
    /// <param name="checks">Those of it that are checks.</param>
    /// <param name="ask">Asks: what sets a second question apart, and the question.</param>
    public static async Task<(GateResult Final, IReadOnlyList<CheckVerdict> Flakes)> AskTwiceAsync(
        GateRequest request, IReadOnlyList<BuildCheck> checks, Func<string, GateRequest, Task<GateResult>> ask)
    {
        var first = await ask("", request);
        var failed = first.Checks.Where(check => check.Verdict == GateVerdict.Failed && checks.Any(one => one.Name == check.Name))
            .ToDictionary(check => check.Name, StringComparer.Ordinal);
        if (failed.Count == 0)
        {
            return (first, []);
        }

        var second = await ask("/2", request with { Checks = [.. request.Checks.Where(check => failed.ContainsKey(check.Name))] });
        var passed = second.Checks.Where(check => check.Verdict == GateVerdict.Passed).ToDictionary(check => check.Name, StringComparer.Ordinal);
        return (
            first with
            {
                Checks = [.. first.Checks.Select(check => failed.ContainsKey(check.Name) ? passed.GetValueOrDefault(check.Name, check) : check)],
                Commands = [.. first.Commands, .. second.Commands],
            },
            [.. failed.Where(pair => passed.ContainsKey(pair.Key)).Select(pair => pair.Value)]);
    }

    /// <summary>Why there is nothing to build on; null where there is.</summary>
    public static string? ProblemOf(GateResult checks) => checks.Refusal switch
    {
        { Verdict: GateVerdict.CouldNotRun } unrun => $"the base could not be checked: {unrun.Reason}",
        { Verdict: GateVerdict.NoTests } empty => $"zero tests ran on the base: {empty.Reason}",
        { } refusal => $"the base is red: {refusal.Reason}",
        null => null,
    };

    /// <summary>What is wrong with the assertions.</summary>
    public static IEnumerable<string> ProblemsOf(BuildGoal goal, GateResult acceptance) =>
        acceptance.Checks.Select(asked => ProblemOf(goal, asked)).OfType<string>();

    private static string? ProblemOf(BuildGoal goal, CheckVerdict asked) => goal.Acceptance.FirstOrDefault(assertion => assertion.Id == asked.Name) switch
    {
        // The build that was fine a moment ago.
        null => $"the base can't be asked what holds: {asked.Reason}",
        { IsKept: true } => asked.Verdict == GateVerdict.Passed ? null : $"{asked.Name} is to be kept, and doesn't hold on the base: {asked.Reason}",
        _ => asked.Verdict switch
        {
            GateVerdict.Passed => $"{asked.Name} holds on the base already; mark it 'keep: yes', or assert what doesn't hold yet",
            GateVerdict.CouldNotRun => $"{asked.Name} can't be asked: {asked.Reason}",
            GateVerdict.NoTests => $"{asked.Name} runs no test on the base, which is no reason to be red: {asked.Reason}",
            _ => null,
        },
    };
}
