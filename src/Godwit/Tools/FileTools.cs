using System.Globalization;
using System.Text;
using Godwit.Models;
using Godwit.Workspaces;

namespace Godwit.Tools;

/// <summary>Lists the files below a folder.</summary>
public sealed class ListTool : ITool
{
    private const int Most = 500;

    /// <inheritdoc/>
    public ToolSpec Spec { get; } = new(
        "list", "Lists the files below a folder of the tree, with their sizes.",
        """{"type":"object","properties":{"path":{"type":"string","description":"folder; the tree's top when left out"}}}""");

    /// <inheritdoc/>
    public ToolEffects EffectsOf(ToolArguments arguments) => ToolEffects.Reading(arguments.TextOrNull("path") ?? "");

    /// <inheritdoc/>
    public Task<ToolOutput> RunAsync(ToolContext context, ToolArguments arguments, CancellationToken cancellation)
    {
        var folder = TreePath.Resolve(context.Tree, arguments.TextOrNull("path") ?? "");
        if (!Directory.Exists(folder))
        {
            throw new ToolException($"there is no folder {arguments.TextOrNull("path")}");
        }

        var files = new DirectoryInfo(folder).EnumerateFiles(
            "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
            .Where(file => !TreePath.IsBuilt(folder, file.FullName)).OrderBy(file => file.FullName, StringComparer.Ordinal).ToList();
        var text = new StringBuilder();
        foreach (var file in files.Take(Most))
        {
            text.Append(CultureInfo.InvariantCulture, $"{Path.GetRelativePath(context.Tree.Path, file.FullName)} {file.Length}\n");
        }

        return Task.FromResult(
            new ToolOutput(
                files.Count > Most
                    ? $"{text}... and {files.Count - Most} more; list a folder below\n"
                    : text.Length == 0 ? "no files" : text.ToString()));
    }
}

/// <summary>Reads a file, or some of its lines.</summary>
public sealed class ReadTool : ITool
{
    private const int MostLines = 800;
    private const int MostCharacters = 60_000;

    /// <inheritdoc/>
    public ToolSpec Spec { get; } = new(
        "read", $"Reads a file of the tree, with line numbers; at most {MostLines} lines at once.",
        """{"type":"object","properties":{"path":{"type":"string"},"from":{"type":"integer","description":"first line, from 1"},"to":""" +
        """{"type":"integer","description":"last line"}},"required":["path"]}""");

    /// <inheritdoc/>
    public ToolEffects EffectsOf(ToolArguments arguments) => ToolEffects.Reading(arguments.Text("path"));

    /// <inheritdoc/>
    public async Task<ToolOutput> RunAsync(ToolContext context, ToolArguments arguments, CancellationToken cancellation)
    {
        var lines = (await TextFile.ReadAsync(context.Tree, arguments.Text("path"), cancellation)).Split('\n');
        var count = lines.Length - (lines[^1].Length == 0 ? 1 : 0);
        var from = Math.Max(1, arguments.Number("from") ?? 1);
        var to = Math.Min(Math.Min(count, arguments.Number("to") ?? count), from + MostLines - 1);
        if (from > count)
        {
            throw new ToolException($"{arguments.Text("path")} has {count} lines");
        }

        var text = new StringBuilder();
        for (var number = from; number <= to && text.Length < MostCharacters; number++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{number}\t{lines[number - 1]}\n");
        }

        return new ToolOutput(to < count ? $"{text}... {count - to} more lines\n" : text.ToString());
    }
}

/// <summary>Replaces a text that occurs exactly once.</summary>
public sealed class EditTool : ITool
{
    /// <inheritdoc/>
    public ToolSpec Spec { get; } = new(
        "edit", "Replaces one place in a file: 'old' must occur exactly once, character for character, without line numbers.",
        """{"type":"object","properties":{"path":{"type":"string"},"old":{"type":"string"},"new":{"type":"string"}},"required":["path","old","new"]}""");

    /// <inheritdoc/>
    public ToolEffects EffectsOf(ToolArguments arguments) => ToolEffects.Writing(arguments.Text("path"));

    /// <inheritdoc/>
    public async Task<ToolOutput> RunAsync(ToolContext context, ToolArguments arguments, CancellationToken cancellation)
    {
        var (path, old) = (arguments.Text("path"), arguments.Text("old"));
        var text = await TextFile.ReadAsync(context.Tree, path, cancellation);
        var places = old.Length == 0 ? 0 : text.Split(old).Length - 1;
        if (places != 1)
        {
            throw new ToolException(places == 0
                ? $"'old' doesn't occur in {path}; read the file again and copy the text as it stands there, without line numbers"
                : $"'old' occurs {places} times in {path}; add lines around it until it occurs once");
        }

        var start = text.IndexOf(old, StringComparison.Ordinal);
        await TextFile.WriteAsync(
            context.Tree, path, string.Concat(text.AsSpan(0, start), arguments.Text("new"), text.AsSpan(start + old.Length)), cancellation);
        var objection = context.Tree.Scope.Objection(TreePath.Local(path));
        return new ToolOutput($"changed {path} at line {text.AsSpan(0, start).Count('\n') + 1}{objection}");
    }
}

/// <summary>Writes a whole file.</summary>
public sealed class WriteTool : ITool
{
    /// <inheritdoc/>
    public ToolSpec Spec { get; } = new(
        "write", "Writes a whole file; for a change of an existing one use 'edit'.",
        """{"type":"object","properties":{"path":{"type":"string"},"content":{"type":"string"}},"required":["path","content"]}""");

    /// <inheritdoc/>
    public ToolEffects EffectsOf(ToolArguments arguments) => ToolEffects.Writing(arguments.Text("path"));

    /// <inheritdoc/>
    public async Task<ToolOutput> RunAsync(ToolContext context, ToolArguments arguments, CancellationToken cancellation)
    {
        await TextFile.WriteAsync(context.Tree, arguments.Text("path"), arguments.Text("content"), cancellation);
        var path = arguments.Text("path");
        return new ToolOutput($"wrote {path}{context.Tree.Scope.Objection(TreePath.Local(path))}");
    }
}

/// <summary>Text files of a tree.</summary>
internal static class TextFile
{
    private const long Largest = 8 << 20;

    public static async Task<string> ReadAsync(AgentTree tree, string path, CancellationToken cancellation)
    {
        var place = TreePath.Resolve(tree, path);
        if (!File.Exists(place))
        {
            throw new ToolException($"there is no file {path}; 'list' shows what there is");
        }

        await using var file = Open(tree, path, forWriting: false);
        if (file.Length > Largest)
        {
            throw new ToolException($"{path} is larger than {Largest >> 20} MiB; look into it with 'search' or 'run'");
        }

        var content = new byte[file.Length];
        await file.ReadExactlyAsync(content, cancellation);
        return content.AsSpan(0, Math.Min(content.Length, 8000)).Contains((byte)0)
            ? throw new ToolException($"{path} isn't text")
            : Encoding.UTF8.GetString(content);
    }

    public static async Task WriteAsync(AgentTree tree, string path, string content, CancellationToken cancellation)
    {
        var place = TreePath.Resolve(tree, path);
        if (TreePath.Local(path).Length == 0 || Directory.Exists(place))
        {
            throw new ToolException($"{path} is a folder; name a file");
        }

        tree.Touch();
        for (var folder = Path.GetDirectoryName(place)!; !Directory.Exists(folder);)
        {
            // The topmost one that is missing first, so that each gets its owner.
            var top = folder;
            while (!Directory.Exists(Path.GetDirectoryName(top)))
            {
                top = Path.GetDirectoryName(top)!;
            }

            Directory.CreateDirectory(top);
            FileSystem.Own(top, tree.Owner);
        }

        await using (var file = Open(tree, path, forWriting: true))
        {
            await file.WriteAsync(Encoding.UTF8.GetBytes(content), cancellation);
        }

        FileSystem.Own(place, tree.Owner);
    }

    private static FileStream Open(AgentTree tree, string path, bool forWriting) =>
        FileSystem.OpenBeneath(tree.Path, TreePath.Local(path), forWriting)
            ?? throw new ToolException($"{path} is no plain file any more, or is reached through a link");
}
