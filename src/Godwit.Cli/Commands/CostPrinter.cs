using System.Globalization;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Playbooks.Optimise;
using Godwit.Verification;

namespace Godwit.Cli.Commands;

/// <summary>
/// What models cost: by agent (which in an optimise run is a task), by role, by model, and the price of resumes; and how often each
/// model's word didn't hold.
/// </summary>
internal static class CostPrinter
{
    /// <param name="run">The run, or the gateway.</param>
    /// <param name="view">What came of its trials; null where it has none.</param>
    /// <param name="costs">What was spent.</param>
    /// <param name="json">As JSON.</param>
    public static void Print(string run, OptimiseView? view, IReadOnlyList<CostLine> costs, bool json)
    {
        var total = Sum(costs);
        var resumes = costs.Where(cost => cost.InFlight).ToList();
        var agents = costs.GroupBy(cost => AgentOf(cost.Budget))
            .Select(group => new CostRow(group.Key, group.Count(), Sum(group)))
            .ToList();
        var models = costs.Where(cost => cost.Model.Length > 0)
            .GroupBy(cost => cost.Model)
            .Select(
                group => new CostRow(group.Any(cost => cost.Estimated) ? $"{group.Key} (estimated)" : group.Key, group.Count(), Sum(group)))
            .ToList();
        var roles = costs.Where(cost => cost.Role.Length > 0)
            .GroupBy(cost => cost.Role)
            .Select(group => new CostRow(group.Key, group.Count(), Sum(group)))
            .ToList();
        var claims = (view?.Trials ?? []).Select(trial => trial.Trial)
            .Where(trial => trial.Claim is { Checks.Count: > 0 })
            .SelectMany(trial => trial.Claim!.Models.Select(model => (model, trial)))
            .GroupBy(pair => pair.model).Select(
                group => new ClaimRow(
                    group.Key, group.Count(),
                    group.Count(pair => pair.trial.Outcome != TrialOutcome.Ok && pair.trial.Claim!.Checks.All(check => check.Passed))))
                .ToList();
        if (json)
        {
            CommandGuard.PrintJson(
                new
                {
                    Run = run,
                    total.Dollars,
                    total.Tokens,
                    Agents = agents,
                    Roles = roles,
                    Models = models,
                    InFlight = new CostRow("in flight at a kill", resumes.Count, Sum(resumes)),
                    Claims = claims,
                });
            return;
        }

        Console.WriteLine($"{"",-26} {"calls",6} {"tokens",10} {"$",10}");
        agents.ForEach(Row);
        roles.ForEach(row => Row(row with { Name = $"role {row.Name}" }));
        models.ForEach(row => Row(row with { Name = $"model {row.Name}" }));
        Row(new CostRow("booked for resumes", resumes.Count, Sum(resumes)));
        Row(new CostRow("all", costs.Count, total));
        if (view?.Input.Goal.Dollars is { } cap)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"of ${cap} that the goal allows"));
        }

        foreach (var claim in claims)
        {
            Console.WriteLine(
                $"{claim.Model}: {claim.Contradicted} of {claim.Submitted} submissions said that their checks passed, and " +
                $"verification saw otherwise");
        }
    }

    /// <summary>What an agent's own agents cost is its cost.</summary>
    private static string AgentOf(string budget) => budget.Split('/') is [_, _, var agent, ..] ? agent : budget;

    private static void Row(CostRow row) =>
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture, $"{row.Name,-26} {row.Calls,6} {row.Charge.Tokens,10:N0} {row.Charge.Dollars,10:0.0000}"));

    private static Charge Sum(IEnumerable<CostLine> costs) => costs.Aggregate(Charge.None, (sum, cost) => sum + cost.Charge);

    private sealed record CostRow(string Name, int Calls, Charge Charge);

    private sealed record ClaimRow(string Model, int Submitted, int Contradicted);
}
