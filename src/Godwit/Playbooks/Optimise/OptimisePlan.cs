using System.Globalization;
using Godwit.Search;
using Godwit.Verification;

namespace Godwit.Playbooks.Optimise;

/// <summary>Says what a run would do.</summary>
internal static class OptimisePlan
{
    public static IEnumerable<RunLine> Lines(OptimiseGoal goal) =>
        [.. Harness(goal.Harness), .. Proposers(goal), new("budget", string.Join(", ", Budget(goal))), Claim(goal)];

    private static IEnumerable<RunLine> Harness(HarnessSpec harness)
    {
        yield return new RunLine("editable", string.Join(", ", harness.Editable));
        (string Label, string? Command, string When)[] commands =
        [
            ("setup", harness.Setup, "once, on the base, with what 'network' allows"),
            ("build", harness.Build, "once a content, without the network"),
            ("check", harness.Check, "every candidate"),
            ("measure", harness.Measure, $"{harness.Metric}, {(harness.Maximise ? "more" : "less")} is better"),
            ("serve", harness.Serve, $"the candidate, on port {harness.Port}"),
            ("score", harness.Score, "the judge"),
            ("hold out", harness.HoldOut, "the finalist, once"),
        ];
        foreach (var (label, command, when) in commands.Where(one => one.Command is not null))
        {
            yield return new RunLine(label, $"{command}  ({when})");
        }

        yield return new RunLine("kind", harness.Kind.InWords());
        foreach (var constraint in harness.Constraints)
        {
            yield return new RunLine("must", constraint);
        }
    }

    private static IEnumerable<RunLine> Proposers(OptimiseGoal goal)
    {
        if (goal.Parameters is { } parameters)
        {
            var space = new SearchSpace(parameters.Space, parameters.Constraints);
            var points = space.Count is { } count ? $"at most {count:N0} points" : "endless points";
            var names = string.Join(", ", space.Parameters.Select(parameter => parameter.Name));
            yield return new RunLine("search", $"{space.Parameters.Count} parameters, {points}: {names}");
        }

        foreach (var agent in goal.Agents)
        {
            var who = agent.Program is { } program
                ? $"{program} with role {agent.Role}"
                : $"role {agent.Role}, at most {agent.Turns} model calls and {agent.ToolCalls} tool calls each";
            var beside = agent.Parallel > 1 ? $", {agent.Parallel} at once" : "";
            yield return new RunLine("agents", $"{who}, at most {agent.Seconds:0} s{beside}");
        }
    }

    private static RunLine Claim(OptimiseGoal goal) => new("claim", $"at least +{goal.MinimumEffect:P0} at {goal.Confidence:P0} confidence");

    private static IEnumerable<string> Budget(OptimiseGoal goal)
    {
        yield return $"{goal.Trials} trials";
        yield return goal.Seconds > 0 ? Text($"{goal.Seconds:0} s") : "no time limit";
        if (goal.Dollars is { } dollars)
        {
            yield return Text($"${dollars}");
        }

        if (goal.Tokens is { } tokens)
        {
            yield return Text($"{tokens:N0} tokens");
        }

        if (goal.MostAgents is { } agents)
        {
            yield return Text($"{agents} agents");
        }

        if (goal.ToolCalls is { } calls)
        {
            yield return Text($"{calls:N0} tool calls");
        }

        static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
    }
}
