using Godwit.Playbooks.Measuring;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Identity;
using Godwit.Runs;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Optimise;

/// <summary>Commits in the run's clone, and signs with the verifier's key.</summary>
internal sealed class Delivery(RunFolder folder, RunRepository repository, RunStore store) : IDelivery
{
    public async Task<string> CommitAsync(DeliveryRequest request, Attempt attempt, CancellationToken cancellation)
    {
        var (input, proof) = (request.Input, request.Proof);
        var maker = new CandidateMaker(input);
        var tip = input.BaseCommit;
        var changed = maker.Changed(proof.Parameters);

        // A commit for each change whose worth ablation has measured; they read well alone, and only the tip is claimed.
        var steps = proof.Worth.Count == changed.Count && changed.Count > 1
            ? changed.OrderByDescending(name => proof.Worth[name]).ToList()
            : [];
        var point = maker.BasePoint;
        foreach (var name in steps)
        {
            point = With(point, name, proof.Parameters);
            var files = await FilesAsync(maker.Make(name == steps[^1] ? proof.Parameters : point), cancellation);
            tip = await repository.CommitAsync(
                tip, files, Message(maker, name, proof, input.Goal), request.At, $"attempt/{proof.Attempt}/{name}", cancellation);
        }

        if (steps.Count > 0)
        {
            return tip;
        }

        var claim = proof.Claim!;
        var message = new StringBuilder($"{Subject(maker, changed, proof)}\n\n{Figures(input.Goal, proof, claim)}\n");
        foreach (var name in changed)
        {
            message.Append(
                maker.IsFile(name)
                    ? $"{name}\n"
                    : $"{name}: {maker.BasePoint.GetValueOrDefault(name, "unset")} -> " +
                    $"{proof.Parameters.GetValueOrDefault(name, "unset")}\n");
        }

        if (proof.Summary.Length > 0)
        {
            message.Append(CultureInfo.InvariantCulture, $"\nThe agent says of it: {proof.Summary.ReplaceLineEndings("\n")}\n");
        }

        message.Append(CultureInfo.InvariantCulture, $"\nGodwit-Run: {folder.Id}\n");
        return await repository.CommitAsync(
            tip, await FilesAsync(maker.Make(proof.Parameters), cancellation), message.ToString().TrimEnd(), request.At,
            $"attempt/{proof.Attempt}", cancellation);
    }

    public Task<string> SignAsync(EvidenceRequest request, Attempt attempt, CancellationToken cancellation) =>
        SignAsync(request, cancellation);

    /// <summary>The same outside of a run's steps.</summary>
    public async Task<string> SignAsync(EvidenceRequest request, CancellationToken cancellation)
    {
        var (goal, proof) = (request.Input.Goal, request.Proof);
        using var key = store.VerifierKey();
        var before = goal.Harness.Kind == MeasurementKind.BeforeObservation;
        var statement = new EvidenceStatement
        {
            Type = before ? "" : EvidenceStatement.StatementType,
            PredicateType = before ? EvidenceStatement.SelfTimedClaimType : EvidenceStatement.ClaimType,
            Subject = [await EvidenceSubject.OfCommitAsync(repository, request.Commit, cancellation)],
            Predicate = new EvidencePredicate
            {
                Goal = goal.Title,
                GoalHash = goal.Hash,
                BaseCommit = request.Input.BaseCommit,
                HarnessHash = await HarnessHashAsync(request.Input, cancellation),
                HarnessKind = !before
                    ? goal.Harness.Kind.ToString().ToLowerInvariant()
                    : goal.Harness.LoadsCandidate ? "loads-candidate" : "process",
                Check = before || goal.Harness.Check is null ? null : "filter",
                LeftOut = request.LeftOut,
                FixedAnswer = request.Calibration.SameAnswers,
                BuiltTwice = goal.BuildsTwice(request.Calibration.Exact),
                Sandbox = request.Input.Sandbox,
                Environment = Evidence.DescribeMachine(),
                Run = folder.Id,
                At = Statements.Time(request.At),
                Trials = request.Trials,
                Claim = Claim(goal, proof.Claim!, proof.Pairs, request.Calibration),
                HoldOut = proof.HoldOut is null ? null : Claim(goal, proof.HoldOut, proof.HoldOutPairs, request.Calibration),
                Calibration = request.Calibration.Pairs,
                VerifierKey = key.Public.Base64,
            },
        };
        Directory.CreateDirectory(folder.Evidence);
        var name = $"{folder.Id}.evidence.json";
        await File.WriteAllBytesAsync(Path.Combine(folder.Evidence, name), Evidence.Sign(statement, key), cancellation);
        return name;
    }

    private async Task<Dictionary<string, byte[]?>> FilesAsync(Candidate candidate, CancellationToken cancellation) =>
        (await candidate.ResolveAsync(repository, cancellation)).Files.ToDictionary(file => file.Path, file => file.Content);

    private async Task<string> HarnessHashAsync(OptimiseInput input, CancellationToken cancellation)
    {
        var spec = input.Goal.Harness;
        var editable = new Glob(spec.Editable.Select(pattern => spec.Folder.Length == 0 ? pattern : $"{spec.Folder}/{pattern}"));
        var files = await repository.FilesAsync(input.BaseCommit, spec.Folder, cancellation);
        string?[] own =
            [
                spec.Serve,
                spec.Score,
                spec.HoldOutScore,
                spec.Answer,
                spec.Kind == MeasurementKind.BeforeObservation ? null : spec.Kind.ToString(),
                spec.Rounds == 1 ? null : $"{spec.Rounds} rounds",
            ];
        var lines = own.OfType<string>()
            .Concat(files.Where(file => !editable.Matches(file.Path)).Select(file => $"{file.Object} {file.Path}"))
            .Prepend($"{spec.Setup}\n{spec.Build}\n{spec.Check}\n{spec.Measure}\n{spec.HoldOut}\n{string.Join('\n', spec.Constraints)}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))));
    }

    private static EvidenceClaim Claim(OptimiseGoal goal, ClaimTest test, IReadOnlyList<EvidencePair> pairs, Calibration calibration) => new()
    {
        Metric = goal.Harness.Metric,
        Unit = goal.Harness.Unit,
        Direction = goal.Harness.Maximise ? "maximise" : "minimise",
        MinimumEffect = goal.MinimumEffect,
        Level = test.Level,
        Reference = calibration.Reference,
        Exact = calibration.Exact,
        Estimate = test.Estimate,
        Lower = test.Lower,
        MeanRatio = test.MeanRatio,
        Pairs = pairs,
    };

    /// <summary>What confirmation and hold-out have shown, and of which kind the figure is.</summary>
    private static string Figures(OptimiseGoal goal, ProofResult proof, ClaimTest claim)
    {
        var figures = string.Create(
            CultureInfo.InvariantCulture,
            $"{goal.Harness.Metric}: at least {Bound.Text(claim.Lower)} times better ({claim.Estimate:0.###} estimated, " +
            $"{claim.Pairs} pairs)");
        if (proof.HoldOut is { } held)
        {
            figures += string.Create(CultureInfo.InvariantCulture, $", held out at least {Bound.Text(held.Lower)} times");
        }

        return goal.Harness.Kind.CanClaim() ? figures + "." : figures + "; self-reported, not verified.";
    }

    private static string Subject(CandidateMaker maker, IReadOnlyList<string> changed, ProofResult proof) => changed.All(maker.IsFile)
        ? $"Change {string.Join(", ", changed.Take(2))}{(changed.Count > 2 ? $" and {changed.Count - 2} more" : "")}"
        : changed.Count == 1
        ? $"Set {changed[0]} to {proof.Parameters.GetValueOrDefault(changed[0], "its default")}"
        : $"Tune {string.Join(", ", changed.Take(3))}{(changed.Count > 3 ? $" and {changed.Count - 3} more" : "")}";

    private static string Message(CandidateMaker maker, string name, ProofResult proof, OptimiseGoal goal) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Subject(maker, [name], proof)}\n\n" +
        $"{(maker.IsFile(name) ? "" : $"It was {maker.BasePoint.GetValueOrDefault(name, "unset")}. ")}" +
        $"Taking it back from the whole change costs {goal.Harness.Metric}\n" +
        $"about a factor of {proof.Worth[name]:0.###} (estimated); only the whole change is proven.");

    private static Dictionary<string, string> With(
        IReadOnlyDictionary<string, string> point, string name, IReadOnlyDictionary<string, string> target)
    {
        var values = new Dictionary<string, string>(point, StringComparer.Ordinal);
        values.Remove(name);
        if (target.TryGetValue(name, out var value))
        {
            values[name] = value;
        }

        return values;
    }
}
