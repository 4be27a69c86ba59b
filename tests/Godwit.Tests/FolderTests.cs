using ArchUnitNET.Domain;
using ArchUnitNET.Loader;

namespace Godwit.Tests;

/// <summary>Which feature folder may use which: arrows go down only.</summary>
public sealed class FolderTests
{
    private const string Core = "Durable";

    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Goals"] = [],
        ["Telemetry"] = [],
        ["Runs"] = ["Durable", "Identity", "Workspaces"],
        ["Identity"] = ["Durable"],
        ["Sandbox"] = ["Workspaces"],
        ["Workspaces"] = ["Durable"],
        ["Verification"] = ["Durable", "Runs", "Identity", "Sandbox", "Workspaces", "Egress"],
        ["Settings"] = [],
        ["Search"] = ["Durable", "Verification"],
        ["Models"] = ["Durable", "Telemetry", "Identity", "Sandbox"],
        ["Egress"] = ["Durable", "Goals", "Identity", "Sandbox"],
        ["Budgets"] = ["Durable"],
        ["Tools"] = ["Durable", "Models", "Sandbox", "Workspaces", "Egress"],
        ["Guardian"] = ["Sandbox"],
        ["Agents"] = ["Durable", "Goals", "Telemetry", "Runs", "Identity", "Models", "Budgets", "Tools", "Guardian", "Workspaces", "Sandbox", "Egress"],
        ["Playbooks"] =
            [
                "Durable",
                "Goals",
                "Runs",
                "Identity",
                "Sandbox",
                "Egress",
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

    private static readonly Architecture Built =
        new ArchLoader().LoadAssemblies(typeof(Godwit.Goals.Goal).Assembly, typeof(Godwit.Durable.DurableRun).Assembly).Build();

    private static string Source => Path.Combine(Repository.Root, "src", "Godwit");

    [Fact]
    public void Folders_UseOnlyWhatStandsBelowThem()
    {
        var wrong = from type in Built.Types
                    let folder = FolderOf(type)
                    where folder is not (null or Core)
                    from used in type.Dependencies.Select(use => FolderOf(use.Target)).OfType<string>().Distinct()
                    where used != folder && !Allowed.GetValueOrDefault(folder, []).Contains(used)
                    select $"{type.FullName} uses {used}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void Folders_AreAllKnown() =>
        Assert.Empty(Directory.EnumerateDirectories(Source).Select(Path.GetFileName).Where(HasCode).Except(Allowed.Keys));

    /// <summary>The feature folder of a type, which is its namespace's second name; null for what isn't Godwit's.</summary>
    private static string? FolderOf(IType type) =>
        type.Namespace?.FullName.Split('.') is ["Godwit", var folder, ..] ? folder : null;

    private static bool HasCode(string? folder) =>
        Directory.EnumerateFiles(Path.Combine(Source, folder!), "*.cs", SearchOption.AllDirectories).Any();
}
