using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Goals;
using Godwit.Identity;
using Godwit.Runs;
using Godwit.Sandbox;
using Godwit.Workspaces;

namespace Godwit.Playbooks;

/// <summary>
/// A kind of run for a playbook of one's own: cloning, the sandbox, keys and resuming are done here, so that it says only what its goals
/// are and what it does with them. Notes that are texts are told as they come, and the result's text is what the run came to.
/// </summary>
/// <typeparam name="TGoal">Its goals.</typeparam>
/// <typeparam name="TResult">Its result.</typeparam>
/// <param name="name">The playbook's name, in goal files and in journals.</param>
public abstract class PlaybookKind<TGoal, TResult>(string name) : GoalKind
    where TGoal : Goal
{
    /// <inheritdoc/>
    public sealed override string Name => name;

    /// <summary>The playbook of a run.</summary>
    protected abstract Playbook<GoalInput<TGoal>, TResult> Playbook(RunWorld world);

    /// <summary>The playbooks that it starts as children.</summary>
    protected virtual IEnumerable<Playbook> Children(RunWorld world) => [];

    /// <inheritdoc/>
    public override RunView View(JournalReader reader) => new GoalView(reader, Name);

    /// <inheritdoc/>
    public sealed override async Task<RunHost> StartAsync(RunStart start, CancellationToken cancellation) =>
        await RunGround.StartAsync(
            start,
            (ground, commit) =>
            {
                var input = new GoalInput<TGoal>((TGoal)start.Goal, commit, ground.Sandbox.Describe());
                return WireAsync(ground, (signer, playbook, catalogue) =>
                    DurableRun.CreateAsync(ground.Folder, signer, catalogue, playbook, input, start.Goal.Seed, start.Options));
            },
            cancellation);

    /// <inheritdoc/>
    public sealed override async Task<RunHost> ResumeAsync(RunResume resume, CancellationToken cancellation)
    {
        if (resume.Raise is { IsEmpty: false })
        {
            throw new ArgumentException($"a run of playbook '{Name}' has no budget that could be raised");
        }

        GoalInput<TGoal> input;
        using (var reader = JournalReader.Open(resume.Folder))
        {
            input = RootProcess.Input<GoalInput<TGoal>>(reader, Name);
        }

        return await RunGround.ResumeAsync(resume, input.Sandbox, ground => WireAsync(ground, (signer, _, catalogue) =>
            Task.FromResult(DurableRun.Open(resume.Folder, signer, catalogue, resume.Options))));
    }

    private async Task<RunHost> WireAsync(
        RunGround ground, Func<RunSigner, Playbook<GoalInput<TGoal>, TResult>, PlaybookCatalogue, Task<DurableRun>> open)
    {
        var signer = RunSigner.Of(ground.Folder);
        try
        {
            Directory.CreateDirectory(ground.Folder.Trees);
            var world = new RunWorld(ground.Folder, ground.Repository, ground.Sandbox);
            var playbook = Playbook(world);
            var run = await open(signer, playbook, new PlaybookCatalogue([playbook, .. Children(world)]));
            return new Host(run, signer, ground.Sandbox);
        }
        catch
        {
            signer.Dispose();
            throw;
        }
    }

    private sealed class Host(DurableRun run, RunSigner signer, SandboxRunner sandbox) : RunHost(run)
    {
        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            sandbox.Dispose();
            signer.Dispose();
        }
    }

    private sealed class GoalView(JournalReader reader, string playbook) : RunView(reader)
    {
        private readonly GoalInput<TGoal> _input = RootProcess.Input<GoalInput<TGoal>>(reader, playbook);

        public override string Title => _input.Goal.Title;

        public override bool HasAgents => false;
    }
}
