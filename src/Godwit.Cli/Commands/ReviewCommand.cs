using System.CommandLine;
using Godwit.Agents;
using Godwit.Durable.Journal;
using Godwit.Goals;
using Godwit.Models;
using Godwit.Playbooks;
using Godwit.Playbooks.Build;
using Godwit.Playbooks.Review;
using Godwit.Runs;
using Godwit.Sandbox;
using Godwit.Workspaces;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit review</c>: reviewers look at a change, and what they find is run on clean checkouts of before and after.</summary>
internal static class ReviewCommand
{
    private const string Never = "never";

    public static Command Create(RunKinds kinds)
    {
        var @base = new Argument<string?>("base")
        {
            Description = "The commit that the change is compared with, such as main; with --uncommitted the last commit by default.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var head = new Argument<string?>("head") { Description = "The change; by default the last commit.", Arity = ArgumentArity.ZeroOrOne };
        var uncommitted = new Option<bool>("--uncommitted") { Description = "Review the files as they stand, committed or not." };
        var ground = new GroundOptions();
        var reviewers = new Option<int?>("--reviewers") { Description = "How many reviews, 1 to 8; by default the goal's, or 1." };
        var says = new Option<string?>("--says") { Description = "What the change is for; by default its commits' messages." };
        var time = new Option<string?>("--time") { Description = "Active time; after it no review is begun." };
        var failOn = new Option<string>("--fail-on")
        {
            Description = "Exit 3 if a finding of this priority or a more urgent one stands (P0 and P1 only where they were shown), or a check is broken.",
            DefaultValueFactory = _ => Never,
        };
        failOn.AcceptOnlyFromAmong([.. Enum.GetNames<Priority>(), Never]);
        var markdown = new Option<string?>("--markdown") { Description = "Write the findings as Markdown into a file." };
        var sarif = new Option<string?>("--sarif") { Description = "Write the findings as SARIF 2.1.0 into a file." };
        var models = new ModelOptions();
        var json = CommandGuard.JsonOption();
        var command = new Command(
            "review", "Review a change: what reviewers say is wrong is run on clean checkouts of before and after it.")
        {
            @base, head, uncommitted, reviewers, says, time, failOn, markdown, sarif, json,
        };
        ground.AddTo(command);
        models.AddTo(command);
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            var least = parsed.GetValue(failOn)!;
            var request = RequestOf(parsed.GetValue(@base), parsed.GetValue(head), parsed.GetValue(uncommitted)) with
            {
                Says = parsed.GetValue(says),
                FailOn = least == Never ? null : Enum.Parse<Priority>(least),
                Markdown = Writable("--markdown", parsed.GetValue(markdown)),
                Sarif = Writable("--sarif", parsed.GetValue(sarif)),
            };
            if (parsed.GetValue(reviewers) is < 1 or > 8)
            {
                throw new UsageException($"--reviewers is {parsed.GetValue(reviewers)}, and must be 1 to 8");
            }

            if (await ground.ReadAsync(kinds, parsed, request.Base, "review", cancellation) is not var (goal, source))
            {
                return ExitCode.Usage;
            }

            request = request with { Closed = [.. goal.Tests, .. goal.Protected, .. goal.Hidden] };
            var reviewer = goal.Reviewer ?? new AgentSpec { Role = BuildGoal.ReviewerRole };
            goal = goal with
            {
                // Who made the change may change tests too: that is what reviewers are there for.
                Tests = [],
                Protected = [],
                Hidden = [],
                Checks = [.. goal.Checks.Where(check => check.When == CheckTier.Each)],
                Seconds = TimeOption.Seconds("--time", parsed.GetValue(time)) ?? goal.Seconds,
                Reviewer = reviewer with { Parallel = parsed.GetValue(reviewers) ?? reviewer.Parallel },
            };
            TelemetryExport.IsWanted();
            await using var doors = new SandboxDoors();
            var start = new RunStart(RunStore.OfUser(), source, goal, ground.Sandbox(parsed))
            {
                Networks = doors,
                Models = models.Read(parsed),
                IsAttended = RunSession.IsAttended,
            };
            await using var host = await ReviewKind.StartAsync(start, request, cancellation);
            return await new RunSession(kinds).HostAsync(host, parsed.GetValue(json), cancellation);
        });
        return command;
    }

    private static ReviewRequest RequestOf(string? @base, string? head, bool uncommitted) => (@base, head, uncommitted) switch
    {
        (_, { }, true) => throw new UsageException("--uncommitted reviews the files as they stand; leave the second commit out"),
        (null, _, false) => throw new UsageException("name the commit to compare with, such as 'godwit review main', or give --uncommitted"),
        (_, _, true) => new ReviewRequest(@base ?? "HEAD", null),
        _ => new ReviewRequest(@base, head ?? "HEAD"),
    };

    /// <summary>The whole path of a file that can be written: that it can't is said before anything is paid.</summary>
    private static string? Writable(string option, string? file)
    {
        if (file is null)
        {
            return null;
        }

        var (path, isNew) = (Path.GetFullPath(file), !File.Exists(file));
        try
        {
            using (new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write))
            {
            }

            if (isNew)
            {
                File.Delete(path);
            }

            return path;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{option} {file} can't be written: {refused.Message}");
        }
    }
}
