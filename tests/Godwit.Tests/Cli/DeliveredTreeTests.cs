using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Godwit.Tests.Cli;

/// <summary>
/// What is delivered is, byte for byte and mode for mode, what was confirmed: the measured command says what tree it sees, and the
/// commit is checked out and looked at in the same way.
/// </summary>
public sealed class DeliveredTreeTests : IDisposable
{
    /// <summary>Names, modes and contents of all files, links too, as one line.</summary>
    private const string Look =
        "find . -path ./.git -prune -o \\( -type f -o -type l \\) -print0 | LC_ALL=C sort -z | while IFS= read -r -d '' f; do " +
        "[ -x \"$f\" ] && m=x || m=-; [ -L \"$f\" ] && m=l$(readlink \"$f\"); echo \"$m $f $(sha256sum < \"$f\")\"; done | " +
        "sha256sum | sed 's/^/TREE /'";

    private readonly Program _godwit = new();

    public void Dispose() => _godwit.Dispose();

    public static TheoryData<string, string, string> Formats => new()
    {
        { "settings.json", "{\"keep\": [1, 2.50],\r\n  \"speed\": 100}\r\n", "{\"keep\": [1, 2.50],\r\n  \"speed\": 400}\r\n" },
        { "settings.jsonc", "\uFEFF{\n  // how fast\n  \"speed\": 100, /* how fast " +
        "*/\n}\n", "\uFEFF{\n  // how fast\n  \"speed\": 400, /* how fast */\n}\n" },
        { "settings.toml", "# top\nspeed = 100\n[a]\nspeed = 1\n", "# top\nspeed = 400\n[a]\nspeed = 1\n" },
        { "settings.yaml", "other: '1.10'\nspeed: 100   # how fast\n", "other: '1.10'\nspeed: 400   # how fast\n" },
        { "settings.ini", "; note\nspeed = 100\n[b]\nspeed = 7\n", "; note\nspeed = 400\n[b]\nspeed = 7\n" },
        { "settings.env", "export speed=\"100\"  # note\nX='y z'\n", "export speed=\"400\"  # note\nX='y z'\n" },
        { "settings.conf", "http {\n  speed 100;\n}\n", "http {\n  speed 400;\n}\n" },
        { "settings.properties", "! note\nspeed : 100\n", "! note\nspeed : 400\n" },
    };

    [Theory]
    [MemberData(nameof(Formats))]
    public void Run_SettingsInThisFormat_DeliversTheTreeThatWasConfirmed(string file, string before, string after)
    {
        Suite.RequireWhole(but: Path.GetExtension(file) is ".json" or ".yaml" or ".env");
        var goal = _godwit.Folder(
            "goal", (file, before), ("tool", "#!/bin/sh\necho METRIC ops=$(grep -c 400 $1)00$(grep -c 100 $1)\n"), ("look", $"#!/bin/bash\n{Look}\n"), ("godwit.yaml", $$$"""
            goal: Faster
            editable: [{{{file}}}]
            measure: {command: "./look && ./tool {{{file}}}", metric: ops, direction: maximise}
            holdout: {command: "./tool {{{file}}}"}
            parameters: {file: {{{file}}}, space: {speed: {type: choice, values: [100, 400]}}, try: [{speed: 400}]}
            budget: {trials: 1}
            """));
        File.CreateSymbolicLink(Path.Combine(goal, "link"), "tool");
        Git(goal, "init", "--quiet");
        Git(goal, "add", "--all");
        Git(goal, "-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "--quiet", "--message", "start");
        var result = _godwit.RunJson("run", goal);
        Assert.True(result.GetProperty("state").GetString() == "verified", result.ToString());

        var clone = Path.Combine(Path.GetDirectoryName(goal)!, "clone");
        Git(goal, "clone", "--quiet", "--branch", result.GetProperty("branch").GetString()!, goal, clone);
        Assert.Equal(System.Text.Encoding.UTF8.GetBytes(after), File.ReadAllBytes(Path.Combine(clone, file)));
        var measured = Regex.Matches(_godwit.Run("log", "last", "--trial", "1").Output, "TREE [0-9a-f]{64}")
            .Select(match => match.Value)
            .Distinct()
            .ToList();
        Assert.Equal(Assert.Single(measured), Run(clone, "./look").Split("  ")[0].Trim());
        Assert.Matches("speed\\W+400", _godwit.Run("show", "last", "--trial", "1").Output);
    }

    private static void Git(string folder, params string[] arguments)
    {
        using var git = Process.Start(new ProcessStartInfo("git", arguments) { WorkingDirectory = folder })!;
        git.WaitForExit();
        Assert.Equal(0, git.ExitCode);
    }

    private static string Run(string folder, string program)
    {
        using var process = Process.Start(
            new ProcessStartInfo(Path.Combine(folder, program)) { WorkingDirectory = folder, RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }
}
