using System.Text.RegularExpressions;

namespace Godwit.Tests;

/// <summary>Which feature folder may use which: arrows go down only.</summary>
public sealed partial class FolderTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Goals"] = [],
        ["Telemetry"] = [],
        ["Runs"] = ["Durable", "Identity"],
        ["Identity"] = ["Durable"],
        ["Sandbox"] = ["Workspaces"],
        ["Workspaces"] = ["Durable"],
        ["Verification"] = ["Durable", "Runs", "Identity", "Sandbox", "Workspaces"],
        ["Settings"] = [],
        ["Search"] = ["Durable", "Verification"],
        ["Models"] = ["Durable", "Telemetry"],
        ["Budgets"] = ["Durable"],
        ["Tools"] = ["Durable", "Models", "Sandbox", "Workspaces"],
        ["Guardian"] = [],
        ["Agents"] = ["Durable", "Goals", "Telemetry", "Runs", "Models", "Budgets", "Tools", "Guardian", "Workspaces", "Sandbox"],
        ["Playbooks"] =
            [
                "Durable",
                "Goals",
                "Runs",
                "Identity",
                "Sandbox",
                "Workspaces",
                "Verification",
                "Settings",
                "Search",
                "Models",
                "Budgets",
                "Tools",
                "Guardian",
                "Agents",
                "Playbooks",
            ],
    };

    private static string Source => Path.Combine(Repository.Root, "src", "Godwit");

    [Fact]
    public void Folders_UseOnlyWhatStandsBelowThem()
    {
        foreach (var folder in Directory.EnumerateDirectories(Source)
            .Where(path => Directory.EnumerateFiles(path, "*.cs", SearchOption.AllDirectories).Any()))
        {
            var name = Path.GetFileName(folder);
            Assert.True(Allowed.ContainsKey(name), $"{name} is a new folder; say here what it may use");
            foreach (var file in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
            {
                var text = File.ReadAllText(file);
                foreach (var other in UsedFolders().Matches(text)
                    .Select(match => match.Groups[1].Value)
                    .Where(other => other == "Durable" || (other != name && Allowed.ContainsKey(other)))
                    .Distinct())
                {
                    Assert.True(Allowed[name].Contains(other), $"{Path.GetRelativePath(Source, file)} uses {other}");
                }
            }
        }
    }

    [Fact]
    public void Playbooks_UseNoClockRandomnessOrRaceOfTheirOwn()
    {
        string[] banned =
            [
                "Task.WhenAny",
                "Task.Run",
                "Task.Delay",
                "ConfigureAwait(false)",
                "Guid.NewGuid",
                "Random.Shared",
                "DateTime",
                "Stopwatch",
                "TimeProvider",
            ];
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Source, "Playbooks"), "*Playbook.cs", SearchOption.AllDirectories))
        {
            var code = string.Join('\n', File.ReadLines(file).Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal)));
            foreach (var word in banned)
            {
                Assert.False(code.Contains(word, StringComparison.Ordinal), $"{Path.GetFileName(file)} uses {word}");
            }
        }
    }

    [GeneratedRegex(@"(?:using Godwit\.|[ (<]Godwit\.)(\w+)")]
    private static partial Regex UsedFolders();
}
