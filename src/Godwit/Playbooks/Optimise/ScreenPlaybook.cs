using Godwit.Durable;
using Godwit.Playbooks.Measuring;

namespace Godwit.Playbooks.Optimise;

/// <summary>What a round of screening starts from.</summary>
/// <param name="Input">The run's input.</param>
/// <param name="Calibration">The noise.</param>
/// <param name="State">What is known.</param>
/// <param name="Deadline">The run's active time at which screening ends; 0 for none.</param>
/// <param name="Excluded">Trials that an attempt has disproven.</param>
public sealed record ScreenInput(
    OptimiseInput Input, Calibration Calibration, ScreenState State, double Deadline, IReadOnlyList<int> Excluded);

/// <summary>A round of screening: proposes, checks and measures candidates, and spends little on losers.</summary>
/// <param name="Services">The world.</param>
internal sealed record ScreenPlaybook(OptimiseServices Services) : Playbook<ScreenInput, ScreenState>("optimise/screen")
{
    public override async Task<ScreenState> RunAsync(IDurableContext context, ScreenInput input)
    {
        var round = new ScreenRound(context, Services, input);
        await round.RunAsync();
        return round.State;
    }
}
