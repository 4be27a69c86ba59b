using Godwit.Playbooks.Review;
using Godwit.Runs;

namespace Godwit.Playbooks.Build;

/// <summary>How a build stands, for people and for programs.</summary>
internal static class BuildSummary
{
    /// <summary>The run as it stands.</summary>
    public static IEnumerable<RunLine> Lines(BuildView view)
    {
        foreach (var assertion in view.Input.Goal.Acceptance)
        {
            yield return Of(view, assertion);
        }

        foreach (var task in view.Tasks)
        {
            var reason = task.Reason is null || task.State == TaskState.Merged ? "" : $": {task.Reason}";
            yield return new RunLine(
                task.Task.Id, $"{task.State.ToString().ToLowerInvariant()}, {BuildText.Subject(task.Task)}{reason}",
                task.State switch { TaskState.Merged => Tone.Good, TaskState.Failed => Tone.Bad, _ => Tone.Plain });
        }

        if (view.Proposed?.Plan is { } proposed)
        {
            yield return new RunLine(
                "plan", $"version {proposed.Version} with {proposed.Tasks.Count} tasks waits for you: godwit plan {view.Run}", Tone.Strong);
        }

        var blocking = view.Findings.Where(record => record.Blocks).ToList();
        if (blocking.Count > 0)
        {
            yield return new RunLine("findings", $"{blocking.Count} blocked, {blocking.Count(record => record.State == FindingState.Open)} of them open");
        }

        if (view.Ended is { } ended)
        {
            yield return new RunLine("result", ended.Reason);
        }
    }

    /// <summary>How it ended, with what to do next.</summary>
    public static IEnumerable<RunLine> Verdict(BuildView view)
    {
        var ended = view.Ended!;
        yield return ended.State switch
        {
            "verified" => new RunLine("verified", ended.Reason, Tone.Good),
            "partial" => new RunLine("partial", ended.Reason, Tone.Bad),
            "refused" => new RunLine("refused", ended.Reason),
            _ => new RunLine("failed", ended.Reason, Tone.Bad),
        };
        if (ended.Branch is { } branch)
        {
            yield return new RunLine("branch", $"{branch}: git log {branch}, or 'godwit apply {view.Run}'");
        }
        else if (ended.Commit is not null)
        {
            yield return new RunLine("take", $"'godwit apply {view.Run} --unverified' merges what there is");
        }

        if (ended.State is "partial" or "failed")
        {
            yield return new RunLine("log", $"'godwit log {view.Run}' has what agents said, and all that every command printed");
        }

        if (ended.PullRequest is { } address)
        {
            yield return new RunLine("request", address);
        }

        if (ended.Evidence is { } evidence)
        {
            yield return new RunLine("evidence", Path.Combine(view.Folder.Evidence, evidence));
        }
    }

    /// <summary>The run for programs.</summary>
    public static object Json(BuildView view, RunStatus status, string? report) => new
    {
        view.Run,
        State = status,
        view.Playbook,
        view.Title,
        view.Reason,
        Assertions = view.Input.Goal.Acceptance.Select(assertion => new
        {
            assertion.Id,
            assertion.Says,
            OnTip = assertion.IsKept || view.Holding.Contains(assertion.Id),
            Verified = view.Judged?.Assertions.FirstOrDefault(verdict => verdict.Id == assertion.Id)?.Holds,
        }),
        PlanVersion = view.Plan?.Version,
        Tasks = view.Tasks.Select(task => new { task.Task.Id, task.State, task.Round, Intent = BuildText.Subject(task.Task), task.Reason }),
        Findings = view.Findings.Select(record => new
        {
            record.Id,
            record.Reviewer,
            record.Finding.File,
            record.Finding.Line,
            record.Finding.Priority,
            record.Finding.Claim,
            record.Blocks,
            record.State,
        }),
        view.Ended?.Commit,
        view.Ended?.Branch,
        view.Ended?.Evidence,
        view.Ended?.PullRequest,
        Report = report,
    };

    private static RunLine Of(BuildView view, Assertion assertion)
    {
        var verdict = view.Judged?.Assertions.FirstOrDefault(judged => judged.Id == assertion.Id);
        return verdict switch
        {
            { Holds: true } => new RunLine(assertion.Id, $"verified: {assertion.Says}", Tone.Good),
            { Holds: false } => new RunLine(assertion.Id, $"doesn't hold: {assertion.Says}: {verdict.Reason}", Tone.Bad),
            null when assertion.IsKept || view.Holding.Contains(assertion.Id) => new RunLine(assertion.Id, $"holds on the tip: {assertion.Says}"),
            null => new RunLine(assertion.Id, $"doesn't hold yet: {assertion.Says}", Tone.Dim),
        };
    }
}
