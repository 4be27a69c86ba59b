using Godwit.Agents;
using Godwit.Playbooks.Build;

namespace Godwit.Tests.Playbooks.Build;

/// <summary>What a plan may not be; all that is wrong is said at once.</summary>
public sealed class PlanCheckTests
{
    private static readonly BuildGoal Goal = new()
    {
        Title = "g",
        Worker = new AgentSpec(),
        Planner = new AgentSpec(),
        Scope = ["src", "docs"],
        Protected = ["src/accept"],
        Manifests = ["src/package.json"],
        Acceptance = [new Assertion("A1", "one", "true"), new Assertion("A2", "two", "true"), new Assertion("A3", "old", "true") { IsKept = true }],
    };

    private static readonly PlannedTask One = new() { Id = "T1", Intent = "one", Scope = ["src/one"], Asserts = ["A1"], Share = 0.4 };
    private static readonly PlannedTask Two = new() { Id = "T2", Intent = "two", Scope = ["src/two"], Asserts = ["A2"], Share = 0.4 };

    [Fact]
    public void ProblemsOf_GoodPlan_None() => Assert.Empty(Problems(One, Two));

    [Fact]
    public void ProblemsOf_ContractsBothWays_None() => Assert.Empty(Problems(
        One with { Provides = [new PlannedContract("c1", ["src/one/api.txt"])], Needs = ["c2"] },
        Two with { Provides = [new PlannedContract("c2", ["src/two/api.txt"])], Needs = ["c1"] }));

    [Fact]
    public void ProblemsOf_SamePathInAChain_None() => Assert.Empty(Problems(One, Two with { Scope = ["src/one/**"], Depends = ["T1"] }));

    [Theory]
    [InlineData("T2 depends on T9")]
    [InlineData("would never start or end")]
    [InlineData("needs contract 'c9', which nobody provides")]
    [InlineData("needs contract 'c1', which it provides itself")]
    [InlineData("is provided by T1 and T2")]
    [InlineData("files outside of its task's scope, such as src/two")]
    [InlineData("names no files")]
    [InlineData("could run at once, and both have src/one")]
    [InlineData("goes beyond the goal's")]
    [InlineData("is protected")]
    [InlineData("is a manifest")]
    [InlineData("there is no assertion A9")]
    [InlineData("holds on the base already")]
    [InlineData("nobody owns A2")]
    [InlineData("A1 is owned by T1 and T2")]
    [InlineData("the shares make 1")]
    [InlineData("its share of the money is 0")]
    [InlineData("there are 2 tasks T1")]
    [InlineData("'task' is no id")]
    [InlineData("has no intent")]
    [InlineData("has no scope")]
    [InlineData("without '..'")]
    [InlineData("has neither a check nor an assertion")]
    [InlineData("there is no task")]
    [InlineData("the budget is for 12")]
    public void ProblemsOf_Mistake_IsNamed(string expected)
    {
        PlannedTask[] tasks = expected switch
        {
            "T2 depends on T9" => [One, Two with { Depends = ["T9"] }],
            "would never start or end" => [One with { Depends = ["T2"] }, Two with { Depends = ["T1"] }],
            "needs contract 'c9', which nobody provides" => [One, Two with { Needs = ["c9"] }],
            "needs contract 'c1', which it provides itself" => [One with { Provides = [new PlannedContract("c1", ["src/one"])], Needs = ["c1"] }, Two],
            "is provided by T1 and T2" =>
                [One with { Provides = [new PlannedContract("c", ["src/one"])] }, Two with { Provides = [new PlannedContract("c", ["src/two"])] }],
            "files outside of its task's scope, such as src/two" => [One with { Provides = [new PlannedContract("c", ["src/two"])] }, Two],
            "names no files" => [One with { Provides = [new PlannedContract("c", [])] }, Two],
            "could run at once, and both have src/one" => [One, Two with { Scope = ["src/*/x"] }],
            "goes beyond the goal's" => [One, Two with { Scope = ["lib"] }],
            "is protected" => [One, Two with { Scope = ["src/acc*/two"] }],
            "is a manifest" => [One, Two with { Scope = ["src/*.json"] }],
            "there is no assertion A9" => [One, Two with { Asserts = ["A2", "A9"] }],
            "holds on the base already" => [One, Two with { Asserts = ["A2", "A3"] }],
            "nobody owns A2" => [One, Two with { Asserts = [], Checks = ["true"] }],
            "A1 is owned by T1 and T2" => [One, Two with { Asserts = ["A1", "A2"] }],
            "the shares make 1" => [One with { Share = 0.5 }, Two with { Share = 0.5 }],
            "its share of the money is 0" => [One, Two with { Share = 0 }],
            "there are 2 tasks T1" => [One, Two with { Id = "T1" }],
            "'task' is no id" => [One, Two with { Id = "task" }],
            "has no intent" => [One, Two with { Intent = " " }],
            "has no scope" => [One, Two with { Scope = [] }],
            "without '..'" => [One, Two with { Scope = ["src/../etc"] }],
            "has neither a check nor an assertion" => [One, Two with { Asserts = [] }],
            "there is no task" => [],
            _ => [.. Enumerable.Range(1, 13).Select(number => One with { Id = $"T{number}" })],
        };
        Assert.Contains(Problems(tasks), problem => problem.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void ProblemsOf_SeveralMistakes_AreAllNamed()
    {
        var problems = Problems(One with { Needs = ["x"], Share = 0.9 }, Two with { Scope = ["lib"], Asserts = ["A9"] });
        Assert.True(problems.Count >= 5, string.Join('\n', problems));
    }

    [Fact]
    public void ProblemsOf_ContractOfATaskThatWaitsForTheOneThatNeedsIt_IsNamed() => Assert.Contains(
        Problems(One with { Needs = ["c"] }, Two with { Depends = ["T1"], Provides = [new PlannedContract("c", ["src/two"])] }),
        problem => problem.Contains("T1, T2 would never start or end", StringComparison.Ordinal));

    private static IReadOnlyList<string> Problems(params PlannedTask[] tasks) => PlanCheck.ProblemsOf(new BuildPlan { Tasks = tasks }, Goal);
}
