using System.Globalization;
using System.Text;
using Godwit.Playbooks.Review;
using Godwit.Verification;

namespace Godwit.Playbooks.Build;

/// <summary>
/// The words that the agents of this playbook are given. Nothing in them depends on what ran when: no commit, no time, no order.
/// </summary>
internal static class BuildPrompt
{
    private const int MostFiles = 400;
    private const int LongestPatch = 24_000;

    /// <summary>What becomes of a worker's files.</summary>
    public const string Gated = "checked, reviewed and merged";

    /// <summary>What becomes of what a planner or a reviewer has in its folder.</summary>
    public const string ThrownAway = "thrown away, and what you submit is checked";

    /// <summary>What a planner is asked for.</summary>
    /// <param name="goal">The goal.</param>
    /// <param name="files">The repository's files.</param>
    /// <param name="before">What was merged and what went wrong under the plan before; null for the first plan.</param>
    public static string ForPlanner(BuildGoal goal, IReadOnlyList<string> files, string? before)
    {
        var text = new StringBuilder($"Plan this work for agents that can't see each other, and write none of it yourself:\n\n{goal.Title}\n");
        text.Append("\n## What accepts it\n\n");
        foreach (var assertion in goal.Acceptance)
        {
            text.Append(Words(assertion)).Append('\n');
        }

        AppendChecks(text, goal);
        text.Append("\n## The repository\n\n");
        text.AppendJoin('\n', files.Count > MostFiles ? Folders(files) : files).Append(files.Count == 0 ? "(empty)\n" : "\n");
        var within = goal.Scope is ["."] ? "" : $"Scopes lie within: {string.Join(", ", goal.Scope)}.";
        text.Append(
            CultureInfo.InvariantCulture,
            $"""

            ## How to split it

            - At most {goal.MostTasks} tasks, and fewer where that does: each is an agent that starts with nothing but what you write.
            - Tasks that could run at once must not have a path in common; what has to be changed by two is one task, or one depends on
              the other. Only what is in a task's scope is taken of its work. {within}
            - Where a task builds on another's interface, let that one provide it as a contract (an interface, a stub, a contract test):
              it is landed first, and both work on it at once.
            - Give each task checks that fail for its own work alone and can fail one by one, such as the tests of one file. A check that
              covers everything makes all of them fight over one fault.
            - Each assertion that isn't kept already belongs to exactly one task: the one after which it holds.
            - Shares of the money: together at most {1 - PlanCheck.Pool:0.##}.

            """);
        text.Append(before is null ? "" : $"\n## What was before\n\n{before}\n");
        return text.ToString();
    }

    /// <summary>The folders of many files, three levels deep, with how many there are in each.</summary>
    internal static IEnumerable<string> Folders(IReadOnlyList<string> files)
    {
        const int Levels = 3;
        var folders = files.CountBy(file => string.Join('/', file.Split('/').SkipLast(1).Take(Levels))).ToList();
        yield return string.Create(CultureInfo.InvariantCulture, $"{files.Count} files; 'list' and 'search' show them. By folder:");
        foreach (var (folder, count) in folders.Take(MostFiles))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{(folder.Length == 0 ? "." : folder)}/ {count}");
        }
    }

    /// <summary>What a worker is asked for.</summary>
    public static string ForWorker(WorkInput input)
    {
        var (goal, task) = (input.Goal, input.Task);
        var text = new StringBuilder();
        if (input.IsContract)
        {
            var files = task.Provides.SelectMany(contract => contract.Files);
            text.Append(
                "Write only what others will build on: the interfaces, stubs or contract tests below, complete and exact, so that " +
                "others can work on them while the rest is being written. Nothing else is taken of your work now.\n\n");
            text.Append("Contracts: ").AppendJoin("; ", task.Provides.Select(one => $"{one.Name} in {string.Join(", ", one.Files)}"));
            text.Append($"\n\nThe whole task, of which this is the first part:\n\n{task.Intent}\n");
        }
        else
        {
            text.Append(task.Intent).Append('\n');
        }

        text.Append($"\nIt is a part of: {goal.Title}\n");
        if (input.Contracts.Count > 0)
        {
            text.Append("\nYou build on these files, which others own and which you leave as they are: ")
                .AppendJoin(", ", input.Contracts)
                .Append('\n');
        }

        if (!input.IsContract)
        {
            var owned = goal.Acceptance.Where(assertion => task.Asserts.Contains(assertion.Id)).ToList();
            if (owned.Count > 0)
            {
                text.Append("\n## What must hold when you are done\n\n").AppendJoin('\n', owned.Select(Words)).Append('\n');
            }

            if (task.Checks.Count > 0)
            {
                text.Append("\n## What must exit 0 when you are done\n\n").AppendJoin('\n', task.Checks.Select(check => $"- {check}")).Append('\n');
            }
        }

        AppendChecks(text, goal);
        text.Append(input.Feedback is null ? "" : $"\n## Why it isn't done yet\n\n{input.Feedback}\n");
        return text.ToString();
    }

    /// <summary>What holds for a worker beside its task.</summary>
    public static IReadOnlyList<string> ConstraintsOf(IReadOnlyList<string> scope, BuildGoal goal) =>
    [
        $"Only files that match these are taken of your work: {string.Join(", ", scope)}. Whatever else you change is put back.",
        "Whether it is done is decided by commands that you can't change, on a clean checkout with your files on top.",
        .. OldTests(goal),
    ];

    private static IEnumerable<string> OldTests(BuildGoal goal) => goal.Tests.Count == 0 ? []
        : [$"Tests that are there already ({string.Join(", ", goal.Tests)}) stay as they are; add new ones beside them."];

    /// <summary>What a reviewer is asked for.</summary>
    /// <param name="input">The work.</param>
    /// <param name="harvest">What was done.</param>
    /// <param name="ledger">What was found before; empty for the first review.</param>
    public static string ForReviewer(WorkInput input, Harvest harvest, IReadOnlyList<FindingRecord> ledger)
    {
        var owned = input.Goal.Acceptance.Where(assertion => input.Task.Asserts.Contains(assertion.Id)).ToList();
        var holds = owned.Count == 0 ? "" : $"\nIt must make hold:\n{string.Join('\n', owned.Select(Words))}\n";
        return ForReviewer(
            "another agent", $"## The task\n\n{input.Task.Intent}\n\nIts files: {string.Join(", ", input.Task.Scope)}\n{holds}", harvest, ledger);
    }

    /// <summary>What a reviewer is asked for.</summary>
    /// <param name="author">Who made the change.</param>
    /// <param name="task">What the change is for, as a chapter.</param>
    /// <param name="harvest">The change.</param>
    /// <param name="ledger">What was found before; empty for the first review.</param>
    public static string ForReviewer(string author, string task, Harvest harvest, IReadOnlyList<FindingRecord> ledger)
    {
        var text = new StringBuilder(
            $"Review a change that {author} has made; your files are as they are with it. Look for what is wrong in use: a crash, lost " +
            "data, an injection, a wrong result, a promise of the task that isn't kept. Show each with a command that exits 0 where it is " +
            "right and otherwise where it is wrong; it is run three times on clean checkouts of before and after. Style, names and what was " +
            "there before are no findings. Open every file that the change has changed.\n");
        text.Append($"\n{task}");
        if (ledger.Count > 0)
        {
            text.Append("\n## What was found before\n\n");
            foreach (var record in ledger)
            {
                var standing = record switch
                {
                    { State: FindingState.Closed } => "mended: its command passes now",
                    { State: FindingState.Withdrawn } => "taken back",
                    { Blocks: true } => "open, and blocks",
                    _ => $"doesn't block: {record.Reason}",
                };
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"- {record.Id} ({record.Finding.Priority}, {standing}) {record.Finding.File}:{record.Finding.Line}: {record.Finding.Claim}\n");
            }

            text.Append("\nDon't report these again; name in 'withdrawn' those of which you now think that they are wrong.\n");
        }

        var patch = harvest.Patch.Length > LongestPatch ? harvest.Patch[..LongestPatch] + "\n... (cut; the rest is in your files)" : harvest.Patch;
        return text.Append($"\n## The change\n\n```diff\n{patch}\n```\n").ToString();
    }

    /// <summary>What a second reviewer is asked about a finding of a first.</summary>
    /// <param name="task">What the change is for.</param>
    /// <param name="finding">The finding.</param>
    public static string ForConfirming(string task, Finding finding) =>
        $"""
        Another reviewer says of a change that it is wrong; your files are as they are with it. Find out whether that is so: look at the
        code, and run what shows it. The command below fails with the change, and can't be run on what was there before.

        The task: {task}

        The finding ({finding.Priority}), {finding.File}:{finding.Line}: {finding.Claim}
        What makes it show: {finding.Trigger}
        The command: {finding.Command}
        What it is said to break: {finding.Cites}

        Confirm it only where the claim is right, the command shows it, and what is cited really asks for it.
        """;

    /// <summary>What a gate saw, for a worker.</summary>
    public static string OfGate(CheckVerdict refusal) => $"On a clean checkout with your files on top: {refusal.Reason}";

    /// <summary>Changes that no check notices, for a worker.</summary>
    public static string OfMutants(IEnumerable<Mutant> survivors)
    {
        var text = new StringBuilder(
            "Nothing holds what you wrote: each of these changes was made alone, on a clean checkout, and every check still passed. Add tests of " +
            "what these lines do, where a check runs them; if one of them does nothing, leave it out.\n");
        foreach (var mutant in survivors)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{mutant.File}:{mutant.Line}\n- {mutant.Before.Trim()}\n+ {mutant.After.Trim()}\n");
        }

        return text.ToString();
    }

    /// <summary>Findings that have to be mended, for a worker.</summary>
    public static string OfFindings(IEnumerable<FindingRecord> blocking)
    {
        var text = new StringBuilder("A reviewer found, and a clean checkout has shown:\n");
        foreach (var record in blocking)
        {
            var finding = record.Finding;
            text.Append(
                CultureInfo.InvariantCulture,
                $"\n### {record.Id} ({finding.Priority}) {finding.File}:{finding.Line}\n\n{finding.Claim}\nWhat makes it show: {finding.Trigger}\n" +
                $"It is mended when this exits 0: {finding.Command}\n");
            foreach (var file in finding.Files)
            {
                text.Append($"with {file.Path}:\n```\n{file.Content}\n```\n");
            }
        }

        return text.ToString();
    }

    /// <summary>Where work met other work, for who brings them together.</summary>
    public static string OfConflict(IReadOnlyList<string> files, IEnumerable<PlannedTask> others) =>
        $"Your work and what was merged meanwhile changed the same places; git's marks (<<<<<<<, =======, >>>>>>>) stand in " +
        $"{string.Join(", ", files)}, the merged side first. Bring both together so that each does what it was for, and leave no mark.\n\n" +
        $"What was merged meanwhile was for:\n{string.Join('\n', others.Select(task => $"- {task.Intent}"))}";

    private static string Words(Assertion assertion) => assertion.IsHidden
        ? $"- {assertion.Id}{Kept(assertion)}: {assertion.Says} (its command is kept back)"
        : $"- {assertion.Id}{Kept(assertion)}: {assertion.Says}: `{assertion.Run}` must exit 0";

    private static string Kept(Assertion assertion) => assertion.IsKept ? " (holds already, and must go on doing so)" : "";

    private static void AppendChecks(StringBuilder text, BuildGoal goal)
    {
        text.Append(goal.Folder.Length == 0 ? "" : $"\nCommands start in {goal.Folder}; the file tools name files from the tree's top.\n");
        if (goal.Build is null && goal.Checks.Count == 0 && goal.Services.Count == 0)
        {
            return;
        }

        text.Append("\n## What is run on every tip\n\n");
        text.Append(goal.Build is null ? "" : $"- build: {goal.Build}\n");
        foreach (var check in goal.Checks)
        {
            text.Append($"- {check.Name}: {check.Run}\n");
        }

        foreach (var service in goal.Services)
        {
            var ready = service.Ready.Length == 0 ? "" : $", and can be used once this exits 0: {service.Ready}";
            text.Append($"- beside each of them runs {service.Name}, started anew: {service.Run}{ready} (in your own commands, start it yourself)\n");
        }
    }
}
