using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Playbooks.Build;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Review;

/// <summary>What is to be reviewed, as a user names it.</summary>
/// <param name="Base">The commit that the change is compared with: the change is what it has done since both parted.</param>
/// <param name="Head">The change; null for the files as they stand, committed or not.</param>
/// <param name="Says">What it is for; null for its commits' messages.</param>
public sealed record ReviewRequest(string Base, string? Head, string? Says = null)
{
    /// <inheritdoc cref="ReviewInput.Closed"/>
    public IReadOnlyList<string> Closed { get; init; } = [];

    /// <inheritdoc cref="ReviewInput.FailOn"/>
    public Priority? FailOn { get; init; }

    /// <inheritdoc cref="ReviewInput.Markdown"/>
    public string? Markdown { get; init; }

    /// <inheritdoc cref="ReviewInput.Sarif"/>
    public string? Sarif { get; init; }
}

/// <summary>Runs that review a change that somebody else has made.</summary>
public sealed class ReviewKind : RunKind
{
    /// <inheritdoc/>
    public override string Name => "review";

    /// <inheritdoc/>
    public override RunView View(JournalReader reader) => new ReviewView(reader);

    /// <summary>Starts a review.</summary>
    /// <param name="start">The repository, and a goal that says how to build and check, and who reviews.</param>
    /// <param name="request">What is reviewed.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="GitException">There is no such commit, or nothing differs.</exception>
    /// <exception cref="FormatException">No model could be asked; one line that says how to mend it.</exception>
    public static async Task<RunHost> StartAsync(RunStart start, ReviewRequest request, CancellationToken cancellation)
    {
        var (source, goal) = (start.Source, (BuildGoal)start.Goal);
        if (!source.IsGit)
        {
            throw new GitException($"{source.Root} is no git repository with a commit, so there is no change to review");
        }

        var @base = await source.MergeBaseAsync(request.Base, request.Head ?? "HEAD", cancellation);
        AgentWorld.Require([goal.Reviewer!], goal.Dollars is not null, start.Store, start.Models, goal.Providers);
        return await RunGround.StartAsync(
            start with { From = @base },
            async (ground, _) =>
            {
                var head = await HeadAsync(ground, start, request, cancellation);
                if ((await ground.Repository.ChangedAsync(@base, head, cancellation)).Count == 0)
                {
                    var other = request.Head ?? "the files as they stand";
                    throw new GitException($"nothing differs between {request.Base} and {other}, so there is nothing to review");
                }

                var input = new ReviewInput(
                    new BuildInput
                    {
                        Goal = goal,
                        BaseCommit = @base,
                        Sandbox = ground.Sandbox.Describe(),
                        Source = source.Root,
                        Models = start.Models,
                    },
                    head,
                    $"{request.Head ?? "uncommitted changes"} against {request.Base}",
                    request.Says ?? await SaysAsync(ground.Repository, @base, head, cancellation))
                {
                    Closed = request.Closed,
                    FailOn = request.FailOn,
                    Markdown = request.Markdown,
                    Sarif = request.Sarif,
                };
                return await BuildHost.CreateAsync(
                    ground, start, input.Ground, input, services => (new ReviewPlaybook(services), new ReviewPlaybook(services).Catalogue()));
            },
            cancellation);
    }

    /// <inheritdoc/>
    public override Task<RunHost> ResumeAsync(RunResume resume, CancellationToken cancellation) => BuildHost.OpenAsync(
        resume, resume.Input<ReviewInput>(Name).Ground, (_, services) => new ReviewPlaybook(services).Catalogue());

    private static async Task<string> HeadAsync(RunGround ground, RunStart start, ReviewRequest request, CancellationToken cancellation)
    {
        var head = await start.Source.CommitAsync(request.Head ?? "HEAD", cancellation);
        await ground.Repository.FetchAsync(start.Source, head, "head", cancellation);
        return request.Head is null
            ? await ground.Repository.UncommittedAsync(start.Source, head, ground.Time.GetUtcNow(), cancellation)
            : head;
    }

    private static async Task<string> SaysAsync(RunRepository repository, string @base, string head, CancellationToken cancellation)
    {
        var messages = new List<string>();
        foreach (var commit in await repository.CommitsAsync(@base, head, cancellation))
        {
            messages.Add((await repository.MessageAsync(commit, cancellation)).Message.Trim());
        }

        return string.Join("\n\n", messages);
    }
}
