using System.Text;

namespace Godwit.Playbooks.Build;

/// <summary>The message of the one commit that a task becomes.</summary>
internal static class BuildMessage
{
    private const int LongestSubject = 72;

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
