using System.CommandLine;
using System.Globalization;
using Godwit.Identity;
using Godwit.Playbooks;
using Godwit.Playbooks.Build;
using Godwit.Playbooks.Land;
using Godwit.Playbooks.Review;
using Godwit.Runs;
using Godwit.Verification;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit verify</c>: checks evidence offline.</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "An evidence file." };
        var key = new Option<string?>("--key")
        {
            Description = "Accept this verifier: a key id (SHA-256 of the public key) or a public key in base64.",
        };
        var json = CommandGuard.JsonOption();
        var command = new Command(
            "verify",
            "Check evidence offline: who signed it, that no byte was changed, and that the claim follows from its samples.")
        {
            file, key, json,
        };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            var path = parsed.GetValue(file)!;
            if (!File.Exists(path))
            {
                throw new UsageException($"there is no file {path}");
            }

            var trust = RunStore.OfUser().Trust;
            var expected = parsed.GetValue(key);
            var content = await File.ReadAllBytesAsync(path, cancellation);
            switch (Dsse.PredicateType(content))
            {
                case BuildEvidence.Type:
                    Tell(BuildEvidence.Verify(content, NameOf), parsed.GetValue(json));
                    return ExitCode.Ok;
                case LandEvidence.Type:
                    Tell(LandEvidence.Verify(content, NameOf), parsed.GetValue(json));
                    return ExitCode.Ok;
            }

            var verified = Evidence.Verify(content, NameOf);
            if (parsed.GetValue(json))
            {
                var claim = verified.Statement.Predicate.Claim;
                CommandGuard.PrintJson(
                    new { verified.Key.KeyId, verified.KeyName, verified.Statement.Subject, claim.Lower, claim.Metric });
            }
            else
            {
                Explain(verified);
            }

            return ExitCode.Ok;

            string? NameOf(PublicKey candidate)
            {
                if (expected is null)
                {
                    return trust.NameOf(candidate);
                }

                var isExpected = candidate.KeyId.Equals(expected, StringComparison.OrdinalIgnoreCase) || candidate.Base64 == expected;
                return isExpected ? "given by --key" : null;
            }
        });
        return command;
    }

    private static void Tell(VerifiedStatement<BuildPredicate> verified, bool json)
    {
        var (statement, predicate) = (verified.Statement, verified.Statement.Predicate);
        if (json)
        {
            CommandGuard.PrintJson(
                new { verified.Key.KeyId, verified.KeyName, statement.Subject, predicate.Assertions, predicate.Checks, predicate.Works });
            return;
        }

        Console.WriteLine($"verified: signed by {verified.Key.KeyId} ({verified.KeyName}), and not a byte was changed since");
        Console.WriteLine($"It says:  commit {statement.Subject[0].Digest["gitCommit"]}, built on {predicate.BaseCommit}, passed on a clean checkout:");
        foreach (var assertion in predicate.Assertions)
        {
            var kind = (assertion.IsKept ? ", held before" : ", was red before") + (assertion.IsHidden ? ", hidden from agents" : "");
            Console.WriteLine($"          {assertion.Id}: {assertion.Says}{kind}");
        }

        foreach (var check in predicate.Checks.Where(check => predicate.Assertions.All(assertion => assertion.Id != check.Name)))
        {
            Console.WriteLine($"          check {check.Name}{(check.Tests is { } tests ? $", {tests} tests" : "")}");
        }

        foreach (var work in predicate.Works)
        {
            var blocked = work.Findings.Count(finding => finding is { Blocked: true, State: nameof(FindingState.Closed) });
            var reviewed = work.Reviewers.Count == 0 ? "not reviewed" : $"reviewed by {string.Join(", ", work.Reviewers)}";
            var mended = blocked == 0 ? "" : $", {blocked} blocking findings mended";
            var what = $"{work.Task}{(work.IsContract ? " (contract)" : "")} {work.Commit[..12]}";
            var who = $"{work.Agent} ({string.Join(", ", work.Models)})";
            Console.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"Work:     {what} by {who}, {reviewed}{mended}, ${work.Dollars:0.00##}"));
        }

        Console.WriteLine($"Goal:     {predicate.Goal} (sha256 {predicate.GoalHash}), plan {predicate.PlanVersion}, sandbox: {predicate.Sandbox}");
        Console.WriteLine("It can't say: that the assertions are what you wanted; read them.");
    }

    private static void Tell(VerifiedStatement<LandPredicate> verified, bool json)
    {
        var (statement, predicate) = (verified.Statement, verified.Statement.Predicate);
        if (json)
        {
            CommandGuard.PrintJson(
                new { verified.Key.KeyId, verified.KeyName, statement.Subject, predicate.Checks, predicate.Landed, predicate.LeftOut });
            return;
        }

        Console.WriteLine($"verified: signed by {verified.Key.KeyId} ({verified.KeyName}), and not a byte was changed since");
        Console.WriteLine($"It says:  commit {statement.Subject[0].Digest["gitCommit"]}, on {predicate.BaseCommit}, passed on a clean checkout:");
        foreach (var check in predicate.Checks)
        {
            var count = check.Tests is { } tests ? $", {tests} tests" : "";
            Console.WriteLine($"          check {check.Name}{count} (sha256 of its command {check.CommandHash[..12]})");
        }

        foreach (var landed in predicate.Landed)
        {
            Console.WriteLine($"Landed:   {landed.Name} at {landed.Head[..12]}, as {landed.Commit[..12]}");
        }

        foreach (var left in predicate.LeftOut)
        {
            Console.WriteLine($"Left out: {left.Name} at {left.Head[..12]}: {left.Reason}");
        }

        Console.WriteLine($"Sandbox:  {predicate.Sandbox}");
    }

    private static void Explain(VerifiedEvidence verified)
    {
        var predicate = verified.Statement.Predicate;
        var claim = predicate.Claim;
        Console.WriteLine($"verified: signed by {verified.Key.KeyId} ({verified.KeyName}), and not a byte was changed since");
        Console.WriteLine($"It says:  commit {verified.Statement.Subject[0].Digest["gitCommit"]}");
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"          has {claim.Metric} at least " +
                $"{(claim.Scale.ByDifference ? claim.Scale.Text(claim.Lower) : $"{Bound.Text(claim.Lower)} times better")} " +
                $"than {predicate.BaseCommit}"));
        Console.WriteLine(claim.Exact
            ? $"          exactly: {claim.Pairs.Count} repeats of each agree"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"          at {1 - claim.Level:P1} confidence (the part of the level that one attempt, or one direction, " +
                $"has), estimated " +
                $"{(claim.Scale.ByDifference ? claim.Scale.Text(claim.Estimate) : $"{claim.Estimate:0.###} times")}, " +
                $"from {claim.Pairs.Count} randomised pairs, recomputed here from the raw samples"));
        Console.WriteLine(predicate.HoldOut is { } held
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"          and on a held-out workload at least " +
                $"{(held.Scale.ByDifference ? held.Scale.Text(held.Lower) : $"{Bound.Text(held.Lower)} times")}, from " +
                $"{held.Pairs.Count} pairs")
            : "          on this workload; no held-out one is part of it");
        if (predicate.LeftOut is { } left)
        {
            Console.WriteLine(
                $"Left out: {string.Join(", ", left.Files)}: commit {left.Commit} changes them too, the goal doesn't allow it, " +
                $"and they were measured as the base has them");
        }

        Console.WriteLine($"Goal:     {predicate.Goal} (sha256 {predicate.GoalHash})");
        var builds = predicate.BuiltTwice ? ", two builds of each side" : "";
        Console.WriteLine(
            $"Harness:  sha256 {predicate.HarnessHash}, {Harness(verified.Statement)}{builds}, {predicate.Trials} candidates " +
            $"were tried, sandbox: {predicate.Sandbox}");
        var machine = predicate.Environment.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key} {pair.Value}");
        Console.WriteLine($"Machine:  {string.Join(", ", machine)}");
        var selfTimed = verified.Statement.PredicateType == EvidenceStatement.SelfTimedClaimType
            ? "that the figure is true, where the candidate's code could reach who made it; or "
            : "";
        var fixedAnswer = predicate.FixedAnswer ? "that the answer was worked out, because it is the same for every seed; or " : "";
        Console.WriteLine($"It can't say: {selfTimed}{fixedAnswer}that another machine gives the same factor.");
    }

    private static string Harness(EvidenceStatement statement) => statement.PredicateType == EvidenceStatement.SelfTimedClaimType
        ? $"{MeasurementKind.BeforeObservation.InWords()} " +
        $"({(statement.Predicate.HarnessKind == "process" ? "a process of its own" : "loads the candidate's code")})"
        : (Enum.TryParse<MeasurementKind>(statement.Predicate.HarnessKind, ignoreCase: true, out var kind) ? kind.InWords() : statement.Predicate.HarnessKind)
            + (statement.Predicate.Check == "filter" ? "; the check only filtered candidates" : "");
}
