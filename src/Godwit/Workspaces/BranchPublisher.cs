using Godwit.Durable;

namespace Godwit.Workspaces;

/// <summary>What to publish.</summary>
/// <param name="Source">The user's repository.</param>
/// <param name="Branch">The new branch.</param>
/// <param name="Commit">Its tip.</param>
public sealed record PublishRequest(string Source, string Branch, string Commit);

/// <summary>Makes a run's result a branch of the user's repository; a plain folder gets none.</summary>
public interface IPublisher
{
    /// <summary>Makes the branch and returns its name.</summary>
    Task<string> PublishAsync(PublishRequest request, Attempt attempt, CancellationToken cancellation);

    /// <summary>Whether the branch is there.</summary>
    Task<ProbeAnswer> ProbeAsync(PublishRequest request, CancellationToken cancellation);
}

/// <summary>Publishes out of a run's clone.</summary>
/// <param name="repository">The clone.</param>
public sealed class BranchPublisher(RunRepository repository) : IPublisher
{
    /// <inheritdoc/>
    public async Task<string> PublishAsync(PublishRequest request, Attempt attempt, CancellationToken cancellation)
    {
        var source = await SourceRepository.FindAsync(request.Source, cancellation);
        if (source.IsGit)
        {
            await source.TakeBranchAsync(repository.Path, request.Commit, request.Branch, cancellation);
        }

        return request.Branch;
    }

    /// <inheritdoc/>
    public async Task<ProbeAnswer> ProbeAsync(PublishRequest request, CancellationToken cancellation)
    {
        var source = await SourceRepository.FindAsync(request.Source, cancellation);
        return source.IsGit && await source.BranchAsync(request.Branch, cancellation) == request.Commit
            ? new ProbeAnswer.Happened(request.Branch)
            : new ProbeAnswer.Absent();
    }
}
