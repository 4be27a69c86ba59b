using System.Text;
using Godwit.Models;

namespace Godwit.Tools;

/// <summary>Shows what an agent has changed since it started.</summary>
public sealed class DiffTool : ITool
{
    private const int Longest = 24_000;
    private const int MostNames = 20;

    /// <inheritdoc/>
    public ToolSpec Spec { get; } = new(
        "diff", "Shows what you have changed since you started, as a patch, and which changed files aren't handed over.",
        """{"type":"object","properties":{"path":{"type":"string","description":"folder or file; all when left out"}}}""");

    /// <inheritdoc/>
    /// <remarks>It names the tree as it stands, for which nothing else may work on it.</remarks>
    public ToolEffects EffectsOf(ToolArguments arguments) => ToolEffects.Writing("");

    /// <inheritdoc/>
    public async Task<ToolOutput> RunAsync(ToolContext context, ToolArguments arguments, CancellationToken cancellation)
    {
        var isOwn = context.Tree.Scope.IsOwn;
        var below = TreePath.Local(arguments.TextOrNull("path") ?? "");
        var changes = (await context.Tree.ChangesAsync(cancellation)).Where(change => TreePath.IsBelow(change.Path, below)).ToList();
        var own = changes.Where(change => isOwn(change.Path)).Select(change => change.Path).ToList();
        var patch = own.Count == 0 ? "you have changed nothing that is handed over\n" : await context.Tree.DiffAsync(own, cancellation);
        var text = new StringBuilder(patch.Length > Longest ? $"{patch[..Longest]}\n... (cut; name a file)\n" : patch);
        Append(
            text, "changed although the goal doesn't allow it, which voids your work",
            changes.Where(change => !isOwn(change.Path) && !change.IsNew).Select(change => change.Path));
        Append(text, "new and not handed over", changes.Where(change => !isOwn(change.Path) && change.IsNew).Select(change => change.Path));
        return new ToolOutput(text.ToString());
    }

    private static void Append(StringBuilder text, string what, IEnumerable<string> paths)
    {
        var names = paths.ToList();
        if (names.Count > 0)
        {
            text.Append('\n').Append(what)
                .Append(": ")
                .AppendJoin(", ", names.Take(MostNames))
                .Append(names.Count > MostNames ? $" and {names.Count - MostNames} more" : "")
                .Append('\n');
        }
    }
}

/// <summary>Puts files back as they were when the agent started.</summary>
public sealed class RevertTool : ITool
{
    /// <inheritdoc/>
    public ToolSpec Spec { get; } = new(
        "revert", "Puts a file, or all files below a folder, back as they were when you started; new files go.",
        """{"type":"object","properties":{"path":{"type":"string","description":"file or folder; '.' for all"}},"required":["path"]}""");

    /// <inheritdoc/>
    public ToolEffects EffectsOf(ToolArguments arguments) => ToolEffects.Writing("");

    /// <inheritdoc/>
    public async Task<ToolOutput> RunAsync(ToolContext context, ToolArguments arguments, CancellationToken cancellation)
    {
        var below = TreePath.Local(arguments.Text("path"));
        var changes = (await context.Tree.ChangesAsync(cancellation)).Where(change => TreePath.IsBelow(change.Path, below))
            .Select(change => change.Path)
            .ToList();
        if (changes.Count == 0)
        {
            throw new ToolException($"nothing has changed in {arguments.Text("path")} since you started");
        }

        await context.Tree.RevertAsync(changes, cancellation);
        return new ToolOutput($"restored to what you started with: {string.Join(", ", changes)}");
    }
}
