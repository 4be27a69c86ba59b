using Godwit.Durable;
using Godwit.Agents;
using Godwit.Goals;
using Godwit.Playbooks;
using Godwit.Playbooks.Optimise;

namespace Godwit.Tests.Playbooks.Optimise;

public sealed class GoalReaderTests
{
    private const string Good = """
        goal: Faster
        playbook: optimize
        editable: [settings.json]
        measure: {command: ./bench, metric: m, direction: minimise, timeout: 500ms}
        constraints: [a == b]
        parameters:
          file: settings.json
          space:
            mode: {type: choice, values: [x, y]}
            size: {type: int, low: 1, high: 10, scale: log, when: mode == x}
          try: [{mode: y}]
        budget: {trials: 5, time: 2m}
        claim: {minimum_effect: 7%, confidence: 0.9}
        seed: 4
        """;

    [Fact]
    public void Read_WholeFile_IsUnderstood()
    {
        var goal = Read(Good, "sub", "name", out var problems);
        Assert.Empty(problems);
        Assert.Equal(
            (5, 120, 0.07, 0.9, 4UL, false),
            (goal!.Trials, goal.Seconds, goal.MinimumEffect, goal.Confidence, goal.Seed, goal.Harness.Maximise));
        Assert.Equal(TimeSpan.FromMilliseconds(500), goal.Harness.Timeout);
        Assert.Equal(2, goal.Parameters!.Space.Count);
    }

    [Fact]
    public void Read_ManyMistakes_AllAtOnceWithTheirPlaces()
    {
        const string Bad = """
            goal: Faster
            playbok: optimise
            editable: [other.json]
            measure: {command: ./bench, metric: m, direction: sideways, timeout: soon}
            parameters:
              file: settings.json
              space:
                mode: {type: choice, values: [x]}
                size: {type: int, low: 10, high: 1}
                rate: {type: real, low: 0, high: 1, scale: log}
                what: {type: fish}
              try: [{nobody: 1}]
            budget: {trials: -3}
            claim: {minimum_effect: lots}
            """;
        Assert.Null(Read(Bad, "", "n", out var problems));
        var told = problems.Select(problem => problem.At("g.yaml")).ToList();
        foreach (var expected in (string[])[
            "g.yaml:2:1: 'playbok' means nothing here; did you mean 'playbook'?",
            "g.yaml:4:51: 'measure.direction' is 'sideways', and must be maximise or minimise",
            "g.yaml:4:70: 'measure.timeout' is 'soon'",
            "g.yaml:6:9: 'parameters.file' is settings.json, which 'editable' doesn't allow",
            "a choice needs at least two values",
            "'high' is 1, which isn't above 'low' (10)",
            "a log scale needs 'low' above 0",
            "there is no type 'fish'",
            "'nobody' in 'parameters.try' is no parameter of the space",
            "'budget.trials' is '-3'",
            "'claim.minimum_effect' is 'lots'"])
        {
            Assert.Contains(told, line => line.Contains(expected, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("", "one YAML mapping")]
    [InlineData("- a\n- b", "one YAML mapping")]
    [InlineData("goal: [", "this is no YAML")]
    [InlineData("goal: x\nmeasure: {command: ./m, metric: ops", "this is no YAML")]
    [InlineData("goal: x\n[a]: y", "a name is one word")]
    public void Read_NoGoalAtAll_OneProblem(string text, string expected)
    {
        Assert.Null(Read(text, "", "n", out var problems));
        Assert.Contains(expected, Assert.Single(problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ProgramWithLimitsOfTheLoop_IsTold()
    {
        Assert.Null(
            Read(
                "goal: g\neditable: [a]\nmeasure: {command: c, metric: m}\nagents: {program: codex, turns: 3, time: 5m}\n", "",
                "n", out var problems));
        Assert.Contains(
            "g.yaml:4:33: 'agents.turns' is for Godwit's own loop, and codex has one of its own", problems.Single().At("g.yaml"),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Read_SeveralAgents_EachHasItsOwnNameAndShare()
    {
        var goal = Read(
            "goal: g\neditable: [a]\nmeasure: {command: c, metric: m}\nagents:\n- {turns: 3, share: 0.2}\n- {role: second}\n- " +
            "{program: codex}\nbudget: {agents: 9}\n",
            "", "n", out var problems)!;
        Assert.Empty(problems);
        Assert.Equal(["worker", "second", "codex"], goal.Agents.Select(agent => agent.Name));
        Assert.Equal(9, goal.MostAgents);
        var shares = Proposers.First(goal, space: null, hasOutside: false);
        Assert.Equal(1, shares.Values.Sum(), 9);
        Assert.Equal(shares["second"], shares["codex"], 9);
        Assert.Equal(0.2, shares["worker"], 9);
    }

    [Theory]
    [InlineData("[{role: a, share: 0.8}, {role: b}]", "{x: {type: boolean}, y: {type: boolean}}", "a 0.800, b 0.100, cma-es 0.033, tpe 0.067")]
    [InlineData("[{role: a}, {role: b}]", "{x: {type: boolean}, y: {type: boolean}}", "a 0.250, b 0.250, cma-es 0.167, tpe 0.333")]
    [InlineData("{program: codex}", "{x: {type: boolean}}", "codex 0.500, tpe 0.500")]
    public void First_Shares_AreAllAboveZeroAndMakeOne(string agents, string space, string expected)
    {
        var goal = Read(
            $"goal: g\neditable: [a]\nmeasure: {{command: c, metric: m}}\nagents: {agents}\nparameters: {{file: a, space: {space}}}\n",
            "", "n", out _)!;
        var shares = Proposers.First(goal, new Godwit.Search.SearchSpace(goal.Parameters!.Space, []), hasOutside: false);
        Assert.Equal(
            expected,
            string.Join(
                ", ",
                shares.OrderBy(share => share.Key, StringComparer.Ordinal).Select(
                    share => FormattableString.Invariant($"{share.Key} {share.Value:0.000}"))));
    }

    [Theory]
    [InlineData("[{role: a}, {role: a}]", "g.yaml:4:28: there are two agents 'a'")]
    [InlineData("[{role: tpe}]", "g.yaml:4:17: 'tpe' is a proposer of parameters already")]
    [InlineData("[{role: a, share: 0.6}, {role: b, share: 50%}]", "g.yaml:4:9: the shares of all agents make more than 80 %, " +
    "and the search of parameters needs some")]
    [InlineData("[a]", "g.yaml:4:10: 'agents' must be a mapping, or a list of them")]
    [InlineData("[{role: a}, {role: b}, {role: c}, {role: d}, {role: e}, {role: f}, {role: g}]", "there are 7 agents, and there may be 6")]
    public void Read_SeveralAgentsThatCantBe_OneLineEach(string agents, string expected)
    {
        Assert.Null(
            Read(
                $"goal: g\neditable: [a]\nmeasure: {{command: c, metric: m}}\nagents: {agents}\nparameters: {{file: a, space: " +
                $"{{x: {{type: boolean}}}}}}\n",
                "", "n", out var problems));
        Assert.Contains(problems, problem => problem.At("g.yaml").Contains(expected, StringComparison.Ordinal));
    }

    /// <summary>Until a goal could have several agents, a journal had them as one mapping.</summary>
    [Fact]
    public void Agents_OfAnEarlierJournal_AreRead()
    {
        var earlier = """{"agents":{"program":"codex","share":0.3},"harness":{"check":"","editable":[],"measure":"","metric":"m"},"hash":"h","name":"n","title":"t"}"""u8;
        var goal = Canonical.Deserialize<OptimiseGoal>(earlier);
        Assert.Equal(("codex", 0.3), (Assert.Single(goal.Agents).Name, goal.Agents[0].Share));
        Assert.Equal(goal.Agents[0], Assert.Single(Canonical.Deserialize<OptimiseGoal>(Canonical.Serialize(goal)).Agents));

        var both = goal with { Agents = [goal.Agents[0], new AgentSpec { Role = "second" }] };
        Assert.Equal(both.Agents, Canonical.Deserialize<OptimiseGoal>(Canonical.Serialize(both)).Agents);
        Assert.Empty(Canonical.Deserialize<OptimiseGoal>(Canonical.Serialize(goal with { Agents = [] })).Agents);
    }

    private static OptimiseGoal? Read(string text, string folder, string name, out IReadOnlyList<GoalProblem> problems) =>
        new RunKinds().Read(new GoalText(text, folder, name), out problems) is var (_, goal) ? (OptimiseGoal)goal : null;
}
