using System.Globalization;
using System.Text;
using Godwit.Agents;

namespace Godwit.Playbooks.Build;

/// <summary>Runs of the build playbook, in words.</summary>
internal static class BuildText
{
    private static readonly string[] SentenceEnds = [". ", "; ", ": "];

    /// <summary>What a run would do.</summary>
    public static IEnumerable<RunLine> Plan(BuildGoal goal)
    {
        yield return new RunLine("scope", string.Join(", ", goal.Scope));
        foreach (var line in Commands(goal))
        {
            yield return line;
        }

        foreach (var assertion in goal.Acceptance)
        {
            var kind = assertion.IsKept ? "  (keep)" : assertion.IsHidden ? "  (hidden)" : "";
            yield return new RunLine(assertion.Id, $"{assertion.Says}: {assertion.Run}{kind}");
        }

        foreach (var agent in goal.Agents)
        {
            var who = agent.Program is { } program ? $"{program} with role {agent.Role}" : $"role {agent.Role}, at most {agent.Turns} model calls each";
            yield return new RunLine("agents", $"{who}, at most {agent.Seconds:0} s{(agent.Parallel > 1 ? $", {agent.Parallel} at once" : "")}");
        }

        yield return new RunLine("plan", goal.PlansAlone ? "carried out as it is made" : "waits for your approval");
        yield return new RunLine("budget", string.Join(", ", Budget(goal)));
    }

    /// <summary>What is carried out beside the assertions: setup, build, services, checks.</summary>
    public static IEnumerable<RunLine> Commands(BuildGoal goal)
    {
        (string Label, string? Command, string When)[] commands =
        [
            ("setup", goal.Setup, "once, with what 'network' allows"), ("build", goal.Build, "every tip, without the network"),
        ];
        foreach (var (label, command, when) in commands.Where(one => one.Command is not null))
        {
            yield return new RunLine(label, $"{command}  ({when})");
        }

        foreach (var service in goal.Services)
        {
            yield return new RunLine("service", $"{service.Name}: {service.Run}  (beside each check)");
        }

        foreach (var check in goal.Checks)
        {
            yield return new RunLine("check", $"{check.Name}: {check.Run}  ({check.When.ToString().ToLowerInvariant()})");
        }
    }

    /// <summary>A plan, a line or two for each task.</summary>
    public static IEnumerable<RunLine> Plan(BuildPlan plan)
    {
        foreach (var task in plan.Tasks)
        {
            yield return new RunLine(task.Id, Subject(task), Tone.Strong);
            yield return new RunLine("", $"scope {string.Join(", ", task.Scope)}{Waits(task)}{Gives(task)}", Tone.Dim);
        }
    }

    /// <summary>What a task is for, in a few words: its intent's first sentence, cut where it is long.</summary>
    /// <param name="task">The task.</param>
    /// <param name="longest">The most letters.</param>
    public static string Subject(PlannedTask task, int longest = 90)
    {
        var line = task.Intent.Split('\n', 2)[0].Trim();
        var ends = SentenceEnds.Select(mark => line.IndexOf(mark, StringComparison.Ordinal)).Where(at => at > 0);
        line = line[..ends.DefaultIfEmpty(line.Length).Min()].TrimEnd('.');
        return line.Length > longest ? line[..(longest - 3)].TrimEnd() + "..." : line;
    }

    /// <summary>A plan as it stands: what waits for what, with the state of each task.</summary>
    public static IEnumerable<RunLine> Graph(BuildPlan plan, IReadOnlyList<TaskProgress> tasks)
    {
        foreach (var task in plan.Tasks)
        {
            var progress = tasks.LastOrDefault(one => one.Task.Id == task.Id && one.Version == plan.Version);
            var state = progress?.State ?? TaskState.Planned;
            var round = progress is { Round: > 1 } ? string.Create(CultureInfo.InvariantCulture, $", round {progress.Round}") : "";
            var tone = state switch { TaskState.Merged => Tone.Good, TaskState.Failed => Tone.Bad, TaskState.Planned => Tone.Dim, _ => Tone.Strong };
            yield return new RunLine(task.Id, $"{state.ToString().ToLowerInvariant(),-8} {Subject(task, 70)}{Waits(task)}{Gives(task)}{round}", tone);
            if (progress?.Reason is { } reason && state != TaskState.Merged)
            {
                yield return new RunLine("", $"         {reason.Split('\n', 2)[0]}", Tone.Bad);
            }
        }
    }

    /// <summary>A plan as Graphviz draws it.</summary>
    public static string Dot(BuildPlan plan)
    {
        var text = new StringBuilder("digraph plan {\n  rankdir=LR;\n  node [shape=box];\n");
        foreach (var task in plan.Tasks)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {task.Id} [label=\"{task.Id}: {Quoted(Subject(task))}\"];\n");
            foreach (var other in task.Depends)
            {
                text.Append(CultureInfo.InvariantCulture, $"  {other} -> {task.Id};\n");
            }

            foreach (var need in task.Needs)
            {
                text.Append(CultureInfo.InvariantCulture, $"  {plan.ProviderOf(need)?.Id} -> {task.Id} [style=dashed, label=\"{Quoted(need)}\"];\n");
            }
        }

        return text.Append("}\n").ToString();
    }

    private static string Quoted(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);

    private static string Waits(PlannedTask task)
    {
        List<string> waits = [.. task.Depends, .. task.Needs.Select(need => $"contract {need}")];
        return waits.Count == 0 ? "" : $"; after {string.Join(", ", waits)}";
    }

    private static string Gives(PlannedTask task)
    {
        List<string> gives = [.. task.Provides.Select(contract => $"contract {contract.Name}"), .. task.Asserts];
        return gives.Count == 0 ? "" : $"; gives {string.Join(", ", gives)}";
    }

    private static IEnumerable<string> Budget(BuildGoal goal)
    {
        yield return $"{goal.MostTasks} tasks";
        yield return goal.Seconds > 0 ? string.Create(CultureInfo.InvariantCulture, $"{goal.Seconds:0} s") : "no time limit";
        if (goal.Dollars is { } dollars)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"${dollars}");
        }

        if (goal.Tokens is { } tokens)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{tokens:N0} tokens");
        }
    }
}
