using System.Globalization;
using Godwit.Bench;

CultureInfo.CurrentCulture = CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
switch (args)
{
    case ["steps"]:
        await StepBench.RunAsync();
        return 0;
    case ["size", .. var plot]:
        await SizeBench.RunAsync(plot.FirstOrDefault());
        return 0;
    case ["resume"]:
        await ResumeBench.RunAsync();
        return 0;
    case ["trial"]:
        await TrialBench.RunAsync();
        return 0;
    case ["tpe"]:
        SearchBench.SuggestionTime();
        return 0;
    case ["search", var proposer, var output]:
        SearchBench.Run(proposer, output);
        return 0;
    case ["provider", var port]:
        await ScriptedModel.ServeAsync(int.Parse(port));
        return 0;
    case ["gateway", .. var peer] when peer.Length <= 1:
        await GatewayBench.RunAsync(peer.FirstOrDefault());
        return 0;
    case ["agents", var tools] when tools is "real" or "none":
        await AgentBench.RunAsync(tools == "real");
        return 0;
    case ["agents-run", var folder]:
        await KillBench.RunOnceAsync(folder);
        return 0;
    case ["kills"]:
        return await KillBench.RunAsync();
    case ["swarm", var godwit, .. var workers]:
        return await SwarmBench.RunAsync(godwit, workers.Length > 0 ? int.Parse(workers[0]) : 300);
    case ["queue", .. var seeds]:
        await QueueBench.RunAsync(seeds.Length > 0 ? int.Parse(seeds[0]) : 1000);
        return 0;
    case ["centre", var godwit]:
        await CentreBench.RunAsync(godwit);
        return 0;
    case ["walls", var godwit]:
        await WallBench.RunAsync(godwit);
        return 0;
    case ["loops"]:
        await LoopBench.RunAsync();
        return 0;
    default:
        Console.Error.WriteLine(
            "usage: Godwit.Bench steps | size [PLOT.svg] | resume | trial | tpe | search tpe|cma-es OUTPUT.csv | agents " +
            "real|none | kills | loops | queue [SEEDS] | swarm GODWIT [WORKERS] | centre GODWIT | walls GODWIT | gateway [PORTKEY-FOLDER]");
        return 2;
}
