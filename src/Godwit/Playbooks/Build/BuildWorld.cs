using System.Globalization;
using System.Text;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Identity;
using Godwit.Playbooks.Land;
using Godwit.Runs;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Build;

/// <summary>Commits in the run's clone, signed with the keys of the agents that did the work.</summary>
internal sealed class BuildWorld(RunFolder folder, RunRepository repository, BuildGoal goal, RunStore store) : IBuildWorld
{
    private const int LongestPatch = 60_000;
    private const string ConflictMark = "<<<<<<< ";
    private const string AllowedSigners = "allowed_signers";

    private readonly Glob _hidden = new(goal.Hidden);

    public async Task<BuildBase> BaseAsync(string baseCommit, Attempt attempt, CancellationToken cancellation)
    {
        var files = await repository.FilesAsync(baseCommit, "", cancellation);
        var hidden = files.Where(file => _hidden.Matches(file.Path)).ToDictionary(file => file.Path, _ => (byte[]?)null);
        var commit = hidden.Count == 0
            ? baseCommit
            : await repository.CommitAsync(baseCommit, hidden, "Without hidden files", DateTimeOffset.UnixEpoch, "visible", cancellation);
        return new BuildBase(commit, await RepositoryInstructions.ReadAsync(repository, commit, goal.Folder, cancellation));
    }

    public async Task<IReadOnlyList<string>> FilesAsync(string commit, Attempt attempt, CancellationToken cancellation) =>
        [.. (await repository.FilesAsync(commit, goal.Folder, cancellation)).Select(file => file.Path)];

    public async Task<Harvest> HarvestAsync(HarvestRequest request, Attempt attempt, CancellationToken cancellation)
    {
        var changes = await repository.ChangesAsync(request.Tip, request.Tree, cancellation);
        AgentWorld.DeleteTree(folder, request.Agent);
        if (changes.Count == 0)
        {
            return new Harvest(null, [], [], "", []);
        }

        var commit = await WriteAsync(
            request.Tree, [request.Tip], $"Work of {request.Agent}", request.Agent, $"work/{request.Name}", attempt, cancellation);
        var marked = new List<string>();
        foreach (var file in request.Conflicts)
        {
            var content = await repository.FileAsync(commit, file, cancellation);
            if (content is not null && Encoding.UTF8.GetString(content).Split('\n').Any(line => line.StartsWith(ConflictMark, StringComparison.Ordinal)))
            {
                marked.Add(file);
            }
        }

        return await HarvestOfAsync(request.Tip, commit, changes, marked, cancellation);
    }

    public async Task<Harvest> ChangeAsync(ChangeRequest request, Attempt attempt, CancellationToken cancellation)
    {
        var changes = await repository.ChangesAsync(request.Base, request.Head, cancellation);
        return await HarvestOfAsync(request.Base, request.Head, changes, [], cancellation);
    }

    private async Task<Harvest> HarvestOfAsync(
        string from, string commit, IReadOnlyList<(string Path, string? Object, bool IsNew)> changes, IReadOnlyList<string> marked,
        CancellationToken cancellation)
    {
        var patch = await repository.DiffAsync(from, commit, cancellation);
        return new Harvest(
            commit,
            [.. changes.Select(change => change.Path)],
            [.. changes.Where(change => change.Object is not null).Select(change => change.Path)],
            patch.Length > LongestPatch ? patch[..LongestPatch] + "\n... (cut)" : patch,
            marked)
        {
            New = [.. changes.Where(change => change.IsNew).Select(change => change.Path)],
        };
    }

    public async Task<StackOutcome> StackAsync(StackRequest request, Attempt attempt, CancellationToken cancellation)
    {
        var merge = await repository.MergeAsync(request.Tip, request.Commit, cancellation);
        return merge.Conflicts.Count > 0
            ? new StackOutcome(null, merge.Tree, merge.Conflicts)
            : new StackOutcome(await LandAsync(request, merge.Tree, attempt, cancellation), merge.Tree, []);
    }

    private Task<string> LandAsync(StackRequest request, string tree, Attempt attempt, CancellationToken cancellation)
    {
        var message = $"{request.Message.TrimEnd()}\nGodwit-Run: {folder.Id}";
        List<string> parents = request.KeepsHistory ? [request.Tip, request.Commit] : [request.Tip];
        return WriteAsync(tree, parents, message, request.Agent, $"stack/{request.Name}", attempt, cancellation);
    }

    public Task<string> TreeAsync(string commit, Attempt attempt, CancellationToken cancellation) => repository.TreeAsync(commit, cancellation);

    public async Task<string> DeliverAsync(DeliverRequest request, Attempt attempt, CancellationToken cancellation)
    {
        var (from, tip) = (request.Visible, request.BaseCommit);
        if (from == tip)
        {
            return request.Tip;
        }

        // Each commit again, with the files that no agent has seen: nobody could change them.
        var hidden = (await repository.FilesAsync(tip, "", cancellation)).Where(file => _hidden.Matches(file.Path)).ToList();
        foreach (var commit in await repository.CommitsAsync(from, request.Tip, cancellation))
        {
            var tree = await repository.TreeWithAsync(commit, request.BaseCommit, [.. hidden.Select(file => file.Path)], cancellation);
            var (message, agent) = await repository.MessageAsync(commit, cancellation);
            tip = await WriteAsync(tree, [tip], message, agent, "result", attempt, cancellation);
        }

        return tip;
    }

    public Task<string> SignAsync(BuildEvidenceRequest request, Attempt attempt, CancellationToken cancellation) =>
        SignAsync(
            request.Works.Select(work => work.Agent), BuildEvidence.Type, request.Commit,
            key => BuildPredicate.OfAsync(request, repository, folder.Id, key, cancellation), cancellation);

    public Task<string> SignLandedAsync(LandEvidenceRequest request, Attempt attempt, CancellationToken cancellation) =>
        SignAsync(
            [LandPlaybook.Agent], LandEvidence.Type, request.Commit, key => Task.FromResult(LandPredicate.Of(request, folder.Id, key)), cancellation);

    /// <summary>Signs a statement, and lays beside it the keys of those who signed its commits.</summary>
    private async Task<string> SignAsync<T>(
        IEnumerable<string> agents, string type, string commit, Func<PublicKey, Task<T>> predicate, CancellationToken cancellation)
    {
        using var key = store.VerifierKey();
        Directory.CreateDirectory(folder.Evidence);
        var keys = AgentKeys.Of(folder);
        var signers = agents.Distinct().Select(agent =>
        {
            using var own = keys[agent];
            return SshSignature.AllowedSigner(MailOf(agent), own.Public);
        });
        await File.WriteAllLinesAsync(Path.Combine(folder.Evidence, AllowedSigners), signers, cancellation);
        var name = $"{folder.Id}.evidence.json";
        var statement = await Statements.OfAsync(type, await predicate(key.Public), repository, commit, cancellation);
        await File.WriteAllBytesAsync(Path.Combine(folder.Evidence, name), Dsse.Sign(statement, key), cancellation);
        return name;
    }

    private async Task<string> WriteAsync(
        string tree, IReadOnlyList<string> parents, string message, string agent, string reference, Attempt attempt, CancellationToken cancellation)
    {
        using var key = AgentKeys.Of(folder)[agent];
        return await repository.WriteCommitAsync(
            new CommitFacts(tree, parents, $"{agent} <{MailOf(agent)}>", attempt.Time.GetUtcNow(), message), reference,
            content => SshSignature.OfCommit(content, key), cancellation);
    }

    private static string MailOf(string agent) => $"{agent}@godwit.localhost";
}
