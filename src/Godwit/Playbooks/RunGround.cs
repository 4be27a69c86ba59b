using Godwit.Agents;
using Godwit.Durable.Journal;
using Godwit.Egress;
using Godwit.Runs;
using Godwit.Sandbox;
using Godwit.Workspaces;

namespace Godwit.Playbooks;

/// <summary>What every run on a repository stands on: its folder, its own clone and its sandbox.</summary>
/// <param name="Store">Where runs live.</param>
/// <param name="Folder">The run's folder.</param>
/// <param name="Sandbox">Where its commands run.</param>
/// <param name="Time">The clock.</param>
/// <param name="Gateways">Serves agents that are programs; null where there can be none.</param>
/// <param name="Networks">Serves the proxy of what commands may reach; null where they reach nothing.</param>
/// <param name="IsAttended">Whether somebody sits before it who can answer what the gatekeeper asks.</param>
internal sealed record RunGround(
    RunStore Store, RunFolder Folder, SandboxRunner Sandbox, TimeProvider Time, IGatewayHost? Gateways, IEgressHost? Networks,
    bool IsAttended)
{
    /// <summary>The run's own clone.</summary>
    public RunRepository Repository { get; } = new(Folder.Repository);

    /// <summary>What the commands of a goal may reach.</summary>
    /// <param name="goal">What the goal says; null where it says nothing.</param>
    /// <exception cref="FormatException">What the machine's owner says can't be read.</exception>
    public RunNetwork Network(GoalNetwork? goal) => new(goal, OwnerNetwork.Load(Store.Network), Networks, Folder.Path, Time);

    /// <summary>Makes the ground of a new run and begins on it. A run that doesn't begin leaves nothing behind.</summary>
    /// <param name="start">What it is started with.</param>
    /// <param name="begin">Begins, given the commit that was cloned; from then on the sandbox is the host's to put away.</param>
    /// <param name="cancellation">Ends the work.</param>
    public static async Task<T> StartAsync<T>(RunStart start, Func<RunGround, string, Task<T>> begin, CancellationToken cancellation)
        where T : RunHost
    {
        var time = start.Options.Time;
        var sandbox = new SandboxRunner(start.Sandbox, start.Store.SandboxAssets, time);
        var folder = start.Store.New(start.Goal.Name, time.GetUtcNow());
        var ground = new RunGround(start.Store, folder, sandbox, time, start.Gateways, start.Networks, start.IsAttended);
        try
        {
            await sandbox.RequireAsync(folder.Path, cancellation);
            return await begin(ground, await ground.Repository.CloneAsync(start.Source, start.From, cancellation));
        }
        catch
        {
            sandbox.Dispose();
            Directory.Delete(folder.Path, recursive: true);
            throw;
        }
    }

    /// <summary>Takes up a run on the ground that it has.</summary>
    /// <param name="resume">What it is resumed with.</param>
    /// <param name="sandbox">How commands are kept apart, as its input describes it.</param>
    /// <param name="goOn">Goes on; from then on the sandbox is the host's to put away.</param>
    public static async Task<T> ResumeAsync<T>(RunResume resume, string sandbox, Func<RunGround, Task<T>> goOn)
        where T : RunHost
    {
        var time = resume.Options.Time;
        var runner = new SandboxRunner(SandboxRunner.KindOf(sandbox), resume.Store.SandboxAssets, time);
        try
        {
            return await goOn(new RunGround(
                resume.Store, resume.Folder, runner, time, resume.Gateways, resume.Networks, resume.IsAttended));
        }
        catch
        {
            runner.Dispose();
            throw;
        }
    }
}
