using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Playbooks.Build;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Land;

/// <summary>Runs that land branches that people or other tools have made.</summary>
public sealed class LandKind : RunKind
{
    /// <inheritdoc/>
    public override string Name => "land";

    /// <inheritdoc/>
    public override RunView View(JournalReader reader) => new LandView(reader);

    /// <summary>Starts landing branches.</summary>
    /// <param name="start">The repository, and a goal that says how to build and check.</param>
    /// <param name="onto">The commit that they are landed on.</param>
    /// <param name="branches">Their names, the first first.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="GitException">There is no such commit, or one that has been landed already.</exception>
    public static async Task<RunHost> StartAsync(RunStart start, string onto, IReadOnlyList<string> branches, CancellationToken cancellation)
    {
        var (source, goal) = (start.Source, (BuildGoal)start.Goal);
        if (!source.IsGit)
        {
            throw new GitException($"{source.Root} is no git repository with a commit, so there are no branches to land");
        }

        await BuildKind.RequireGitAsync(cancellation);
        var found = new List<LandBranch>();
        foreach (var name in branches)
        {
            var branch = new LandBranch(name, await source.CommitAsync(name, cancellation));
            if (await source.MergeBaseAsync(onto, name, cancellation) == branch.Commit)
            {
                throw new GitException($"{name} is part of {onto} already; leave it out");
            }

            found.Add(branch);
        }

        return await RunGround.StartAsync(
            start with { From = onto },
            async (ground, commit) =>
            {
                var closed = new Glob([.. goal.Tests, .. goal.Protected]);
                for (var index = 0; index < found.Count; index++)
                {
                    var branch = found[index];
                    await ground.Repository.FetchAsync(source, branch.Commit, $"landing/{index + 1}", cancellation);
                    var from = await source.MergeBaseAsync(commit, branch.Commit, cancellation);
                    var changes = await ground.Repository.ChangesAsync(from, branch.Commit, cancellation);
                    var changed = changes.Where(change => !change.IsNew && closed.Matches(change.Path)).Select(change => change.Path);
                    found[index] = branch with { Protected = [.. changed] };
                }

                var input = new LandInput(
                    new BuildInput
                    {
                        Goal = goal,
                        BaseCommit = commit,
                        Sandbox = ground.Sandbox.Describe(),
                        Branch = $"godwit/{ground.Folder.Id}",
                        Source = source.Root,
                    },
                    found);
                return await BuildHost.CreateAsync(
                    ground, start, input.Ground, input, services => (new LandPlaybook(services), new LandPlaybook(services).Catalogue()));
            },
            cancellation);
    }

    /// <inheritdoc/>
    public override Task<RunHost> ResumeAsync(RunResume resume, CancellationToken cancellation) => BuildHost.OpenAsync(
        resume, resume.Input<LandInput>(Name).Ground, (_, services) => new LandPlaybook(services).Catalogue());
}
