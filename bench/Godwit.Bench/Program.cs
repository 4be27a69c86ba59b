using System.Globalization;
using Godwit.Bench;

CultureInfo.CurrentCulture = CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
switch (args)
{
    case ["steps"]:
        await StepBench.RunAsync();
        return 0;
    case ["size"]:
        await SizeBench.RunAsync();
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
    default:
        Console.Error.WriteLine("usage: Godwit.Bench steps | size | resume | trial | tpe | search tpe|cma-es OUTPUT.csv");
        return 2;
}
