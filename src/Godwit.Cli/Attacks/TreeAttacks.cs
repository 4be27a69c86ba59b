using Godwit.Runs;
using Godwit.Sandbox;
using Godwit.Tools;
using Godwit.Workspaces;

namespace Godwit.Cli.Attacks;

/// <summary>What an agent leaves in its files for the host side to fall over, which reads, searches, records and merges them.</summary>
internal static class TreeAttacks
{
    private const string ReadsNoLinks = "what Godwit itself reads of a workspace stays in it";
    private const string RunsNothing = "Godwit runs nothing that a workspace asks for";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>All of them.</summary>
    public static IEnumerable<Attack> All =>
    [
        Reads("host/read-link", "ln -s $SECRET_FILE link", "link"),
        Reads("host/read-relative-link", "ln -s ../../../../../../../../../../$SECRET_FILE link", "link"),
        Reads("host/read-linked-folder", "ln -s $SECRET_FOLDER folder", "folder/$SECRET_NAME"),
        Reads("host/read-proc-link", "ln -s /proc/self/environ link", "link"),
        Reads("host/read-above", "true", "../../../../../../../../$SECRET_FILE"),
        Reads("host/read-whole-path", "true", "$SECRET_FILE"),
        Reads("host/read-pipe", "mkfifo pipe", "pipe"),
        Reads("host/read-sparse", "truncate -s 900G huge", "huge"),
        Reads("host/search-links", "ln -s $SECRET_FOLDER folder; ln -s $SECRET_FILE link", "", "search", """{"pattern":"secret[0-9a-f]{24}"}"""),
        Reads("host/list-links", "ln -s $SECRET_FOLDER folder", "folder", "list"),
        new Attack("host/race-link", ReadsNoLinks, RaceAsync),
        new Attack("host/write-through-link", ReadsNoLinks, async (ground, cancellation) =>
        {
            var tree = await TreeAsync(ground, cancellation);
            await PlantAsync(ground, tree, "ln -s $SECRET_FILE link", cancellation);
            var said = await UseAsync(new WriteTool(), tree, $$"""{"path":"link","content":"changed"}""", cancellation);
            return await File.ReadAllTextAsync(ground.InHome, cancellation) == ground.Secret
                ? AttackOutcome.Stopped(said) : AttackOutcome.Through("the write went through the link");
        }),
        new Attack("host/record-link", ReadsNoLinks, async (ground, cancellation) =>
        {
            var tree = await TreeAsync(ground, cancellation);
            await PlantAsync(ground, tree, "ln -s $SECRET_FILE link; ln -s $SECRET_FOLDER folder; mkfifo pipe", cancellation);
            var recorded = await tree.SnapshotAsync(cancellation).WaitAsync(Patience, cancellation);
            var files = await ground.Clone.FilesAsync(recorded, "", cancellation);
            foreach (var (file, _) in files)
            {
                if (await ground.Clone.FileAsync(recorded, file, cancellation) is { } content
                    && System.Text.Encoding.UTF8.GetString(content).Contains(ground.Secret, StringComparison.Ordinal))
                {
                    return AttackOutcome.Through($"{file} was recorded with what it leads to");
                }
            }

            return AttackOutcome.Stopped("links are recorded as links, and pipes not at all");
        }),
        Runs("host/hooks", "mkdir -p .git/hooks; for h in post-checkout pre-commit post-commit post-merge reference-transaction; do " +
            "printf '#!/bin/sh\\ntouch $MARK\\n' > .git/hooks/$h; chmod +x .git/hooks/$h; done; git init -q . 2>/dev/null; true"),
        Runs("host/git-config", "mkdir -p .git; printf '[core]\\n fsmonitor = touch $MARK\\n sshCommand = touch $MARK\\n pager = touch $MARK\\n" +
            "[diff]\\n external = touch $MARK\\n[filter \"x\"]\\n clean = touch $MARK\\n smudge = touch $MARK\\n process = touch $MARK\\n' > .git/config"),
        Runs("host/filters", "printf '* filter=x diff=x merge=x\\n' > .gitattributes; mkdir -p .git/info; cp .gitattributes .git/info/attributes; " +
            "printf '[filter \"x\"]\\n clean = touch $MARK\\n smudge = touch $MARK\\n[diff \"x\"]\\n textconv = touch $MARK\\n command = touch $MARK\\n" +
            "[merge \"x\"]\\n driver = touch $MARK\\n' > .gitconfig; cp .gitconfig .git/config"),
        Runs("host/git-file", "printf 'gitdir: /tmp/elsewhere\\n' > .git"),
        Runs(
            "host/submodule",
            "printf '[submodule \"x\"]\\n path = x\\n url = ext::sh -c \"touch $MARK\"\\n update = !touch $MARK\\n' > .gitmodules; mkdir x; " +
            "printf 'gitdir: ../.git/modules/x\\n' > x/.git"),
        Runs("host/names", "touch -- '-rf' '--output=$MARK' '--upload-pack=touch $MARK' \"$(printf 'a\\nb')\" '$(touch $MARK)' '`touch $MARK`' ';touch $MARK'"),
        Runs("host/bare-inside", "mkdir -p inner/objects inner/refs; echo 'ref: refs/heads/x' > inner/HEAD; " +
            "printf '[core]\\n bare = true\\n fsmonitor = touch $MARK\\n' > inner/config"),
    ];

    private static Attack Reads(string name, string plant, string path, string tool = "read", string? arguments = null) =>
        new(name, ReadsNoLinks, async (ground, cancellation) =>
        {
            var tree = await TreeAsync(ground, cancellation);
            await PlantAsync(ground, tree, plant, cancellation);
            ITool used = tool switch
            {
                "search" => new SearchTool(ProgramFinder.Find("rg")),
                "list" => new ListTool(),
                _ => new ReadTool(),
            };
            var said = await UseAsync(used, tree, arguments ?? $$"""{"path":"{{Fill(ground, path)}}"}""", cancellation);
            var isListed = tool == "list" && said.Contains(Path.GetFileName(ground.InHome), StringComparison.Ordinal);
            return isListed || said.Contains(ground.Secret, StringComparison.Ordinal)
                ? AttackOutcome.Through(said.Split('\n')[0]) : AttackOutcome.Stopped(said.Split('\n')[0]);
        });

    private static Attack Runs(string name, string plant) => new(name, RunsNothing, async (ground, cancellation) =>
    {
        var (tree, mark) = (await TreeAsync(ground, cancellation), Path.Combine(ground.NewFolder(), "mark"));
        await PlantAsync(ground, tree, plant.Replace("$MARK", mark, StringComparison.Ordinal), cancellation);
        var recorded = await tree.SnapshotAsync(cancellation).WaitAsync(Patience, cancellation);
        await tree.ChangesAsync(cancellation);
        await UseAsync(new DiffTool(), tree, "{}", cancellation);
        var again = Path.Combine(ground.NewFolder(), "checkout");
        await ground.Clone.CheckoutAsync(recorded, again, cancellation);
        return File.Exists(mark) || Directory.EnumerateFiles(Path.GetDirectoryName(mark)!).Any()
            ? AttackOutcome.Through("what it planted was run") : AttackOutcome.Stopped("it was recorded, shown and laid out, and nothing of it ran");
    });

    /// <summary>A program swaps a file and a link to the secret as fast as it can, while the host reads the file.</summary>
    private static async Task<AttackOutcome> RaceAsync(AttackGround ground, CancellationToken cancellation)
    {
        var tree = await TreeAsync(ground, cancellation);
        await PlantAsync(ground, tree, "echo plain > file; ln -s $SECRET_FILE link; echo plain > other", cancellation);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var swap = $"while :; do mv -f link file; ln -s {ground.InHome} link; cp other new; mv -f new file; done";
        var swapping = ground.Sandbox.RunAsync(
            new SandboxCommand { Shell = swap, Tree = tree.Path, Timeout = Patience }, CancellationToken.None, new SandboxSession { Stop = stop.Token });
        try
        {
            for (var reads = 0; reads < 3000; reads++)
            {
                if ((await UseAsync(new ReadTool(), tree, """{"path":"file"}""", cancellation)).Contains(ground.Secret, StringComparison.Ordinal))
                {
                    return AttackOutcome.Through($"read {reads} went through the link");
                }
            }

            return AttackOutcome.Stopped("3,000 reads went through no link");
        }
        finally
        {
            await stop.CancelAsync();
            await swapping;
        }
    }

    private static async Task<AgentTree> TreeAsync(AttackGround ground, CancellationToken cancellation)
    {
        var (commit, tree) = await ground.BaseAsync(cancellation);
        var name = $"attacker-{Guid.NewGuid():N}";
        var agent = new AgentTree(name, Path.Combine(ground.RunFolder.Trees, $"agent-{name}"), tree, commit, ground.Clone, ground.Sandbox.OwnerOfFiles);
        await agent.ResetAsync(tree, cancellation);
        return agent;
    }

    private static async Task PlantAsync(AttackGround ground, AgentTree tree, string line, CancellationToken cancellation)
    {
        tree.Touch();
        await ground.RunAsync(Fill(ground, line), cancellation, command => command with { Tree = tree.Path });
    }

    private static string Fill(AttackGround ground, string text) => text
        .Replace("$SECRET_FILE", ground.InHome, StringComparison.Ordinal)
        .Replace("$SECRET_FOLDER", Path.GetDirectoryName(ground.InHome), StringComparison.Ordinal)
        .Replace("$SECRET_NAME", Path.GetFileName(ground.InHome), StringComparison.Ordinal);

    private static async Task<string> UseAsync(ITool tool, AgentTree tree, string arguments, CancellationToken cancellation)
    {
        try
        {
            return (await tool.RunAsync(new ToolContext(tree, null!), ToolArguments.Parse(arguments), cancellation).WaitAsync(Patience, cancellation)).Content;
        }
        catch (ToolException refused)
        {
            return refused.Message;
        }
    }
}
