using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Playbooks.Build;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Draft;

/// <summary>Runs that make a goal file of a sentence.</summary>
public sealed class DraftKind : RunKind
{
    /// <inheritdoc/>
    public override string Name => "draft";

    /// <inheritdoc/>
    public override RunView View(JournalReader reader) => new DraftView(reader);

    /// <summary>Starts a draft.</summary>
    /// <param name="start">The repository, and a goal with the sentence as its title.</param>
    /// <param name="before">The goal file that is there already; null for none.</param>
    /// <param name="isBuiltAtOnce">Whether it is built by without asking.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="GitException">There is no repository.</exception>
    /// <exception cref="FormatException">No model could be asked; one line that says how to mend it.</exception>
    public static async Task<RunHost> StartAsync(RunStart start, string? before, bool isBuiltAtOnce, CancellationToken cancellation)
    {
        var goal = (BuildGoal)start.Goal;
        await BuildKind.RequireGitAsync(cancellation);
        AgentWorld.Require([goal.Reviewer!], goal.Dollars is not null, start.Store, start.Models, goal.Providers);
        return await RunGround.StartAsync(
            start,
            (ground, commit) =>
            {
                var input = new DraftInput(
                    new BuildInput
                    {
                        Goal = goal,
                        BaseCommit = commit,
                        Sandbox = ground.Sandbox.Describe(),
                        Branch = $"godwit/{ground.Folder.Id}",
                        Source = start.Source.Root,
                        Models = start.Models,
                    },
                    before)
                {
                    IsBuiltAtOnce = isBuiltAtOnce,
                };
                return BuildHost.CreateAsync(ground, start, input.Ground, input, services =>
                {
                    var playbook = new DraftPlaybook(services, WorldOf(ground, services, input));
                    return (playbook, playbook.Catalogue());
                });
            },
            cancellation);
    }

    /// <inheritdoc/>
    public override Task<RunHost> ResumeAsync(RunResume resume, CancellationToken cancellation)
    {
        var input = resume.Input<DraftInput>(Name);
        return BuildHost.OpenAsync(resume, input.Ground, (ground, services) => new DraftPlaybook(services, WorldOf(ground, services, input)).Catalogue());
    }

    private static DraftWorld WorldOf(RunGround ground, BuildServices services, DraftInput input) =>
        new(ground.Folder, ground.Repository, ground.Sandbox, services.Network, input.Ground.Goal);
}
