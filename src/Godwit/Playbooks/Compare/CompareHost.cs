using Godwit.Durable;
using Godwit.Egress;
using Godwit.Identity;
using Godwit.Playbooks.Measuring;
using Godwit.Playbooks.Optimise;
using Godwit.Runs;
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
    /// <param name="goal">How to build, check and measure, as the base has it.</param>
    /// <param name="baseName">The base commit's name.</param>
    /// <param name="headName">The other commit's name.</param>
    /// <param name="kind">How commands are kept apart.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <param name="networks">Serves the proxy of what setup may reach; null where it reaches nothing.</param>
    /// <param name="trials">How many candidates the head was chosen from, for the evidence.</param>
    /// <returns>The result, the evidence's path where something is proven, and the head's changes that the goal doesn't allow,
    /// which were left out.</returns>
    public static async Task<(CompareResult Result, string? Evidence, IReadOnlyList<string> LeftOut)> RunAsync(
        RunStore store, SourceRepository source, OptimiseGoal goal, string baseName, string headName, SandboxKind kind,
        CancellationToken cancellation, IEgressHost? networks = null, int trials = 1)
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
        var (candidate, leftOut) = await ChangesAsync(repository, goal, @base, head, cancellation);

        // What is signed is about what was measured: the head itself, or the base with what the goal lets differ.
        var measured = leftOut.Count == 0 ? head : await repository.CommitAsync(
            @base, candidate.Files.ToDictionary(file => file.Path, file => file.Content),
            $"What {head} changes and the goal allows", options.Time.GetUtcNow(), "measured", cancellation);
        using var sandbox = new SandboxRunner(kind, store.SandboxAssets, options.Time);
        Directory.CreateDirectory(folder.Trees);
        using var network = new RunNetwork(goal.Harness.Network, OwnerNetwork.Load(store.Network), networks, folder.Path, options.Time);
        using var measurer = new SandboxMeasurer(
            new HarnessTrees(folder, repository, goal.Harness, sandbox, network, @base), goal.Harness, sandbox, folder);
        using var signer = RunSigner.Of(folder);
        var input = new OptimiseInput { Goal = goal, BaseCommit = @base, Sandbox = sandbox.Describe(), Source = source.Root };
        var playbook = new ComparePlaybook(measurer);
        await using var run = await DurableRun.CreateAsync(
            folder, signer, playbook.Catalogue(), playbook, new CompareInput(input, candidate, head), goal.Seed, options);
        network.TakeUp(run);
        var end = await run.RunAsync(cancellation);
        if (end.State != RunState.Completed)
        {
            cancellation.ThrowIfCancellationRequested();
            return (
                new CompareResult { Verdict = "failed", Reason = end.Failure?.Message ?? string.Join("; ", end.ParkedFor) }, null, leftOut);
        }

        var result = end.Result<CompareResult>();
        if (result.Verdict is not ("better" or "worse") || !goal.Harness.Kind.CanClaim())
        {
            return (result, null, leftOut);
        }

        var delivery = new Delivery(folder, repository, store);
        var better = result.Verdict == "better";
        var proof = new ProofResult
        {
            Claim = better ? result.Better : result.Worse,
            Pairs = better ? result.Pairs : ComparePlaybook.Swap(result.Pairs),
            HoldOut = better ? result.HoldOut : null,
            HoldOutPairs = result.HoldOutPairs,
        };
        var request = new EvidenceRequest(
            better ? input : input with { BaseCommit = measured }, result.Calibration!, proof, better ? measured : @base, trials,
            options.Time.GetUtcNow(), leftOut.Count == 0 ? null : new EvidenceLeftOut(head, leftOut));
        return (result, Path.Combine(folder.Evidence, await delivery.SignAsync(request, cancellation)), leftOut);
    }

    private static async Task<(Candidate Candidate, IReadOnlyList<string> LeftOut)> ChangesAsync(
        RunRepository repository, OptimiseGoal goal, string @base, string head, CancellationToken cancellation)
    {
        var editable = new Glob(
            goal.Harness.Editable.Select(pattern => goal.Harness.Folder.Length == 0 ? pattern : $"{goal.Harness.Folder}/{pattern}"));
        var changed = await repository.ChangedAsync(@base, head, cancellation);
        var files = new List<FileChange>();
        foreach (var file in changed.Where(editable.Matches))
        {
            files.Add(new FileChange(file, await repository.FileAsync(head, file, cancellation)));
        }

        return files.Count > 0
            ? (new Candidate(files), [.. changed.Where(file => !editable.Matches(file))])
            : throw new GitException($"nothing that the goal allows to change differs between {@base[..12]} and {head[..12]}");
    }
}
