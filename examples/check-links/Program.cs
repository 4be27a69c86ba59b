using System.Runtime.Versioning;
using System.Text;
using System.Text.RegularExpressions;
using Godwit.Cli;
using Godwit.Durable;
using Godwit.Goals;
using Godwit.Playbooks;
using Godwit.Verification;
using Godwit.Workspaces;

[assembly: SupportedOSPlatform("linux")]

// The whole godwit command, with one kind of run more.
return await GodwitProgram.RunAsync(args, new LinksKind());

/// <summary>A goal with <c>playbook: links</c>.</summary>
internal sealed record LinksGoal : Goal
{
    public required IReadOnlyList<string> Files { get; init; }
}

/// <summary>What the playbook registers.</summary>
internal sealed class LinksKind() : PlaybookKind<LinksGoal, string>("links")
{
    public override IReadOnlyList<GoalKey> Keys =>
        [new("files", "list", "all Markdown files", "Which files are read.", "[README.md, \"docs/**\"]")];

    public override Goal Read(YamlMap root, string folder) =>
        new LinksGoal { Files = root.List("files") is { Count: > 0 } files ? files : ["**/*.md"] };

    protected override Playbook<GoalInput<LinksGoal>, string> Playbook(RunWorld world) => new LinksPlaybook(world.Repository);
}

/// <summary>One step a file: a run that is killed goes on with the next one.</summary>
internal sealed partial record LinksPlaybook(RunRepository Repository) : Playbook<GoalInput<LinksGoal>, string>("links")
{
    public override async Task<string> RunAsync(IDurableContext context, GoalInput<LinksGoal> input)
    {
        var all = await context.StepAsync("files", Effect.Repeatable, input.Commit, async (commit, _, stop) =>
            (await Repository.FilesAsync(commit, "", stop)).Select(file => file.Path).ToList());
        var (read, broken) = (all.Where(new Glob(input.Goal.Files).Matches).ToList(), 0);
        for (var index = 0; index < read.Count; index++)
        {
            var file = read[index];
            var targets = await context.StepAsync($"file/{index}", Effect.Repeatable, new[] { input.Commit, file }, async (from, _, stop) =>
                Links().Matches(Encoding.UTF8.GetString(await Repository.FileAsync(from[0], from[1], stop) ?? []))
                    .Select(link => Path.GetRelativePath("/", Path.Combine("/", Path.GetDirectoryName(from[1])!, link.Groups[1].Value)))
                    .ToList());
            var lost = targets.Where(target => target != "." && !all.Exists(one => one == target || one.StartsWith(target + "/"))).ToList();
            broken += lost.Count;
            await context.NoteAsync($"told/{index}", $"{file}: {(lost.Count == 0 ? "fine" : "leads nowhere: " + string.Join(", ", lost))}");
        }

        return $"{broken} of the links of {read.Count} files lead nowhere";
    }

    [GeneratedRegex(@"\]\((?![a-z]+:)([^)#\s]+)")]
    private static partial Regex Links();
}
