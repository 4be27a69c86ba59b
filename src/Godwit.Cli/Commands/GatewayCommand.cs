using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using Godwit.Durable;
using Godwit.Models;
using Godwit.Playbooks;
using Godwit.Playbooks.Gateway;
using Godwit.Runs;
using Godwit.Server;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit gateway</c>: models for programs of the user, in their own dialects and within a budget.</summary>
internal static class GatewayCommand
{
    private const int DefaultPort = 8787;

    public static Command Create()
    {
        var port = new Option<int>("--port")
        {
            Description = "The port on 127.0.0.1; 0 for any that is free.",
            DefaultValueFactory = _ => DefaultPort,
        };
        var role = new Option<string>("--role")
        {
            Description = "Whose models answer a request that names none of the catalogue's.",
            DefaultValueFactory = _ => "worker",
        };
        var dollars = new Option<decimal?>("--dollars") { Description = "The most that all calls together may cost." };
        var tokens = new Option<long?>("--tokens") { Description = "The most tokens of all calls together, in and out." };
        var patience = new Option<string>("--patience")
        {
            Description = "How long a call is tried while no provider answers; then its caller is told.",
            DefaultValueFactory = _ => "2m",
        };
        var json = CommandGuard.JsonOption();
        var command = new Command("gateway", "Serve models to programs, over OpenAI's and Anthropic's protocols, within a budget.")
        {
            port, role, dollars, tokens, patience, json,
        };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            var input = new GatewayInput
            {
                Role = parsed.GetValue(role)!,
                Dollars = parsed.GetValue(dollars),
                Tokens = parsed.GetValue(tokens),
            };
            if (input.Dollars <= 0 || input.Tokens <= 0)
            {
                throw new UsageException("--dollars and --tokens must be above 0");
            }

            input = input with { PatienceSeconds = TimeOption.Seconds("--patience", parsed.GetValue(patience)) ?? input.PatienceSeconds };
            using var export = TelemetryExport.Start();
            await using var run = await GatewayRun.StartAsync(RunStore.OfUser(), input, new DurableOptions());
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, run.Run.Stopping);
            using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, stop));
            using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, stop));
            var serving = run.Run.RunAsync(stop.Token);
            var client = await run.Client;
            await using var server = await ServeAsync(run.Gateway, parsed.GetValue(port));
            Tell(server.Address!, client, input, parsed.GetValue(json));
            await WatchAsync(run, client, input, serving);
            Console.Error.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{client.Calls} calls answered, {run.Spent.Tokens:N0} tokens, ${run.Spent.Dollars:0.####}; " +
                    $"{run.Run.Journal.Reader.Folder.Path}"));
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Keeps what has been spent in sight while the gateway serves.</summary>
    private static async Task WatchAsync(GatewayRun run, GatewayClient client, GatewayInput input, Task serving)
    {
        var terminal = new Terminal();
        while (!serving.IsCompleted)
        {
            var cap = input.Dollars is { } dollars ? string.Create(CultureInfo.InvariantCulture, $" of ${dollars}") : "";
            terminal.Status(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{client.Calls} calls answered, {run.Spent.Tokens:N0} tokens, ${run.Spent.Dollars:0.####}{cap}"));
            await Task.WhenAny(serving, Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System));
        }

        terminal.ClearStatus();
        await serving;
    }

    private static async Task<GatewayServer> ServeAsync(ModelGateway gateway, int port)
    {
        try
        {
            return await GatewayServer.StartAsync(gateway, port);
        }
        catch (IOException)
        {
            throw new UsageException($"port {port} is taken; choose another with --port, or --port 0 for any");
        }
    }

    private static void Tell(string address, GatewayClient client, GatewayInput input, bool json)
    {
        if (json)
        {
            CommandGuard.PrintJson(new { Address = address, Key = client.Token });
            return;
        }

        var dollars = input.Dollars is null ? "" : string.Create(CultureInfo.InvariantCulture, $", within ${input.Dollars}");
        var tokens = input.Tokens is null ? "" : string.Create(CultureInfo.InvariantCulture, $", within {input.Tokens:N0} tokens");
        Console.WriteLine($"""
            serving at {address}{dollars}{tokens}; Ctrl-C ends it
              OPENAI_BASE_URL={address}/v1 OPENAI_API_KEY={client.Token}
              ANTHROPIC_BASE_URL={address} ANTHROPIC_API_KEY={client.Token}
            a request's model is a name of 'godwit models', a role, or anything else for the role '{input.Role}'
            """);
    }

    private static void Stop(PosixSignalContext context, CancellationTokenSource stop)
    {
        context.Cancel = !stop.IsCancellationRequested;
        stop.Cancel();
    }
}
