using Godwit.Durable;

namespace Godwit.Tests;

public sealed record Shipment(string Order, decimal Price);

public sealed record ShipOrders() : Playbook<IReadOnlyList<Shipment>, string>("ship-orders")
{
    public override async Task<string> RunAsync(IDurableContext context, IReadOnlyList<Shipment> orders)
    {
        // Steps run beside each other; a crash repeats none that has finished.
        var labels = await Task.WhenAll(orders.Select(order =>
            context.StepAsync($"label/{order.Order}", Effect.Repeatable, order, PrintAsync)));

        // Nobody is asked twice, and the deadline survives a restart.
        var approval = await context.SignalAsync<string>("approval", "approve", timeout: TimeSpan.FromHours(8));
        if (approval is null)
        {
            return "nobody approved";
        }

        // The carrier deduplicates by the idempotency key, so this happens once however often it is tried.
        return await context.StepAsync("pick-up", Effect.External(targetDeduplicates: true), labels.ToList(), OrderPickUpAsync);
    }

    private static Task<string> PrintAsync(Shipment order, Attempt attempt, CancellationToken cancellation) =>
        Task.FromResult($"label for {order.Order}");

    private static Task<string> OrderPickUpAsync(List<string> labels, Attempt attempt, CancellationToken cancellation) =>
        Task.FromResult($"{labels.Count} parcels, request {attempt.IdempotencyKey[..8]}");
}
