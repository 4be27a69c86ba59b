using Godwit.Durable;
using Godwit.Identity;
using Godwit.Playbooks.Optimise;
using Godwit.Sandbox;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Compare;

/// <summary>Carries out a comparison in a run of its own and signs what it proves.</summary>
public static class CompareHost
{
    /// <summary>Compares two commits.</summary>
    /// <param name="store">Where runs live.</param>
    /// <param name="source">The user's repository.</param>
    /// <param name="goal">How to build, check and measure; it comes from the base's side.</param>
    /// <param name="baseName">The base commit's name.</param>
    /// <param name="headName">The other commit's name.</param>
    /// <param name="kind">How commands are kept apart.</param>
    /// <param name="tell">Is told what is left out of the comparison.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>The result, and the evidence's path where something is proven.</returns>
    public static async Task<(CompareResult Result, string? Evidence)> RunAsync(
        RunStore store, SourceRepository source, Goal goal, string baseName, string headName, SandboxKind kind, Action<string> tell, CancellationToken cancellation)
    {
        if (!source.IsGit)
        {
            throw new GitException($"{source.Root} is no git repository with a commit, so there is nothing to compare");
        }

        var options = new DurableOptions();
        var head = await source.CommitAsync(headName, cancellation);
        var folder = store.New(goal.Name, options.Time.GetUtcNow(), "comparisons");
        var repository = new RunRepository(folder.Repository);
        var @base = await repository.CloneAsync(source, baseName, cancellation);
        await repository.FetchAsync(source, head, "head", cancellation);
        var candidate = await ChangesAsync(repository, goal, @base, head, tell, cancellation);
        using var sandbox = new SandboxHost(kind, store.SandboxAssets, options.Time);
        Directory.CreateDirectory(folder.Trees);
        using var measurer = new SandboxMeasurer(new HarnessTrees(folder, repository, goal.Harness, sandbox, @base), goal.Harness, sandbox, folder);
        using var signer = RunSigner.Of(folder);
        var input = new OptimiseInput { Goal = goal, BaseCommit = @base, Sandbox = sandbox.Describe(), Source = source.Root };
        var playbook = new ComparePlaybook(measurer);
        await using var run = await DurableRun.CreateAsync(folder, signer, playbook.Catalogue(), playbook, new CompareInput(input, candidate, head), goal.Seed, options);
        var end = await run.RunAsync(cancellation);
        if (end.State != RunState.Completed)
        {
            cancellation.ThrowIfCancellationRequested();
            return (new CompareResult { Verdict = "failed", Reason = end.Failure?.Message ?? string.Join("; ", end.ParkedFor) }, null);
        }

        var result = end.Result<CompareResult>();
        if (result.Verdict is not ("better" or "worse"))
        {
            return (result, null);
        }

        var delivery = new Delivery(folder, repository, store);
        var better = result.Verdict == "better";
        var proof = new AttemptResult { Claim = better ? result.Better : result.Worse, Pairs = better ? result.Pairs : ComparePlaybook.Swap(result.Pairs) };
        var request = new EvidenceRequest(better ? input : input with { BaseCommit = head }, result.Calibration!, proof, better ? head : @base, 1, options.Time.GetUtcNow());
        return (result, Path.Combine(folder.Evidence, await delivery.SignAsync(request, null!, cancellation)));
    }

    private static async Task<Candidate> ChangesAsync(RunRepository repository, Goal goal, string @base, string head, Action<string> tell, CancellationToken cancellation)
    {
        var editable = new Glob(goal.Harness.Editable.Select(pattern => goal.Harness.Folder.Length == 0 ? pattern : $"{goal.Harness.Folder}/{pattern}"));
        var changed = await repository.ChangedAsync(@base, head, cancellation);
        var left = changed.Where(file => !editable.Matches(file)).ToList();
        if (left.Count > 0)
        {
            tell($"left as the base has it, because the goal's 'editable' doesn't allow it: {string.Join(", ", left.Take(3))}{(left.Count > 3 ? $" and {left.Count - 3} more" : "")}");
        }

        var files = new List<FileChange>();
        foreach (var file in changed.Where(editable.Matches))
        {
            files.Add(new FileChange(file, await repository.FileAsync(head, file, cancellation)));
        }

        return files.Count > 0 ? new Candidate(files) : throw new GitException($"nothing that the goal allows to change differs between {@base[..12]} and {head[..12]}");
    }
}
