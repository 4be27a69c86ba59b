using System.Globalization;
using System.Text.RegularExpressions;
using Godwit.Verification;

namespace Godwit.Playbooks.Build;

/// <summary>Says all that is wrong with a plan at once.</summary>
internal static partial class PlanCheck
{
    /// <summary>The part of a run's money that no task may be given: for conflicts, later rounds and other plans.</summary>
    public const double Pool = 0.15;

    private const double Rounding = 1e-6;

    /// <summary>Every mistake, each with how to mend it; empty for a plan that can be carried out.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="goal">What it is for.</param>
    public static IReadOnlyList<string> ProblemsOf(BuildPlan plan, BuildGoal goal)
    {
        List<string> shape = [.. OfShape(plan, goal)];
        return shape.Count > 0 ? shape : [.. OfOrder(plan), .. OfContracts(plan), .. OfScopes(plan, goal), .. OfAssertions(plan, goal), .. OfMoney(plan)];
    }

    private static IEnumerable<string> OfShape(BuildPlan plan, BuildGoal goal)
    {
        if (plan.Tasks.Count == 0)
        {
            yield return "there is no task";
        }

        if (plan.Tasks.Count > goal.MostTasks)
        {
            yield return $"there are {plan.Tasks.Count} tasks, and the budget is for {goal.MostTasks}: make them larger";
        }

        foreach (var task in plan.Tasks.Where(task => !Id().IsMatch(task.Id)))
        {
            yield return $"'{task.Id}' is no id: write T and a number, such as T1";
        }

        foreach (var twice in plan.Tasks.CountBy(task => task.Id).Where(pair => pair.Value > 1))
        {
            yield return $"there are {twice.Value} tasks {twice.Key}";
        }

        foreach (var task in plan.Tasks)
        {
            if (string.IsNullOrWhiteSpace(task.Intent))
            {
                yield return $"{task.Id} has no intent: say all that its worker has to know";
            }

            if (task.Scope.Count == 0)
            {
                yield return $"{task.Id} has no scope: name the paths that it changes";
            }

            foreach (var glob in task.Scope.Concat(task.Provides.SelectMany(contract => contract.Files)).Where(IsOutside))
            {
                yield return $"{task.Id}: '{glob}' must be a path or a glob from the top of the repository, without '..'";
            }

            if (task.Checks.Count == 0 && task.Asserts.Count == 0)
            {
                yield return $"{task.Id} has neither a check nor an assertion: nothing would tell when it is done";
            }
        }
    }

    private static IEnumerable<string> OfOrder(BuildPlan plan)
    {
        var ids = plan.Tasks.Select(task => task.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var task in plan.Tasks)
        {
            foreach (var unknown in task.Depends.Where(id => !ids.Contains(id)))
            {
                yield return $"{task.Id} depends on {unknown}, which there isn't";
            }
        }

        if (Stuck(plan) is { Count: > 0 } stuck && plan.Tasks.All(task => task.Depends.All(ids.Contains)))
        {
            yield return $"{string.Join(", ", stuck)} would never start or end: they wait for each other";
        }
    }

    private static IEnumerable<string> OfContracts(BuildPlan plan)
    {
        var provided = plan.Tasks.SelectMany(task => task.Provides, (task, contract) => (Task: task, Contract: contract)).ToList();
        foreach (var twice in provided.GroupBy(one => one.Contract.Name).Where(group => group.Count() > 1))
        {
            yield return $"contract '{twice.Key}' is provided by {string.Join(" and ", twice.Select(one => one.Task.Id))}; one must own it";
        }

        foreach (var (task, contract) in provided)
        {
            if (contract.Files.Count == 0)
            {
                yield return $"{task.Id}: contract '{contract.Name}' names no files";
            }
            else if (new GlobLanguage(contract.Files).Beyond(new GlobLanguage(task.Scope)) is { } outside)
            {
                yield return $"{task.Id}: contract '{contract.Name}' has files outside of its task's scope, such as {outside}";
            }
        }

        foreach (var task in plan.Tasks)
        {
            foreach (var need in task.Needs.Where(need => !provided.Exists(one => one.Contract.Name == need)))
            {
                yield return $"{task.Id} needs contract '{need}', which nobody provides";
            }

            foreach (var own in task.Needs.Where(need => task.Provides.Any(contract => contract.Name == need)))
            {
                yield return $"{task.Id} needs contract '{own}', which it provides itself";
            }
        }
    }

    private static IEnumerable<string> OfScopes(BuildPlan plan, BuildGoal goal)
    {
        var allowed = new GlobLanguage(goal.Scope);
        (string What, GlobLanguage Paths)[] closed =
        [
            ("is protected: it accepts the work", new GlobLanguage(goal.Protected.Concat(goal.Hidden))),
            ("is a manifest, which is in nobody's scope: ask for a package instead", new GlobLanguage(goal.Manifests)),
        ];
        var scopes = plan.Tasks.ToDictionary(task => task.Id, task => new GlobLanguage(task.Scope));
        foreach (var task in plan.Tasks)
        {
            if (scopes[task.Id].Beyond(allowed) is { } outside)
            {
                yield return $"{task.Id}: its scope goes beyond the goal's, which is {string.Join(", ", goal.Scope)}, with paths such as {outside}";
            }

            foreach (var (what, paths) in closed)
            {
                if (scopes[task.Id].Common(paths) is { } path)
                {
                    yield return $"{task.Id}: {path} in its scope {what}";
                }
            }
        }

        for (var first = 0; first < plan.Tasks.Count; first++)
        {
            for (var second = first + 1; second < plan.Tasks.Count; second++)
            {
                var (one, other) = (plan.Tasks[first], plan.Tasks[second]);
                if (!plan.Above(one).Contains(other.Id)
                    && !plan.Above(other).Contains(one.Id)
                    && scopes[one.Id].Common(scopes[other.Id]) is { } path)
                {
                    yield return $"{one.Id} and {other.Id} could run at once, and both have {path} in their scope: give it to one, or let one " +
                        $"depend on the other";
                }
            }
        }
    }

    private static IEnumerable<string> OfAssertions(BuildPlan plan, BuildGoal goal)
    {
        var ids = goal.Acceptance.Select(assertion => assertion.Id).ToList();
        var owners = plan.Tasks.SelectMany(task => task.Asserts.Distinct(), (task, id) => (Task: task.Id, Id: id))
            .ToLookup(one => one.Id, one => one.Task);
        foreach (var unknown in owners.Where(group => !ids.Contains(group.Key)))
        {
            yield return $"{string.Join(" and ", unknown)}: there is no assertion {unknown.Key}; there are {string.Join(", ", ids)}";
        }

        foreach (var assertion in goal.Acceptance)
        {
            var count = owners[assertion.Id].Count();
            if (assertion.IsKept && count > 0)
            {
                yield return $"{string.Join(" and ", owners[assertion.Id])}: {assertion.Id} holds on the base already, and belongs to the whole run";
            }
            else if (!assertion.IsKept && count != 1)
            {
                yield return count == 0
                    ? $"nobody owns {assertion.Id} ('{assertion.Says}'): give it to the task after which it holds"
                    : $"{assertion.Id} is owned by {string.Join(" and ", owners[assertion.Id])}: give it to the one after which it holds";
            }
        }
    }

    private static IEnumerable<string> OfMoney(BuildPlan plan)
    {
        foreach (var task in plan.Tasks.Where(task => task.Share is <= 0 or > 1))
        {
            yield return string.Create(
                CultureInfo.InvariantCulture, $"{task.Id}: its share of the money is {task.Share:0.###}, and must be above 0 and at most {1 - Pool:0.##}");
        }

        var sum = plan.Tasks.Sum(task => Math.Max(0, task.Share));
        if (sum > 1 - Pool + Rounding)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"the shares make {sum:0.###}, and may make {1 - Pool:0.##}: the rest is kept for conflicts, later rounds and other plans");
        }
    }

    /// <summary>
    /// The tasks that would wait for each other: a task's contracts are landed when what it depends on is merged, and the rest of its
    /// work begins when the contracts that it needs are there.
    /// </summary>
    private static List<string> Stuck(BuildPlan plan)
    {
        var (landed, merged) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        for (var before = -1; before != landed.Count + merged.Count;)
        {
            before = landed.Count + merged.Count;
            foreach (var task in plan.Tasks.Where(task => task.Depends.All(merged.Contains)))
            {
                landed.Add(task.Id);
                if (task.Needs.All(need => plan.ProviderOf(need) is not { } provider || landed.Contains(provider.Id)))
                {
                    merged.Add(task.Id);
                }
            }
        }

        return [.. plan.Tasks.Select(task => task.Id).Where(id => !merged.Contains(id))];
    }

    private static bool IsOutside(string glob) => glob.Length == 0 || glob.StartsWith('/') || glob.Split('/').Contains("..");

    [GeneratedRegex("^T[1-9][0-9]{0,3}$")]
    private static partial Regex Id();
}
