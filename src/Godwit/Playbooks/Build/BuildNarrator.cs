using Godwit.Playbooks.Review;

namespace Godwit.Playbooks.Build;

/// <summary>Tells a person how a build goes.</summary>
/// <param name="view">The run.</param>
internal sealed class BuildNarrator(BuildView view) : RunNarrator(view)
{
    /// <inheritdoc/>
    public override string Status
    {
        get
        {
            if (view.Base is null)
            {
                return "preparing the base: checkout, setup, build, checks";
            }

            if (view.Proposed is not null)
            {
                return $"the plan waits for you: godwit plan {view.Run} --approve";
            }

            if (view.Plan is null)
            {
                return $"planning{AtWork()}";
            }

            var states = view.Tasks.CountBy(task => task.State).OrderByDescending(pair => pair.Key)
                .Select(pair => $"{pair.Value} {pair.Key.ToString().ToLowerInvariant()}");
            var added = view.Input.Goal.Acceptance.Count(assertion => !assertion.IsKept);
            return $"{string.Join(", ", states)}; {view.Holding.Count} of {added} assertions hold on the tip{AtWork()}";
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<RunLine> Tell(object note) => note switch
    {
        BuildNote.BaseGated gated => [OfBase(gated)],
        BuildNote.PlanProposed proposed =>
        [
            new RunLine("plan", $"{proposed.Plan.Tasks.Count} tasks: {proposed.Plan.Reason}", Tone.Strong), .. BuildText.Plan(proposed.Plan),
            .. view.Input.Goal.PlansAlone ? [] : AskFor(proposed.Plan),
        ],
        BuildNote.PlanDecided { By: "user" } decided =>
            [new RunLine("plan", decided.IsApproved ? "approved" : $"refused{(decided.Words is null ? "" : $": {decided.Words}")}", Tone.Strong)],
        BuildNote.WorkStarted started => [new RunLine(started.Task, $"{What(started.IsContract)} begins{Again(started.Round)}")],
        BuildNote.WorkEnded ended => [.. OfWork(ended)],
        BuildNote.Merged merged => [OfMerge(merged)],
        BuildNote.SentBack back =>
        [
            new RunLine(
                back.Task, back.Conflicts.Count > 0 ? $"meets other work in {string.Join(", ", back.Conflicts)}" : $"sent back: {FirstLine(back.Reason)}",
                Tone.Bad),
        ],
        BuildNote.Flaked flaked => [new RunLine("flake", $"{flaked.Check.Name} failed and passed on the same tip: {flaked.Check.Reason}", Tone.Bad)],
        BuildNote.Judged judged => judged.Assertions.Select(OfAssertion),
        _ => [],
    };

    private static RunLine OfBase(BuildNote.BaseGated gated)
    {
        if (gated.Checks.Refusal is { } refusal)
        {
            return new RunLine("base", refusal.Reason ?? "", Tone.Bad);
        }

        var (green, asked) = (Count(gated.Checks.Checks.Count, "check"), Count(gated.Acceptance.Checks.Count, "assertion"));
        return new RunLine("base", $"{green} passed, {asked} asked", Tone.Strong);
    }

    private IEnumerable<RunLine> AskFor(BuildPlan plan) =>
    [
        new RunLine(
            "asks", $"godwit plan {view.Run} --approve | --edit FILE | --refuse \"what should be otherwise\"  (version {plan.Version})", Tone.Strong),
    ];

    private static IEnumerable<RunLine> OfWork(BuildNote.WorkEnded ended)
    {
        yield return ended.Result.Reason is { } reason
            ? new RunLine(ended.Task, $"{What(ended.IsContract)} isn't done: {reason}", Tone.Bad)
            : new RunLine(
                ended.Task,
                $"{What(ended.IsContract)} passes alone ({Count(ended.Result.HandOff.Files.Count, "file")}), and waits to be merged");
        foreach (var record in ended.Result.Findings.Where(record => record.Blocks))
        {
            var finding = record.Finding;
            yield return new RunLine(
                record.Id,
                $"{finding.Priority} {finding.File}:{finding.Line}: {finding.Claim} ({record.State.ToString().ToLowerInvariant()})",
                record.State == FindingState.Open ? Tone.Bad : Tone.Dim);
        }
    }

    private static RunLine OfMerge(BuildNote.Merged merged)
    {
        var holds = merged.Holds.Count == 0 ? "" : $"; {string.Join(", ", merged.Holds)} hold{(merged.Holds.Count == 1 ? "s" : "")} on the tip";
        return new RunLine(merged.Task, $"{What(merged.IsContract)} is merged{holds}", Tone.Good);
    }

    private RunLine OfAssertion(AssertionVerdict verdict)
    {
        var says = view.Input.Goal.Acceptance.First(assertion => assertion.Id == verdict.Id).Says;
        return verdict.Holds
            ? new RunLine(verdict.Id, $"verified: {says}", Tone.Good)
            : new RunLine(verdict.Id, $"doesn't hold: {says}: {verdict.Reason}", Tone.Bad);
    }

    private static string What(bool isContract) => isContract ? "its contract" : "the work";

    private static string Again(int round) => round == 1 ? "" : $" again (round {round})";

    private static string Count(int count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";

    private static string FirstLine(string text) => text.Split('\n', 2)[0];
}
