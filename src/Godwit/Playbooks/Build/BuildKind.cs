using Godwit.Durable.Journal;
using Godwit.Goals;
using Godwit.Sandbox;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Build;

/// <summary>Runs that build what a goal asks for.</summary>
public sealed class BuildKind : GoalKind
{
    // git merge-tree --write-tree is of 2.38 (RelNotes/2.38.0).
    private static readonly Version OldestGit = new(2, 38);

    /// <inheritdoc/>
    public override string Name => "build";

    /// <inheritdoc/>
    public override IReadOnlyList<GoalKey> Keys => BuildKeys.All;

    /// <inheritdoc/>
    public override Goal Read(YamlMap root, string folder) => BuildGoalReader.Read(root, folder);

    /// <inheritdoc/>
    public override Goal WithBudget(Goal goal, BudgetOptions budget)
    {
        var build = (BuildGoal)goal;
        return budget.Trials is not null
            ? throw new ArgumentException("a goal of playbook 'build' has no trials; leave --trials out")
            : build with { Seconds = budget.Seconds ?? build.Seconds, Dollars = budget.Dollars ?? build.Dollars };
    }

    /// <inheritdoc/>
    public override bool HasAgents(Goal goal) => true;

    /// <inheritdoc/>
    public override async Task<IReadOnlyList<GoalFinding>> CheckAsync(
        Goal goal, SourceRepository source, SandboxKind sandbox, CancellationToken cancellation)
    {
        var findings = new List<GoalFinding>();
        if (await OldGitAsync(cancellation) is { } old)
        {
            findings.Add(new GoalFinding(true, old));
        }

        if (((BuildGoal)goal).OpensPullRequest && await ForgePullRequests.ProblemAsync(source, cancellation) is { } problem)
        {
            findings.Add(new GoalFinding(true, problem));
        }

        var uncommitted = await source.UncommittedAsync(cancellation);
        if (uncommitted.Count > 0)
        {
            var more = uncommitted.Count > 3 ? $" and {uncommitted.Count - 3} more" : "";
            findings.Add(new GoalFinding(false, $"the run starts from the last commit; not in it: {string.Join(", ", uncommitted.Take(3))}{more}"));
        }

        var changeable = Changeable((BuildGoal)goal, path => File.Exists(Path.Combine(source.Root, path)));
        return [.. findings, .. changeable.Select(message => new GoalFinding(true, message))];
    }

    /// <summary>Requires a git that can merge without a checkout.</summary>
    /// <exception cref="GitException">This machine's is too old.</exception>
    internal static async Task RequireGitAsync(CancellationToken cancellation)
    {
        if (await OldGitAsync(cancellation) is { } old)
        {
            throw new GitException(old);
        }
    }

    private static async Task<string?> OldGitAsync(CancellationToken cancellation) =>
        await SourceRepository.GitVersionAsync(cancellation) is { } git && git < OldestGit
            ? $"this machine's git is {git}, and merging without a checkout needs {OldestGit} or newer; install a newer one"
            : null;

    /// <summary>What is wrong with files that accept the work: tasks could change them, or agents would see what is hidden.</summary>
    /// <param name="goal">The goal.</param>
    /// <param name="exists">Whether there is such a file, from the top of the repository.</param>
    internal static IEnumerable<string> Changeable(BuildGoal goal, Func<string, bool> exists)
    {
        var (scope, closed) = (new Glob(goal.Scope), new Glob([.. goal.Protected, .. goal.Hidden, .. goal.Tests]));
        var hidden = new Glob(goal.Hidden);
        foreach (var assertion in goal.Acceptance)
        {
            foreach (var (local, path) in FilesIn(goal, assertion.Run))
            {
                if (!exists(path))
                {
                    continue;
                }

                if (assertion.IsHidden && !hidden.Matches(path))
                {
                    yield return $"{assertion.Id} is hidden, and runs {local}, which agents can read; name it under 'hidden'";
                }
                else if (scope.Matches(path) && !closed.Matches(path))
                {
                    yield return $"{assertion.Id} runs {local}, which tasks may change; name it under 'protected', or leave it out of 'scope'";
                }
            }
        }
    }

    /// <summary>What could be files among a command's words, from where commands start and from the top of the repository.</summary>
    internal static IEnumerable<(string Local, string Path)> FilesIn(BuildGoal goal, string command)
    {
        foreach (var word in command.Split([' ', '\t', '\n', '"', '\'', ';', '&', '|', '(', ')', '<', '>'], StringSplitOptions.RemoveEmptyEntries))
        {
            var local = word.StartsWith("./", StringComparison.Ordinal) ? word[2..] : word;
            yield return (local, goal.Folder.Length == 0 ? local : $"{goal.Folder}/{local}");
        }
    }

    /// <inheritdoc/>
    public override string InWords(Goal goal)
    {
        var count = ((BuildGoal)goal).Acceptance.Count;
        return $"accepted by {count} {(count == 1 ? "assertion" : "assertions")}";
    }

    /// <inheritdoc/>
    public override IEnumerable<RunLine> Plan(Goal goal) => BuildText.Plan((BuildGoal)goal);

    /// <inheritdoc/>
    public override async Task<RunHost> StartAsync(RunStart start, CancellationToken cancellation) =>
        await BuildHost.StartAsync(start, (BuildGoal)start.Goal, cancellation);

    /// <inheritdoc/>
    public override Task<RunHost> ResumeAsync(RunResume resume, CancellationToken cancellation) =>
        BuildHost.OpenAsync(resume, resume.Input<BuildInput>(Name), (_, services) => new BuildPlaybook(services).Catalogue());

    /// <inheritdoc/>
    public override RunView View(JournalReader reader) => new BuildView(reader);
}
