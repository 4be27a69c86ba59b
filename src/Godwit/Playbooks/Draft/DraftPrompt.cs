using System.Text;
using Godwit.Playbooks.Build;

namespace Godwit.Playbooks.Draft;

/// <summary>The words that a drafter is given.</summary>
internal static class DraftPrompt
{
    private const int MostFiles = 400;

    /// <summary>What may be written: the goal file, and commands that accept the work.</summary>
    public static IReadOnlyList<string> Scope(BuildGoal goal) =>
        [goal.Folder.Length == 0 ? GoalFileName : $"{goal.Folder}/{GoalFileName}", AcceptOf(goal.Folder)];

    /// <summary>Where the commands stand, below a goal's folder.</summary>
    public static string AcceptOf(string folder) => folder.Length == 0 ? "accept/**" : $"{folder}/accept/**";

    /// <summary>The goal file.</summary>
    public const string GoalFileName = "godwit.yaml";

    /// <summary>What holds beside the task.</summary>
    public static IReadOnlyList<string> Constraints(BuildGoal goal) =>
    [
        $"Only files that match these are taken of your work: {string.Join(", ", Scope(goal))}. Whatever else you change is put back.",
        "Write nothing of the work itself: others will, and they can't change what you write.",
    ];

    /// <summary>What is asked for.</summary>
    /// <param name="goal">The sentence is its title.</param>
    /// <param name="files">The repository's files.</param>
    /// <param name="before">The goal file that is there already; null for none.</param>
    /// <param name="feedback">Why the draft before wasn't taken; null for the first.</param>
    public static string For(BuildGoal goal, IReadOnlyList<string> files, string? before, string? feedback)
    {
        var text = new StringBuilder($"Somebody wants this built, and others will build it:\n\n{goal.Title}\n\n");
        text.Append(
            """
            Write down how to tell that it is done: commands that exit 0 when it is, and can't be fooled by work that only looks right. Read the
            repository first, and try your commands: on what is there now each must fail because the work is missing, and not because a command
            isn't found, a build is broken or no test ran.

            ## What to write

            - godwit.yaml, as below.
            - Programs in accept/ that it runs (make them executable, or name their interpreter): each checks one thing from outside, as a user would,
              says in a line what is wrong, and ends by itself within seconds. Start servers on a free port of 127.0.0.1 and stop them.
            - At least one assertion that the builders don't see, under accept/hidden, with `hidden: true`: a case that follows from the others' words.

            ```yaml
            goal: the sentence above, or better words for it
            playbook: build
            tests: ["tests/**"]             # where tests are, if there are any: those that are there stay as they are
            protected: [accept]
            hidden: [accept/hidden]
            build: make                     # only where something has to be built
            checks:                         # what passes already and must go on passing; leave it out where nothing does
              - {name: unit, run: python3 -m unittest discover -s tests -t .}
            acceptance:
              - {id: A1, says: "What must hold, in words", run: python3 accept/a1.py}
              - {id: A2, says: "What follows from it", run: python3 accept/hidden/a2.py, hidden: true}
              - {id: A3, says: "What holds already and must go on", run: python3 accept/a3.py, keep: true}
            ```

            """);
        text.Append("\n## The repository\n\n");
        text.AppendJoin('\n', files.Count > MostFiles ? BuildPrompt.Folders(files) : files).Append(files.Count == 0 ? "(empty)\n" : "\n");
        text.Append(before is null ? "" :
            $"""

            ## What was asked for before

            This is the {GoalFileName} that is there. Its assertions stay, each with `keep: true` and its command as it is; add new ones with new ids.

            ```yaml
            {before.TrimEnd()}
            ```

            """);
        text.Append(feedback is null ? "" : $"\n## Why it wasn't taken yet\n\n{feedback}\n");
        return text.ToString();
    }
}
