using System.Globalization;
using Godwit.Playbooks.Optimise;
using Godwit.Search;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Cli.Commands;

/// <summary>Says what a run would do.</summary>
internal static class PlanPrinter
{
    public static void Print(Goal goal, SourceRepository source, string path)
    {
        var harness = goal.Harness;
        Console.WriteLine($"goal       {goal.Title}");
        Console.WriteLine($"file       {path}");
        Console.WriteLine(
            $"base       {(source.IsGit ? $"the last commit of {source.Root}" : $"an import of {source.Root}, which is no git repository")}");
        Console.WriteLine($"editable   {string.Join(", ", harness.Editable)}");
        Print("setup", harness.Setup, "once, on the base, with the network");
        Print("build", harness.Build, "once a content, without the network");
        Print("check", harness.Check, "every candidate");
        Print("measure", harness.Measure, $"{harness.Metric}, {(harness.Maximise ? "more" : "less")} is better");
        Console.WriteLine($"kind       {harness.Kind.InWords()}");
        Print("serve", harness.Serve, $"the candidate, on port {harness.Port}");
        Print("score", harness.Score, "the judge");
        Print("hold out", harness.HoldOut, "the finalist, once");
        foreach (var constraint in harness.Constraints)
        {
            Console.WriteLine($"constraint {constraint}");
        }

        if (goal.Parameters is { } parameters)
        {
            var space = new SearchSpace(parameters.Space, parameters.Constraints);
            Console.WriteLine(
                $"search     {space.Parameters.Count} parameters, " +
                $"{(space.Count is { } count ? $"at most {count:N0} points" : "endless points")}: " +
                $"{string.Join(", ", space.Parameters.Select(parameter => parameter.Name))}");
        }

        foreach (var agent in goal.Agents)
        {
            var who = agent.Program is { } program
                ? $"{program} with role {agent.Role}"
                : $"role {agent.Role}, at most {agent.Turns} model calls and {agent.ToolCalls} tool calls each";
            var beside = agent.Parallel > 1 ? $", {agent.Parallel} at once" : "";
            Console.WriteLine($"agents     {who}, at most {agent.Seconds:0} s{beside}");
        }

        Console.WriteLine($"budget     {string.Join(", ", Budget(goal))}");
        Console.WriteLine($"claim      at least +{goal.MinimumEffect:P0} at {goal.Confidence:P0} confidence");
    }

    private static IEnumerable<string> Budget(Goal goal)
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

    private static void Print(string what, string? command, string when)
    {
        if (command is not null)
        {
            Console.WriteLine($"{what,-10} {command}  ({when})");
        }
    }
}
