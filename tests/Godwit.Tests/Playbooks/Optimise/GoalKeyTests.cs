using System.Text.Json.Nodes;
using Godwit.Goals;
using Godwit.Playbooks;

namespace Godwit.Tests.Playbooks.Optimise;

/// <summary>The documentation, the schema and the reader know the same keys.</summary>
public sealed class GoalKeyTests
{
    /// <summary>Goals in which every section is there, so that the reader asks for all that it knows.</summary>
    private static readonly string[] Goals =
    [
        """
        goal: g
        editable: [a]
        build: {command: make, inputs: [a]}
        measure: {command: ./b, metric: m, pattern: ['(?<m>\d+)']}
        holdout: {command: ./b}
        parameters: {file: a, space: {x: {type: int, low: 1, high: 2}, y: {type: choice, values: [p, q]}, z: {type: boolean}}}
        network: [packages, {host: api.example.org}]
        agents: {turns: 3}
        budget: {trials: 1}
        claim: {minimum_effect: 5%}
        sandbox: {read: [/x]}
        """,
        "goal: g\neditable: [a]\nmeasure: {challenge: ./b}\nholdout: {challenge: ./b}\nparameters: {env: a, space: {}}\n",
        "goal: g\neditable: [a]\nmeasure: {driver: ./b, serve: ./s, metric: m}\nholdout: {driver: ./b}\nparameters: {args: a, space: {}}\n",
    ];

    private static readonly RunKinds Kinds = new();

    private const string Build = """
        goal: g
        playbook: build
        services: [{name: d, run: ./d}]
        checks: [{name: c, run: ./c}]
        acceptance: [{id: A1, says: s, run: ./a}]
        network: [packages, {host: api.example.org}]
        agents: {turns: 3}
        budget: {tasks: 1}
        sandbox: {read: [/x]}
        """;

    private static SortedSet<string> KeysOfTheReader(IEnumerable<string> goals, string playbook)
    {
        var known = new HashSet<string>();
        foreach (var goal in goals)
        {
            var read = Kinds.Read(new GoalText(goal, "", "g"), out _, known);
            Assert.True(read is null || read.Value.Kind.Name == playbook);
        }

        string[] names = ["x", "y", "z"];
        return
        [
            .. known.Select(
                key => names.Aggregate(
                    key,
                    (path, name) =>
                        path.Replace(
                            $"parameters.space.{name}", "parameters.space.*",
                            StringComparison.Ordinal))).Where(key => key != "parameters.space.*"),
        ];
    }

    [Fact]
    public void All_IsWhatTheReaderAsksFor() => Assert.Equal(
        KeysOfTheReader(Goals, "optimise"), new SortedSet<string>([.. Kinds.CommonKeys.Select(key => key.Path), .. KeysOf("optimise")]));

    [Fact]
    public void All_OfBuild_IsWhatTheReaderAsksFor() => Assert.Equal(
        KeysOfTheReader([Build], "build"), new SortedSet<string>([.. Kinds.CommonKeys.Select(key => key.Path), .. KeysOf("build"), "agents.share"]));

    [Fact]
    public void Files_AreWhatTheReaderKnows()
    {
        Assert.Equal(
            GoalSchema.Markdown(Kinds.CommonKeys, Kinds.Sections), File.ReadAllText(Path.Combine(Repository.Root, "docs", "goal-file.md")));
        Assert.Equal(
            GoalSchema.Json(Kinds.CommonKeys, Kinds.Sections), File.ReadAllText(Path.Combine(Repository.Root, "docs", "godwit.schema.json")));
    }

    [Fact]
    public void Schema_NamesEveryKeyAndIsClosed()
    {
        var schema = JsonNode.Parse(GoalSchema.Json(Kinds.CommonKeys, Kinds.Sections))!;
        Assert.Equal("#/$defs/build", schema["then"]!["$ref"]!.GetValue<string>());
        Assert.Equal("#/$defs/optimise", schema["else"]!["$ref"]!.GetValue<string>());
        var optimise = schema["$defs"]!["optimise"]!;
        Assert.False(optimise["additionalProperties"]!.GetValue<bool>());
        Assert.Equal("integer", optimise["properties"]!["measure"]!["properties"]!["cpus"]!["type"]!.GetValue<string>());
        Assert.Contains(
            "log",
            optimise["properties"]!["parameters"]!["properties"]!["space"]!["additionalProperties"]!["properties"]!["scale"]!["enum"]!.ToJsonString(),
            StringComparison.Ordinal);
        var build = schema["$defs"]!["build"]!;
        Assert.Null(build["properties"]!["measure"]);
        Assert.Contains("acceptance", build["required"]!.ToJsonString(), StringComparison.Ordinal);
    }

    private static IEnumerable<string> KeysOf(string playbook) => Kinds.Sections.First(section => section.Names[0] == playbook).Keys.Select(key => key.Path);
}
