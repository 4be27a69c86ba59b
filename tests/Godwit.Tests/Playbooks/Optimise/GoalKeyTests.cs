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
        agents: {turns: 3}
        budget: {trials: 1}
        claim: {minimum_effect: 5%}
        sandbox: {read: [/x]}
        """,
        "goal: g\neditable: [a]\nmeasure: {challenge: ./b}\nholdout: {challenge: ./b}\nparameters: {env: a, space: {}}\n",
        "goal: g\neditable: [a]\nmeasure: {driver: ./b, serve: ./s, metric: m}\nholdout: {driver: ./b}\nparameters: {args: a, space: {}}\n",
    ];

    private static readonly RunKinds Kinds = new();

    private static SortedSet<string> KeysOfTheReader()
    {
        var known = new HashSet<string>();
        foreach (var goal in Goals)
        {
            Kinds.Read(new GoalText(goal, "", "g"), out _, known);
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
    public void All_IsWhatTheReaderAsksFor() =>
        Assert.Equal(KeysOfTheReader(), new SortedSet<string>(Kinds.Keys.Select(key => key.Path)));

    [Fact]
    public void Files_AreWhatTheReaderKnows()
    {
        Assert.Equal(GoalSchema.Markdown(Kinds.Keys), File.ReadAllText(Path.Combine(Repository.Root, "docs", "goal-file.md")));
        Assert.Equal(GoalSchema.Json(Kinds.Keys), File.ReadAllText(Path.Combine(Repository.Root, "docs", "godwit.schema.json")));
    }

    [Fact]
    public void Schema_NamesEveryKeyAndIsClosed()
    {
        var schema = JsonNode.Parse(GoalSchema.Json(Kinds.Keys))!;
        Assert.False(schema["additionalProperties"]!.GetValue<bool>());
        Assert.Equal("integer", schema["properties"]!["measure"]!["properties"]!["cpus"]!["type"]!.GetValue<string>());
        Assert.Contains(
            "log",
            schema["properties"]!["parameters"]!["properties"]!["space"]!["additionalProperties"]!["properties"]!["scale"]!["enum"]!.ToJsonString(),
            StringComparison.Ordinal);
    }
}
