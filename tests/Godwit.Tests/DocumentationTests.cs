using Godwit.Durable;
using Godwit.Goals;
using Godwit.Playbooks;
using Godwit.Tests.Durable;

namespace Godwit.Tests;

/// <summary>What the documents show is what the code does.</summary>
public sealed class DocumentationTests : IDisposable
{
    private readonly RunFixture _runs = new();

    public void Dispose() => _runs.Dispose();

    [Fact]
    public void Architecture_Playbook_IsTheOneThatIsTested()
    {
        var document = File.ReadAllText(Path.Combine(Repository.Root, "docs", "architecture.md"));
        var start = document.IndexOf("```csharp\n", StringComparison.Ordinal) + "```csharp\n".Length;
        var shown = document[start..document.IndexOf("```", start, StringComparison.Ordinal)].TrimEnd();
        var tested = File.ReadAllText(Path.Combine(Repository.Root, "tests", "Godwit.Tests", "ShipOrders.cs"));
        Assert.EndsWith(shown, tested.TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Architecture_Playbook_Runs()
    {
        var playbook = new ShipOrders();
        var folder = _runs.Folder();
        await using var run = await DurableRun.CreateAsync<IReadOnlyList<Shipment>, string>(
            folder, _runs.Signer(folder), new PlaybookCatalogue(playbook), playbook, [new Shipment("a", 1), new Shipment("b", 2)],
            1, new DurableOptions { ReplayAfterEveryEntry = true });
        var end = run.RunAsync();
        await run.SignalAsync(DurableRun.Root, "approve", "boss", "yes");
        Assert.StartsWith(
            "2 parcels, request ", (await end.WaitAsync(TimeSpan.FromSeconds(10))).Result<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public void Agents_Goal_IsOneThatGodwitReads()
    {
        var document = File.ReadAllText(Path.Combine(Repository.Root, "docs", "agents.md"));
        var goal = document.Split("```yaml\n")[1].Split("```")[0];
        Assert.NotNull(new RunKinds().Read(new GoalText(goal, "", "goal"), out var problems));
        Assert.Empty(problems);
    }

    private static IEnumerable<string> DocumentedFiles() =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Repository.Root, file))
            .Concat(["README.md", "CONTRIBUTING.md", "SECURITY.md", "bench/README.md", "src/Godwit.Durable/README.md"]);

    [Fact]
    public void Documents_Links_LeadSomewhere()
    {
        foreach (var file in DocumentedFiles())
        {
            var text = File.ReadAllText(Path.Combine(Repository.Root, file));
            foreach (System.Text.RegularExpressions.Match link in System.Text.RegularExpressions.Regex.Matches(text, @"\]\(([^)#]+)\)"))
            {
                var target = link.Groups[1].Value;
                Assert.True(
                    target.StartsWith("http", StringComparison.Ordinal)
                        || Path.Exists(Path.Combine(Repository.Root, Path.GetDirectoryName(file)!, target)),
                    $"{file} links to {target}");
            }
        }
    }
}
