using Godwit.Durable;

namespace Godwit.Agents;

/// <summary>
/// The life of an agent that is a program. A crash starts it again on a clean tree; what it asks again in the same words is
/// answered from the journal.
/// </summary>
/// <param name="Services">The world.</param>
public sealed record ProgramPlaybook(AgentServices Services) : Playbook<AgentTask, AgentResult>("agent/program")
{
    /// <inheritdoc/>
    public override async Task<AgentResult> RunAsync(IDurableContext context, AgentTask input)
    {
        var tree = Services.Trees.Of(input, input.BaseTree);
        try
        {
            var end = await context.StepAsync(
                "program", Effect.Workspace(tree), input,
                (task, attempt, cancellation) => Services.Programs!.RunAsync(task, tree, attempt, cancellation),
                new StepOptions { Topic = AgentTopic.Program });
            var report = await context.StepAsync(
                "report", Effect.Repeatable, end,
                (ended, attempt, _) => Task.FromResult(Report.Of(ended.Events, attempt.Get(ended.Output))));
            var (how, reason) = end switch
            {
                { IsCancelled: true, Error: ProgramGuard.Broken } => (AgentEnd.Stopped, end.Error),
                { IsCancelled: true } => (AgentEnd.Cancelled, end.Error),
                { Refused: { } refused } => (AgentEnd.OutOfBudget, refused),
                { TimedOut: true } => (AgentEnd.OutOfBudget, $"its time of {input.Seconds:0} s is used up"),
                { ExitCode: not 0 } => (
                    end.Calls == 0 ? AgentEnd.Failed : AgentEnd.Stopped,
                    $"{input.Program} ended with exit code {end.ExitCode}: {LastOf(end.Error, report.Summary)}"),
                { Calls: 0 } => (AgentEnd.Failed, $"{input.Program} asked no model: {LastOf(end.Error, report.Summary)}"),
                _ => (AgentEnd.Submitted, null),
            };
            return new AgentResult
            {
                End = how,
                Reason = reason,
                Summary = report.Summary,
                Start = input.Start,
                Parent = input.Parent,
                Tree = await context.StepAsync(
                    "end/tree", Effect.Workspace(tree), input.Name, (_, _, cancellation) => tree.SnapshotAsync(cancellation)),
                Turns = end.Calls,
                ToolCalls = report.ToolCalls,
                Charge = end.Charge,
                Models = end.Models,
            };
        }
        catch (StepFailedException failed)
        {
            return new AgentResult
            {
                End = AgentEnd.Failed,
                Reason = failed.Failure.Message,
                Start = input.Start,
                Parent = input.Parent,
                Tree = input.BaseTree,
            };
        }
        finally
        {
            Services.Trees.Forget(input);
        }
    }

    private static string LastOf(string error, string summary) =>
        (error + "\n" + summary).Split('\n').Select(line => line.Trim()).LastOrDefault(line => line.Length > 0) ?? "it printed nothing";

    private sealed record Report(string Summary, int ToolCalls)
    {
        public static Report Of(string events, byte[] output)
        {
            var lines = ProgramOutput.Lines(events, System.Text.Encoding.UTF8.GetString(output));
            return new Report(
                lines.LastOrDefault(line => line.What is "says" or "failed").Text ?? "", lines.Count(line => line.What == "calls"));
        }
    }
}
