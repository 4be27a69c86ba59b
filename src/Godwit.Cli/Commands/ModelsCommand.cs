using System.CommandLine;
using System.Globalization;
using Godwit.Models;
using Godwit.Playbooks;
using Godwit.Runs;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit models</c>: which models there are, what they cost, who plays which role.</summary>
internal static class ModelsCommand
{
    public static Command Create()
    {
        var json = CommandGuard.JsonOption();
        var command = new Command("models", "Show the catalogue of models, their prices and roles.") { json };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            var store = RunStore.OfUser();
            var catalogue = ModelCatalogue.Load(File.Exists(store.Models) ? [store.Models] : []);
            using var drivers = new ModelDrivers(catalogue, TimeProvider.System);
            var states = (
                await Task.WhenAll(
                    catalogue.Providers.Select(
                        async pair =>
                            (pair.Key, State: await StateAsync(drivers, pair.Key, pair.Value, cancellation))))).ToDictionary(pair =>
                    pair.Key, pair => pair.State);
            if (parsed.GetValue(json))
            {
                CommandGuard.PrintJson(new { File = store.Models, catalogue.Models, catalogue.Roles, Providers = states });
                return ExitCode.Ok;
            }

            Console.WriteLine($"{"model",-24} {"provider",-12} {"$/M in",8} {"$/M out",8}  provider is");
            foreach (var model in catalogue.Models)
            {
                Console.WriteLine(
                    $"{model.Name,-24} {model.Provider,-12} {Price(model.Input),8} {Price(model.Output),8}  {states[model.Provider]}");
            }

            foreach (var (role, names) in catalogue.Roles)
            {
                Console.WriteLine($"role {role}: {string.Join(", then ", names)}");
            }

            Console.WriteLine(
                $"{(catalogue.Roles.Count == 0 ? "no model plays a role yet; say so" : "your own models, prices and roles stand")} " +
                $"in {store.Models}, such as\n  roles: {{worker: [{catalogue.Models.First().Name}]}}");
            return ExitCode.Ok;
        });
        return command;
    }

    private static string Price(decimal? price) => price?.ToString("0.##", CultureInfo.InvariantCulture) ?? "unknown";

    private static async Task<string> StateAsync(
        ModelDrivers drivers, string name, ModelProvider provider, CancellationToken cancellation) =>
        drivers.Lacks(name)?.Split(": ", 2)[^1]
            ?? await ModelExamination.IsReachableAsync(provider, cancellation) switch { true => "reachable", false => "out of reach", null => "ready" };
}
