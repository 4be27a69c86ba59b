using Godwit.Durable;
using Godwit.Durable.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

var builder = Host.CreateApplicationBuilder(args);
builder.Services.AddGodwit(options => options.UseSqlite("runs")).AddPlaybook<ShipOrder>();
using var host = builder.Build();
await host.StartAsync();

var run = await host.Services.GetRequiredService<DurableRuns>().StartAsync(new ShipOrder(), "order 17", id: "order-17");
Console.WriteLine(await run.ResultAsync());
await host.StopAsync();

internal sealed record ShipOrder() : Playbook<string, string>("ship-order")
{
    public override async Task<string> RunAsync(IDurableContext context, string order)
    {
        var label = await context.StepAsync("label", Effect.Repeatable, order, PrintAsync);
        await context.DelayAsync("wait", TimeSpan.FromSeconds(5));
        return await context.StepAsync("pick-up", Effect.External(targetDeduplicates: true), label, PickUpAsync);
    }

    private static Task<string> PrintAsync(string order, Attempt attempt, CancellationToken cancellation)
    {
        Console.WriteLine($"printing a label for {order}");
        return Task.FromResult($"label of {order}");
    }

    private static Task<string> PickUpAsync(string label, Attempt attempt, CancellationToken cancellation) =>
        Task.FromResult($"{label}, picked up by request {attempt.IdempotencyKey[..8]}");
}
