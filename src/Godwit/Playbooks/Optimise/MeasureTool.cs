using Godwit.Playbooks.Measuring;
using System.Globalization;
using System.Text;
using Godwit.Durable;
using Godwit.Models;
using Godwit.Tools;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Optimise;

/// <summary>
/// Lets an agent measure its files against what it started from as candidates are measured: checked first, then in pairs on clean
/// checkouts, with seeds that no stage of the run sees. The held-out workload stays out of its reach. It proves nothing, and its time
/// is the run's.
/// </summary>
/// <param name="measurer">Checks and measures.</param>
/// <param name="goal">The goal.</param>
/// <param name="isOwn">Whether a file is one that the agent may hand over.</param>
/// <param name="slots">No command of an agent runs beside it.</param>
internal sealed class MeasureTool(IMeasurer measurer, OptimiseGoal goal, Func<string, bool> isOwn, CommandSlots slots) : ITool
{
    private const int DefaultPairs = 4;
    private const int MostPairs = 8;
    private const int Repeats = 2;

    // Each look builds a tree that stays, and a score that is asked for often enough can be climbed.
    private const int MostLooks = 20;

    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, int> _looks = new(StringComparer.Ordinal);

    public ToolSpec Spec { get; } = new(
        "measure",
        $"Checks your files, then measures them against what you started from: 'pairs' times (default {DefaultPairs}, at most " +
        $"{MostPairs}) one right after the other, on clean checkouts; end your background jobs first, which would spoil it. At " +
        $"most {MostLooks} calls; it takes the run's time.",
        """{"type":"object","properties":{"pairs":{"type":"integer"}}}""");

    public ToolEffects EffectsOf(ToolArguments arguments) => ToolEffects.Writing("");

    public async Task<ToolOutput> RunAsync(ToolContext context, ToolArguments arguments, CancellationToken cancellation)
    {
        var tree = await context.Tree.SnapshotAsync(cancellation);
        var (start, mine) = (
            await CandidateAsync(context.Tree, context.Tree.StartTree, cancellation),
            await CandidateAsync(context.Tree, tree, cancellation));
        if (start.Files.ToHashSet().SetEquals(mine.Files))
        {
            throw new ToolException(
                "you have changed nothing that is handed over, so there is nothing to measure; 'diff' shows what you have changed");
        }

        if (_looks.AddOrUpdate(context.Tree.Id, 1, (_, count) => count + 1) > MostLooks)
        {
            throw new ToolException($"your {MostLooks} measurements are used up; what you hand over is measured all the same");
        }

        using var alone = await slots.EnterAloneAsync(cancellation);
        var check = await measurer.CheckAsync(mine, context.Attempt, cancellation);
        if (check.Outcome != TrialOutcome.Ok)
        {
            return new ToolOutput($"not measured, because it would be thrown out: {check.Reason}", Failed: true);
        }

        var pairs = new List<Pair>();
        for (var index = 0; index < Math.Clamp(arguments.Number("pairs") ?? DefaultPairs, 1, MostPairs); index++)
        {
            var baseFirst = new SeededRandom(goal.Seed, "tool-coin", context.Tree.Id, tree, $"{index}").NextDouble() < 0.5;
            var seed = PairSeries.Seed(goal.Seed, $"tool/{context.Tree.Id}/{tree}", index);
            var request = new PairRequest(start, mine, baseFirst, seed, HoldOut: false);
            var pair = await measurer.MeasureAsync(request, context.Attempt, cancellation);
            for (var repeat = 0; repeat < Repeats && IsMachines(pair); repeat++)
            {
                pair = await measurer.MeasureAsync(request, context.Attempt, cancellation);
            }

            if (Refusal(pair) is { } refusal)
            {
                return new ToolOutput(refusal, Failed: true);
            }

            pairs.Add(pair);
        }

        return new ToolOutput(Words(pairs));
    }

    /// <summary>What of a tree counts, over the base.</summary>
    private async Task<Candidate> CandidateAsync(AgentTree tree, string name, CancellationToken cancellation) => new(
        [
            .. (await tree.ChangesFromBaseAsync(name, cancellation)).Where(change => isOwn(change.Path))
                .Select(change => new FileChange(change.Path, null, change.Object)),
        ]);

    private static bool IsMachines(Pair pair) =>
        pair.Base.Outcome == TrialOutcome.Infrastructure || pair.Candidate.Outcome == TrialOutcome.Infrastructure;

    private string? Refusal(Pair pair)
    {
        if (IsMachines(pair))
        {
            return "the harness called the machine at fault three times in a row; try again later";
        }

        if (pair.Base.Outcome != TrialOutcome.Ok)
        {
            return $"what you started from can't be measured: {pair.Base.Reason}";
        }

        if (pair.Candidate.Outcome != TrialOutcome.Ok)
        {
            return $"it would be thrown out: {pair.Candidate.Reason}";
        }

        return goal.Harness.Kind.HasAnswer() && pair.Base.Answer != pair.Candidate.Answer
            ? $"it would be thrown out: {PairSeries.WrongAnswer(pair.Candidate.Answer, pair.Base.Answer)}"
            : null;
    }

    private string Words(List<Pair> pairs)
    {
        var metric = goal.Harness.Metric;
        var (before, after) = (pairs.ConvertAll(pair => pair.Base.Value(metric)), pairs.ConvertAll(pair => pair.Candidate.Value(metric)));
        var byRatio = goal.Harness.ByDifference != true && before.Concat(after).All(value => value > 0);
        var scale = byRatio ? new Scale(goal.Harness.Maximise) : new Scale(goal.Harness.Maximise, Math.Max(Math.Abs(before[0]), 1));
        var text = new StringBuilder();
        text.Append(
            CultureInfo.InvariantCulture,
            $"{metric}, {(goal.Harness.Maximise ? "higher" : "lower")} is better\nstarted from: {Numbers(before)}\nyours:      " +
            $"  {Numbers(after)}\n");
        var gains = before.Zip(after, scale.Gain).Order().ToList();
        string Gain(double gain) => scale.Text(scale.Value(gain));
        text.Append(
            CultureInfo.InvariantCulture,
            $"better in {gains.Count(gain => gain > 0)} of {gains.Count} pairs: {Gain(SignedRank.Estimate(gains))} (from " +
            $"{Gain(gains[0])} to {Gain(gains[^1])})\n");
        foreach (var broken in goal.Harness.Constraints.Select(line => new Constraint(line))
            .Where(line => line.ComparesWithBase && pairs.TrueForAll(pair => line.Margin(pair) < 0)))
        {
            text.Append(CultureInfo.InvariantCulture, $"constraint {broken.Text} is broken in every pair\n");
        }

        return text.Append("That is a look, not a proof: what you hand over is measured again.\n").ToString();
    }

    private static string Numbers(List<double> values) =>
        string.Join(' ', values.Select(value => value.ToString("G5", CultureInfo.InvariantCulture)));
}
