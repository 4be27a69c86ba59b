using System.Globalization;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Playbooks;

namespace Godwit.Cli.Commands;

/// <summary>
/// What models cost: by agent (which in an optimise run is a task), by role, by model, and the price of resumes; and how often each
/// model's word didn't hold.
/// </summary>
internal static class CostPrinter
{
    public static void Print(RunView view, JournalReader reader, bool json)
    {
        var activity = new AgentActivity();
        foreach (var happened in view.Details(reader).OfType<RunEvent.OfAgent>())
        {
            activity.Fold(happened.Event);
        }

        var costs = activity.Costs;
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
        var claims = view.Submissions.GroupBy(submission => submission.Model)
            .Select(group => new ClaimRow(group.Key, group.Count(), group.Count(submission => submission.IsContradicted)))
            .ToList();
        if (json)
        {
            CommandGuard.PrintJson(
                new
                {
                    view.Run,
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
        if (view.MostDollars is { } cap)
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
