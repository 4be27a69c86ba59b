using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Godwit.Durable;
using Godwit.Playbooks.Optimise;
using Godwit.Verification;

namespace Godwit.Playbooks.Measuring;

/// <summary>Measures series of pairs by the rules of what counts.</summary>
/// <param name="context">The process.</param>
/// <param name="measurer">Measures.</param>
/// <param name="goal">The goal.</param>
/// <param name="scale">How values are compared.</param>
/// <param name="attempt">Which attempt to prove something it is: each has seeds of its own, so that none sees another's.</param>
internal sealed class PairSeries(IDurableContext context, IMeasurer measurer, OptimiseGoal goal, Scale scale, int attempt = 1)
{
    private const int Repeats = 2;
    private const int InfrastructureMargin = 3;

    private int _generation;

    /// <summary>The run's active time after the last pair.</summary>
    public double ActiveSeconds { get; private set; }

    /// <summary>The seed of a pair: no stage ever sees one that another stage has seen.</summary>
    public static ulong Seed(ulong run, string stage, int pair)
    {
        Span<byte> key = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(key, run);

        // 53 bits: harnesses read the seed with whatever number type they have.
        return BinaryPrimitives.ReadUInt64LittleEndian(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{stage}\n{pair}"))) >> 11;
    }

    /// <summary>Measures until enough pairs count.</summary>
    /// <param name="stage">Names the steps and their seeds.</param>
    /// <param name="count">How many pairs must count.</param>
    /// <param name="left">The left arm.</param>
    /// <param name="right">The right arm.</param>
    /// <param name="holdOut">On the held-out workload.</param>
    /// <param name="warmUp">Pairs at the start that don't count.</param>
    /// <param name="builtTwice">In two builds of each arm.</param>
    public async Task<SeriesResult> MeasureAsync(
        string stage, int count, Candidate left, Candidate right, bool holdOut, int warmUp = 0, bool builtTwice = false)
    {
        var pairs = new List<Pair>();
        var (baseRefusals, candidateRefusals) = (0, 0);
        for (var index = 0; pairs.Count < count; index++)
        {
            Pair? pair = null;
            for (var repeat = 0; repeat <= Repeats && pair is null; repeat++)
            {
                var measured = await MeasurePairAsync(
                    $"{stage}/{index}{(repeat == 0 ? "" : $"/again{repeat}")}",
                    new PairRequest(
                        left, right, false, Seed(goal.Seed, attempt == 1 ? stage : $"{attempt}/{stage}", index), holdOut, builtTwice));
                baseRefusals += measured.Base.Outcome == TrialOutcome.Infrastructure ? 1 : 0;
                candidateRefusals += measured.Candidate.Outcome == TrialOutcome.Infrastructure ? 1 : 0;
                pair = measured.Base.Outcome == TrialOutcome.Infrastructure || measured.Candidate.Outcome == TrialOutcome.Infrastructure
                    ? null
                    : measured;
            }

            if (candidateRefusals - baseRefusals >= InfrastructureMargin)
            {
                return new SeriesResult(
                    pairs, Arm.Candidate,
                    $"the candidate called the machine at fault {candidateRefusals} times, the base {baseRefusals} times");
            }

            if (pair is null)
            {
                return new SeriesResult(pairs, Arm.Base, "the harness called the machine at fault three times in a row");
            }

            if (pair.Base.Outcome != TrialOutcome.Ok)
            {
                return new SeriesResult(pairs, Arm.Base, pair.Base.Reason);
            }

            if (pair.Candidate.Outcome != TrialOutcome.Ok)
            {
                return new SeriesResult(pairs, Arm.Candidate, pair.Candidate.Reason);
            }

            if (scale.Refuse(goal.Harness.Metric, pair.Base.Value(goal.Harness.Metric)) is { } baseRefusal)
            {
                return new SeriesResult(pairs, Arm.Base, baseRefusal);
            }

            if (scale.Refuse(goal.Harness.Metric, pair.Candidate.Value(goal.Harness.Metric)) is { } refusal)
            {
                return new SeriesResult(pairs, Arm.Candidate, refusal);
            }

            if (goal.Harness.Kind.HasAnswer() && pair.Base.Answer != pair.Candidate.Answer)
            {
                return right.Files.Count == 0
                    ? new SeriesResult(
                        pairs, Arm.Base,
                        $"its own answers differ for one seed ({pair.Base.Answer}, then {pair.Candidate.Answer}), so there is " +
                        $"nothing to compare a candidate's with; an answer must depend on the seed alone")
                    : new SeriesResult(pairs, Arm.Candidate, WrongAnswer(pair.Candidate.Answer, pair.Base.Answer));
            }

            // The first pair after a resume finds cold caches, as the first of all does.
            var resumed = _generation != 0 && pair.Generation != _generation;
            _generation = pair.Generation;
            if (index >= warmUp && !resumed)
            {
                pairs.Add(pair);
            }
        }

        return new SeriesResult(pairs, Arm.None, null);
    }

    /// <summary>Says that an answer isn't the base's.</summary>
    public static string WrongAnswer(string? answer, string? baseAnswer) =>
        $"its answer is {answer}, and the base's for the same seed is {baseAnswer}";

    /// <summary>The gains of pairs.</summary>
    public IReadOnlyList<double> Differences(IEnumerable<Pair> pairs) =>
        [.. pairs.Select(pair => scale.Gain(pair.Base.Value(goal.Harness.Metric), pair.Candidate.Value(goal.Harness.Metric)))];

    /// <summary>How long Godwit's clock saw the measurements of pairs take.</summary>
    public static IReadOnlyList<(double Base, double Candidate)> Seconds(IEnumerable<Pair> pairs) =>
        [.. pairs.Select(pair => (pair.Base.Seconds, pair.Candidate.Seconds))];

    /// <summary>The raw samples of pairs.</summary>
    public IReadOnlyList<EvidencePair> Samples(IEnumerable<Pair> pairs) =>
        [
            .. pairs.Select(
                pair => new EvidencePair(
                    pair.BaseFirst, pair.Base.Metrics[goal.Harness.Metric].Samples, pair.Candidate.Metrics[goal.Harness.Metric].Samples)),
        ];

    private async Task<Pair> MeasurePairAsync(string key, PairRequest request)
    {
        request = request with { BaseFirst = context.Random($"{key}/coin").NextDouble() < 0.5 };
        var pair = await context.StepAsync(key, Effect.Repeatable, request, measurer.MeasureAsync);
        ActiveSeconds = Math.Max(pair.Base.ActiveSeconds, pair.Candidate.ActiveSeconds);
        return pair;
    }
}

/// <summary>The side that ended a series.</summary>
internal enum Arm
{
    None,
    Base,
    Candidate,
}

/// <summary>What a series came to.</summary>
/// <param name="Pairs">The pairs that count.</param>
/// <param name="FailedArm">Who ended it early.</param>
/// <param name="Reason">Why.</param>
internal sealed record SeriesResult(IReadOnlyList<Pair> Pairs, Arm FailedArm, string? Reason);
