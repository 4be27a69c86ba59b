using System.Text;
using Godwit.Playbooks.Review;

namespace Godwit.Playbooks.Build;

/// <summary>The message of the one commit that a task becomes.</summary>
internal static class BuildMessage
{
    private const int LongestSubject = 72;

    /// <summary>The title of a pull request: the goal's first sentence, cut where it is long.</summary>
    public static string Title(string goal)
    {
        var line = goal.Split('\n', 2)[0].Trim();
        return line.Length > LongestSubject ? line[..(LongestSubject - 3)].TrimEnd() + "..." : line;
    }

    /// <summary>The body of a pull request, as Markdown.</summary>
    public static string OfPullRequest(BuildGoal goal, IReadOnlyList<MergedWork> works, string commit)
    {
        var text = new StringBuilder($"{goal.Title.Trim()}\n\nVerified on a clean checkout of {commit}, by commands that nobody at work could change:\n\n");
        foreach (var assertion in goal.Acceptance)
        {
            var kind = assertion.IsKept ? " (held before)" : assertion.IsHidden ? " (hidden from agents)" : "";
            text.Append($"- **{assertion.Id}** {assertion.Says}{kind}\n");
        }

        text.Append("\n| task | agent | models | reviews | findings mended |\n|---|---|---|---|---|\n");
        foreach (var work in works.Where(work => !work.IsContract))
        {
            var mended = work.Findings.Count(finding => finding is { Blocks: true, State: FindingState.Closed });
            text.Append($"| {work.Task} | {work.Agent} | {string.Join(", ", work.Models)} | {work.Reviewers.Count} | {mended} |\n");
        }

        return text.Append("\nEach commit is signed by its agent; the run's evidence can be checked with `godwit verify`.\n").ToString();
    }

    public static string Of(PlannedTask task, QueuedChange change, WorkResult result)
    {
        var subject = change.IsContract
            ? $"Contracts of {task.Id}: {string.Join(", ", task.Provides.Select(one => one.Name))}"
            : BuildText.Subject(task, LongestSubject);
        var text = new StringBuilder(subject).Append("\n\n");
        if (!change.IsContract && task.Intent.Trim().TrimEnd('.') != subject)
        {
            text.Append(task.Intent.Trim()).Append("\n\n");
        }

        if (result.HandOff.Claims.Trim() is { Length: > 0 } claims)
        {
            text.Append("The agent says of it: ").Append(claims.ReplaceLineEndings("\n")).Append("\n\n");
        }

        text.Append("Godwit-Task: ").Append(task.Id).Append('\n');
        text.Append("Godwit-Agent: ").Append(result.HandOff.Agent).Append('\n');
        foreach (var model in result.HandOff.Models)
        {
            text.Append("Godwit-Model: ").Append(model).Append('\n');
        }

        foreach (var reviewer in result.Reviewers.Distinct())
        {
            text.Append("Godwit-Reviewer: ").Append(reviewer).Append('\n');
        }

        return text.ToString();
    }
}
