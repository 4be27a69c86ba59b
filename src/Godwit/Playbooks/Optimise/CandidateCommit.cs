using Godwit.Journal;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Optimise;

/// <summary>A trial as a commit of the run's clone.</summary>
public static class CandidateCommit
{
    /// <summary>Makes it, or finds it made; the same trial has the same commit.</summary>
    /// <param name="folder">The run.</param>
    /// <param name="input">What the run was started with.</param>
    /// <param name="trial">The trial.</param>
    /// <param name="cancellation">Ends the work.</param>
    public static async Task<string> MakeAsync(RunFolder folder, OptimiseInput input, TrialRecord trial, CancellationToken cancellation)
    {
        var repository = new RunRepository(folder.Repository);
        var candidate = await new CandidateMaker(input).Make(trial.Parameters).ResolveAsync(repository, cancellation);
        return await repository.CommitAsync(
            input.BaseCommit, candidate.Files.ToDictionary(file => file.Path, file => file.Content), $"Trial {trial.Number} of {folder.Id}", DateTimeOffset.UnixEpoch, $"trials/{trial.Number}", cancellation);
    }
}
