using System.Globalization;
using Godwit.Durable.Journal;
using Godwit.Runs;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Optimise;

/// <summary>A trial as a commit of the run's clone, for a look at it alone.</summary>
public static class CandidateCommit
{
    private const string Looks = "looks";

    /// <summary>How many looks at single trials of a run there have been.</summary>
    public static Task<int> LooksAsync(RunFolder folder, CancellationToken cancellation) =>
        new RunRepository(folder.Repository).CountAsync(Looks, cancellation);

    /// <summary>Makes the commit, and counts the look before anything is measured: a look that is broken off counts too.</summary>
    /// <param name="folder">The run.</param>
    /// <param name="input">What the run was started with.</param>
    /// <param name="trial">The trial.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>The commit, and how many looks of this kind there have been with this one.</returns>
    public static async Task<(string Commit, int Looks)> MakeAsync(
        RunFolder folder, OptimiseInput input, TrialRecord trial, CancellationToken cancellation)
    {
        var repository = new RunRepository(folder.Repository);
        var candidate = await new CandidateMaker(input).Make(trial.Parameters).ResolveAsync(repository, cancellation);
        var looks = await LooksAsync(folder, cancellation) + 1;
        var files = candidate.Files.ToDictionary(file => file.Path, file => file.Content);
        var name = string.Create(CultureInfo.InvariantCulture, $"{Looks}/{looks}");
        return (
            await repository.CommitAsync(
                input.BaseCommit, files, $"Trial {trial.Number} of {folder.Id}", DateTimeOffset.UnixEpoch, name, cancellation),
            looks);
    }
}
