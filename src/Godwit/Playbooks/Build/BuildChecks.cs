namespace Godwit.Playbooks.Build;

/// <summary>Which commands are asked of which tree.</summary>
internal static class BuildChecks
{
    /// <summary>What a task's work is asked alone.</summary>
    public static IReadOnlyList<BuildCheck> OfTask(BuildGoal goal, PlannedTask task) =>
        [.. goal.Checks.Where(check => check.When == CheckTier.Each), .. OwnOf(task), .. Assertions(goal, task.Asserts)];

    /// <summary>What a tip is asked on which changes are stacked.</summary>
    /// <param name="goal">The goal.</param>
    /// <param name="held">Assertions that hold without them.</param>
    /// <param name="stacked">The tasks whose whole work is stacked.</param>
    public static IReadOnlyList<BuildCheck> OfTip(BuildGoal goal, IEnumerable<string> held, IReadOnlyList<PlannedTask> stacked) =>
    [
        .. goal.Checks.Where(check => check.When != CheckTier.Final),
        .. stacked.SelectMany(OwnOf).DistinctBy(check => check.Run),
        .. Assertions(goal, held.Concat(stacked.SelectMany(task => task.Asserts))),
    ];

    /// <summary>What has to be green on the base.</summary>
    public static IReadOnlyList<BuildCheck> OfBase(BuildGoal goal) => [.. goal.Checks, .. Assertions(goal, [])];

    /// <summary>All that is asked of the result.</summary>
    public static IReadOnlyList<BuildCheck> OfEnd(BuildGoal goal) =>
        [.. goal.Checks, .. goal.Acceptance.Select(AsCheck)];

    /// <summary>An assertion as a check.</summary>
    public static BuildCheck AsCheck(Assertion assertion) => new(assertion.Id, assertion.Run);

    private static IEnumerable<BuildCheck> OwnOf(PlannedTask task) =>
        task.Checks.Select((command, index) => new BuildCheck($"{task.Id} check {index + 1}", command));

    private static IEnumerable<BuildCheck> Assertions(BuildGoal goal, IEnumerable<string> ids) =>
        goal.Acceptance.Where(assertion => !assertion.IsHidden && (assertion.IsKept || ids.Contains(assertion.Id))).Select(AsCheck);
}
