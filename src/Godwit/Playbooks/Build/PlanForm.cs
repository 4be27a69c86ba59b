using System.Text.Json;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Models;

namespace Godwit.Playbooks.Build;

/// <summary>What a planner fills in: the plan, checked as a whole before it is taken.</summary>
/// <param name="goal">What is planned for.</param>
internal sealed class PlanForm(BuildGoal goal) : SubmissionForm
{
    public const string FormName = "plan";

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
    };

    public override string Name => FormName;

    public override ToolSpec Spec { get; } = new(
        AgentPrompt.Submit.Name,
        "Hands the plan over. It is checked, and all that is wrong with it is answered at once.",
        """
        {"type":"object","required":["reason","tasks"],"properties":{
          "reason":{"type":"string","description":"why it is split like this"},
          "tasks":{"type":"array","items":{"type":"object","required":["id","intent","scope","share"],"properties":{
            "id":{"type":"string","description":"T1, T2, ..."},
            "intent":{"type":"string","description":"all that its worker has to know: it sees neither this conversation nor the other tasks"},
            "scope":{"type":"array","items":{"type":"string"},"description":"paths or globs from the repository's top; only these are taken of its work"},
            "depends":{"type":"array","items":{"type":"string"},"description":"tasks that are merged before it starts"},
            "provides":{"type":"array","items":{"type":"object","required":["name","files"],"properties":{
              "name":{"type":"string"},"files":{"type":"array","items":{"type":"string"}}}},
              "description":"interfaces, stubs or contract tests that it lands early, for others to build on"},
            "needs":{"type":"array","items":{"type":"string"},"description":"contracts of other tasks that it builds on"},
            "checks":{"type":"array","items":{"type":"string"},"description":"commands that must exit 0 when it is done, beside the goal's"},
            "asserts":{"type":"array","items":{"type":"string"},"description":"ids of the assertions that hold when it is merged"},
            "share":{"type":"number","description":"its part of the money, such as 0.2"}}}}}}
        """);

    public override IReadOnlyList<string> ProblemsOf(AgentTask task, string json, IReadOnlyList<string> opened)
    {
        try
        {
            return PlanCheck.ProblemsOf(Read(json), Left(goal, task.FormContext));
        }
        catch (JsonException wrong)
        {
            return [$"it doesn't have the form of a plan: {wrong.Message}"];
        }
    }

    /// <summary>What a form of a further plan has to know: the assertions that hold already.</summary>
    public static string ContextOf(IEnumerable<string> held) => string.Join('\n', held);

    /// <summary>The goal without the assertions that hold already.</summary>
    public static BuildGoal Left(BuildGoal goal, string? context)
    {
        var held = context?.Split('\n') ?? [];
        return goal with { Acceptance = [.. goal.Acceptance.Where(assertion => !held.Contains(assertion.Id))] };
    }

    /// <summary>A plan that a person has written, checked as a planner's is.</summary>
    /// <param name="json">The plan.</param>
    /// <param name="view">The build that it is for.</param>
    /// <exception cref="ArgumentException">It isn't a plan, or can't be carried out: all that is wrong with it.</exception>
    public static BuildPlan Checked(string json, BuildView view)
    {
        BuildPlan plan;
        try
        {
            plan = Read(json);
        }
        catch (Exception wrong) when (wrong is JsonException or NotSupportedException)
        {
            throw new ArgumentException($"it isn't a plan as 'godwit plan {view.Run} --json' prints one: {wrong.Message}");
        }

        return PlanCheck.ProblemsOf(plan, Left(view.Input.Goal, ContextOf(view.Holding))) is { Count: > 0 } problems
            ? throw new ArgumentException($"it can't be carried out:\n  {string.Join("\n  ", problems)}")
            : plan;
    }

    /// <summary>The plan that was filled in.</summary>
    /// <exception cref="JsonException">It doesn't have the form.</exception>
    public static BuildPlan Read(string json) => JsonSerializer.Deserialize<BuildPlan>(json, Options)
        ?? throw new JsonException("it is null");
}
