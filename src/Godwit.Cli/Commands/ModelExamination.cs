using System.Globalization;
using System.Net.Sockets;
using Godwit.Models;

namespace Godwit.Cli.Commands;

/// <summary>What is known of models only by trying: whether their servers are there, and whether a call of each role works.</summary>
internal static class ModelExamination
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Whether a provider's server takes a connection; null where it has no address to connect to.</summary>
    public static async Task<bool?> IsReachableAsync(ModelProvider provider, CancellationToken cancellation)
    {
        var address = provider.Url ?? (provider.Dialect == "anthropic" ? "https://api.anthropic.com" : null);
        if (provider.Dialect == "mailbox" || !Uri.TryCreate(address, UriKind.Absolute, out var uri))
        {
            return null;
        }

        using var client = new TcpClient();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Patience);
        try
        {
            await client.ConnectAsync(uri.Host, uri.Port, limit.Token);
            return true;
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Makes one small call of each model of each role.</summary>
    public static async Task<IReadOnlyList<Finding>> CallAsync(ModelCatalogue catalogue, string file, CancellationToken cancellation)
    {
        if (catalogue.Roles.Count == 0)
        {
            if (await LocalModels.FindAsync(LocalModels.Usual, cancellation) is [var local, ..] all)
            {
                var names = string.Join(", ", all.Select(one => one.Model).Take(5));
                if (File.Exists(file))
                {
                    return
                    [
                        new Finding(
                            "models", false, $"{local.Server} offers {names}, and no model plays a role yet",
                            $"add to {file}:\n{LocalModels.Yaml(local).ReplaceLineEndings("\n        ")}"),
                    ];
                }

                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                await File.WriteAllTextAsync(file, LocalModels.Yaml(local), cancellation);
                return
                [
                    new Finding(
                        "models", true, $"{local.Server} offers {names}; {local.Model} plays the worker now, as {file} says",
                        "'godwit doctor --models' again makes one small call"),
                ];
            }

            var first = catalogue.Models.First().Name;
            return [new Finding("models", false, "no model plays a role yet", $"say so in {file}, such as roles: {{worker: [{first}]}}")];
        }

        using var drivers = new ModelDrivers(catalogue, TimeProvider.System);
        var findings = new List<Finding>();
        foreach (var role in catalogue.Roles.Keys)
        {
            foreach (var model in catalogue.ForRole(role))
            {
                findings.Add(await CallAsync(drivers, role, model, cancellation));
            }
        }

        if (catalogue.Roles.ContainsKey("worker")
            && catalogue.Roles.ContainsKey("reviewer")
            && catalogue.ForRole("worker")[0].Provider == catalogue.ForRole("reviewer")[0].Provider)
        {
            findings.Add(
                new Finding(
                    "reviewer", false,
                    $"{catalogue.ForRole("reviewer")[0].Name} is served by the worker's own provider, and shares its blind spots",
                    $"put another provider's model first under roles: reviewer in {file}"));
        }

        return findings;
    }

    private static async Task<Finding> CallAsync(ModelDrivers drivers, string role, ModelEntry model, CancellationToken cancellation)
    {
        var start = TimeProvider.System.GetTimestamp();
        try
        {
            var request = new ModelRequest
            {
                Role = role,
                Agent = "doctor",
                Turn = 1,
                MaxOutput = 256,
                Messages = [ModelMessage.User("Answer with the word ok.")],
            };
            var reply = await drivers.Of(model.Provider).AskAsync(model, request, cancellation);
            var cost = model.IsPriced ? string.Create(CultureInfo.InvariantCulture, $", ${model.Cost(reply.Usage).Dollars:0.######}") : "";
            return new Finding(
                $"{role}: {model.Name}", true,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"answered in {TimeProvider.System.GetElapsedTime(start).TotalSeconds:0.0} s, {reply.Usage.Input} tokens " +
                    $"in, {reply.Usage.Output} out{cost}"),
                null);
        }
        catch (ModelException error)
        {
            return new Finding($"{role}: {model.Name}", false, error.Message, null);
        }
    }
}

/// <summary>What was found out about one thing.</summary>
/// <param name="What">The thing.</param>
/// <param name="Ok">Whether it is as it should be.</param>
/// <param name="Detail">What was seen.</param>
/// <param name="Mend">What to do; null where nothing is to be done.</param>
internal sealed record Finding(string What, bool Ok, string Detail, string? Mend);
