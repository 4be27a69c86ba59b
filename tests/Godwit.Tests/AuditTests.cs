using System.Diagnostics;
using System.IO.Compression;
using System.Text.RegularExpressions;

namespace Godwit.Tests;

/// <summary>What docs/audit.md tells a third party to do, done on a recorded run with nothing of Godwit's.</summary>
public sealed partial class AuditTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("godwit-audit-");
    private readonly string _evidence;

    public AuditTests()
    {
        var recording = Directory.GetFiles(Path.Combine(Repository.Root, "examples", "recordings"), "sqlite-settings-*.zip").Single();
        ZipFile.ExtractToDirectory(recording, _folder.FullName);
        _evidence = Directory.GetFiles(Path.Combine(_folder.FullName, "evidence")).Single();
    }

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Journal_WhoseChainIsRecomputed_EndsWhereItsCheckpointSays()
    {
        var (exit, output) = Python("chain.py", "journal.db");
        Assert.Equal(0, exit);
        var checkpoint = File.ReadLines(Path.Combine(_folder.FullName, "checkpoints.jsonl")).Last();
        Assert.Contains($"\"sequence\":{output.Split(' ')[1]},\"hash\":\"{output.Split(' ')[2].Trim()}\"", checkpoint, StringComparison.Ordinal);

        // What was changed is named.
        Run("sqlite3", "journal.db", "UPDATE entries SET data = replace(data, '1', '2') WHERE seq = 2");
        Assert.Contains("entry 2 isn't what was written", Python("chain.py", "journal.db").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Evidence_IsSignedByItsKey_ForATreeThatIsThere_AndItsBoundFollows()
    {
        var (exit, output) = Python("envelope.py", _evidence);
        Assert.Equal(0, exit);
        string[] verify = ["pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-rawin", "-in", "signed", "-sigfile", "signature"];
        Assert.Contains("Verified Successfully", Run("openssl", verify).Output, StringComparison.Ordinal);
        var named = Commit().Match(output);
        Assert.Equal(
            named.Groups[2].Value, Run("git", "--git-dir", "repository.git", "rev-parse", $"{named.Groups[1].Value}^{{tree}}").Output.Trim());
        Assert.Equal(0, Python("claim.py", _evidence).Exit);

        File.WriteAllBytes(Path.Combine(_folder.FullName, "signed"), [1, .. File.ReadAllBytes(Path.Combine(_folder.FullName, "signed"))]);
        Assert.NotEqual(0, Run("openssl", verify).Exit);
    }

    /// <summary>Runs a script of the document by the name that its first line gives it.</summary>
    private (int Exit, string Output) Python(string script, string argument)
    {
        var document = File.ReadAllText(Path.Combine(Repository.Root, "docs", "audit.md"));
        var code = Script().Matches(document).Select(match => match.Groups[1].Value)
            .Single(code => code.StartsWith($"# {script} ", StringComparison.Ordinal));
        File.WriteAllText(Path.Combine(_folder.FullName, script), code);
        return Run("python3", script, argument);
    }

    private (int Exit, string Output) Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = _folder.FullName, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }

    [GeneratedRegex("```python\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Script();

    [GeneratedRegex("commit (\\S+) tree (\\S+)")]
    private static partial Regex Commit();
}
