using System.Security.Cryptography;
using System.Text;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Optimise;

/// <summary>Agents' view of the code, over the run's clone.</summary>
internal sealed class CodeWorld(
    RunFolder folder, RunRepository repository, HarnessTrees trees, HarnessSpec spec, string? parameterFile) : ICodeWorld
{
    private const int LongestPatch = 8_000;

    // What an agent goes on with it has to know whole.
    private const int LongestStart = 60_000;
    private static readonly string[] Indented = [".py", ".pyx", ".yaml", ".yml", ".fs", ".hs", ".nim", "Makefile", ".mk"];

    public async Task<CodeBase> BaseAsync(string baseCommit, Attempt attempt, CancellationToken cancellation)
    {
        var commit = await trees.VisibleAsync(cancellation);
        var instructions = await RepositoryInstructions.ReadAsync(repository, commit, spec.Folder, cancellation);
        return new CodeBase(commit, await repository.TreeAsync(commit, cancellation), instructions);
    }

    public async Task<CodeStart> StartAsync(CodeStartRequest request, Attempt attempt, CancellationToken cancellation)
    {
        var files = new Dictionary<string, byte[]?>(StringComparer.Ordinal);
        foreach (var (path, content) in request.Files)
        {
            files[path] = CandidateMaker.ObjectOf(content) is { } name ? await repository.ObjectAsync(name, cancellation) : null;
        }

        var commit = await repository.CommitAsync(
            request.Commit, files, $"Start of agent {request.Number}", DateTimeOffset.UnixEpoch, $"starts/{request.Number}", cancellation);
        var patch = await repository.DiffAsync(request.Commit, commit, files.Keys, cancellation);
        return new CodeStart(
            await repository.TreeAsync(commit, cancellation),
            patch.Length > LongestStart ? patch[..LongestStart] + "\n... (cut; it is in your files)" : patch);
    }

    public async Task<CodeChange> ChangeAsync(CodeChangeRequest request, Attempt attempt, CancellationToken cancellation)
    {
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        var refused = new List<string>();
        foreach (var (path, name, isNew) in await repository.ChangesAsync(request.Commit, request.Tree, cancellation))
        {
            if (path == parameterFile)
            {
                // Its values are the search's: what a candidate has of it is written from them.
                continue;
            }

            if (trees.IsEditable(path))
            {
                files[path] = CandidateMaker.ContentOf(name);
            }
            else if (!isNew)
            {
                // What a build leaves beside the sources isn't handed over and does no harm; what the base has must stay.
                refused.Add(path);
            }
        }

        AgentWorld.DeleteTree(folder, request.Agent);
        var patch = files.Count == 0 ? "" : await repository.DiffAsync(request.Commit, request.Tree, files.Keys, cancellation);
        return new CodeChange(
            files, refused, patch.Length > LongestPatch ? patch[..LongestPatch] + "\n... (cut)" : patch,
            attempt.ActiveTime.TotalSeconds, ShapeOf(patch));
    }

    /// <summary>The lines that went and came, without white space, except where a language's blocks are made of it.</summary>
    internal static string ShapeOf(string patch)
    {
        var lines = new List<string>();
        var indented = false;
        var names = "";
        foreach (var line in patch.Split('\n'))
        {
            // What has no lines to compare is told apart by its names.
            names = line.StartsWith("index ", StringComparison.Ordinal) ? line : names;
            if (line.StartsWith("Binary ", StringComparison.Ordinal)
                || line.StartsWith("rename ", StringComparison.Ordinal)
                || line.StartsWith("new mode ", StringComparison.Ordinal))
            {
                lines.Add(names + line);
            }

            if (line.Length < 2 || line[0] is not ('+' or '-'))
            {
                continue;
            }

            indented = line.StartsWith("+++ ", StringComparison.Ordinal)
                ? Indented.Any(end => line.EndsWith(end, StringComparison.Ordinal))
                : indented;
            var words = string.Concat(line.Skip(1).Where(letter => !char.IsWhiteSpace(letter)));
            if (words.Length > 0)
            {
                lines.Add($"{line[0]}{(indented ? line.Length - line[1..].TrimStart().Length : 0)} {words}");
            }
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))))[..16];
    }
}
