using System.Text;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Egress;
using Godwit.Goals;
using Godwit.Playbooks.Build;
using Godwit.Runs;
using Godwit.Sandbox;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Draft;

/// <summary>Tries drafts on a clean checkout of the base, with the draft's own setup and build.</summary>
internal sealed class DraftWorld(
    RunFolder folder, RunRepository repository, SandboxRunner sandbox, RunNetwork network, BuildGoal ground) : IDraftWorld
{
    // What a person decides and no draft.
    private static readonly string[] Reserved = ["agents", "budget", "sandbox", "network", "providers", "plan", "review", "seed", "deliver"];

    public async Task<DraftOutcome> TryAsync(DraftTry request, Attempt attempt, CancellationToken cancellation)
    {
        var path = ground.Folder.Length == 0 ? DraftPrompt.GoalFileName : $"{ground.Folder}/{DraftPrompt.GoalFileName}";
        if (await repository.FileAsync(request.Commit, path, cancellation) is not { } content)
        {
            return Refused($"there is no {path}");
        }

        var earlier = request.Before is { } before ? Read(before, out _) : null;
        if (Read(Encoding.UTF8.GetString(content), out var problems) is not { } goal)
        {
            return Refused([.. problems]);
        }

        var files = (await repository.FilesAsync(request.Commit, "", cancellation)).Select(file => file.Path).ToHashSet(StringComparer.Ordinal);
        List<string> wrong =
        [
            .. ProblemsOf(goal, earlier, ReservedIn(Encoding.UTF8.GetString(content))), .. Open(goal, files), .. BuildKind.Changeable(goal, files.Contains),
        ];
        if (wrong.Count > 0)
        {
            return Refused([.. wrong]);
        }

        // Each draft may set itself up in its own way.
        foreach (var left in (string[])["draft-setup", "draft-home"])
        {
            FileSystem.Remove(Path.Combine(folder.Trees, left));
        }

        // Nobody has read a setup that is new; what was there before is a person's.
        var mayAsk = goal.Setup == earlier?.Setup;
        using var trees = new BuildTrees(folder, repository, sandbox, mayAsk ? network : RunNetwork.None, goal, request.Commit, "draft-");
        using var gate = new SandboxGate(folder, repository, sandbox, trees, goal, request.Commit);
        var commands = new List<CommandRecord>();
        var (checks, acceptance) = await BaseGate.AskAsync(goal, request.Commit, async (_, question) =>
        {
            var asked = await gate.RunAsync(question, attempt, cancellation);
            commands.AddRange(asked.Commands);
            return asked;
        });
        IReadOnlyList<string> shown = BaseGate.ProblemOf(checks) is { } red ? [red] : [.. BaseGate.ProblemsOf(goal, acceptance)];
        if (shown.Count > 0 && !mayAsk)
        {
            shown = [.. shown, "a new 'setup' is tried without the network; leave it out if it needs that, and say so in your summary"];
        }

        return new DraftOutcome(shown, goal.Acceptance, commands) { Runs = [.. BuildText.Commands(goal)] };
    }

    private BuildGoal? Read(string content, out IReadOnlyList<string> problems)
    {
        var goal = GoalReader.Read(
            new GoalText(content, ground.Folder, ground.Name),
            root =>
            {
                if (root.Text("playbook") != "build")
                {
                    root.Problem("playbook", "'playbook' must be build");
                }

                return BuildGoalReader.Read(root, ground.Folder);
            },
            out var mistakes);
        problems = [.. mistakes.Select(mistake => mistake.At(DraftPrompt.GoalFileName))];
        return goal;
    }

    /// <summary>The keys in a goal file that a person decides on.</summary>
    private static List<string> ReservedIn(string content) =>
        YamlMap.Parse(content, [], null) is { } root ? [.. Reserved.Where(root.Has)] : [];

    private static IEnumerable<string> ProblemsOf(BuildGoal goal, BuildGoal? earlier, IReadOnlyList<string> reserved)
    {
        foreach (var key in earlier is null ? reserved : [])
        {
            yield return $"leave '{key}' out of {DraftPrompt.GoalFileName}: that is for the person to decide";
        }

        if (earlier is not null && !IsDecidedAlike(goal, earlier))
        {
            yield return $"leave {string.Join(", ", Reserved)} as they are in {DraftPrompt.GoalFileName}: that is for the person to decide";
        }

        if (goal.Acceptance.All(assertion => assertion.IsKept))
        {
            yield return "no assertion is new: at least one must be red now, and green when the work is done";
        }

        if (earlier is not null)
        {
            var closed = earlier.Protected.Concat(earlier.Hidden).Except([.. goal.Protected, .. goal.Hidden]).Concat(earlier.Tests.Except(goal.Tests));
            foreach (var glob in closed)
            {
                yield return $"'{glob}' was closed to tasks before: keep it where it stands";
            }

            foreach (var check in earlier.Checks.Except(goal.Checks))
            {
                yield return $"check {check.Name} was there before: keep it as it is";
            }
        }

        // What was promised before has to stay promised.
        foreach (var assertion in earlier?.Acceptance ?? [])
        {
            var now = goal.Acceptance.FirstOrDefault(one => one.Id == assertion.Id);
            if (now is null || now.Run != assertion.Run || !now.IsKept)
            {
                yield return $"{assertion.Id} was promised before: keep it, with `keep: true` and the command '{assertion.Run}'";
            }
        }
    }

    private static bool IsDecidedAlike(BuildGoal goal, BuildGoal earlier) =>
        goal.Workers.SequenceEqual(earlier.Workers) && goal.Planner == earlier.Planner && goal.Reviewer == earlier.Reviewer
            && (goal.Dollars, goal.Tokens, goal.Seconds, goal.MostTasks, goal.PlansAlone, goal.Seed)
                == (earlier.Dollars, earlier.Tokens, earlier.Seconds, earlier.MostTasks, earlier.PlansAlone, earlier.Seed)
            && Canonical.Serialize(goal.Network).AsSpan().SequenceEqual(Canonical.Serialize(earlier.Network)) && goal.Providers.SequenceEqual(earlier.Providers)
            && goal.Read.SequenceEqual(earlier.Read) && goal.OpensPullRequest == earlier.OpensPullRequest;

    /// <summary>Files in accept/ that tasks could change.</summary>
    private IEnumerable<string> Open(BuildGoal goal, IEnumerable<string> files)
    {
        var (accept, closed) = (new Glob([DraftPrompt.AcceptOf(ground.Folder)]), new Glob([.. goal.Protected, .. goal.Hidden]));
        return files.Where(file => accept.Matches(file) && !closed.Matches(file)).Take(1)
            .Select(file => $"{file} accepts the work, and tasks could change it: name 'accept' under 'protected'");
    }

    private static DraftOutcome Refused(params IReadOnlyList<string> problems) => new(problems, [], []);
}
