using System.Diagnostics;
using System.Text.Json;

namespace Godwit.Tests.Cli;

/// <summary>Runs the program as a user does: through the launcher, with a store of its own.</summary>
internal sealed class Program : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("godwit-cli-");

    public string Home => Path.Combine(_root.FullName, "home");

    /// <summary>A folder with files; the content of a program's file starts with #! and makes it one.</summary>
    public string Folder(string name, params (string Path, string Content)[] files)
    {
        var folder = Path.Combine(_root.FullName, name);
        Directory.CreateDirectory(folder);
        foreach (var (path, content) in files)
        {
            File.WriteAllText(Path.Combine(folder, path), content);
            if (content.StartsWith("#!", StringComparison.Ordinal))
            {
                File.SetUnixFileMode(Path.Combine(folder, path), (UnixFileMode)0b111_101_101);
            }
        }

        return folder;
    }

    /// <summary>An example of the repository, copied so that a test can change it.</summary>
    public string Example(string name, Func<string, string>? changeGoal = null)
    {
        var folder = Path.Combine(_root.FullName, name);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "examples", name), "*", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/bin/", StringComparison.Ordinal) && !file.Contains("/obj/", StringComparison.Ordinal)))
        {
            var target = Path.Combine(folder, Path.GetRelativePath(Path.Combine(Repository.Root, "examples", name), file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target, overwrite: true);
        }

        var goal = Path.Combine(folder, "godwit.yaml");
        File.WriteAllText(goal, (changeGoal ?? (text => text))(File.ReadAllText(goal)));
        return folder;
    }

    public Process Start(params string[] arguments)
    {
        var info = new ProcessStartInfo(Path.Combine(Repository.Root, "godwit"), arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        info.Environment["GODWIT_HOME"] = Home;
        return Process.Start(info)!;
    }

    public (int Exit, string Output, string Error) Run(params string[] arguments)
    {
        using var process = Start(arguments);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(TimeSpan.FromMinutes(5)), $"godwit {string.Join(' ', arguments)} did not end");
        return (process.ExitCode, output, error.Result);
    }

    public JsonElement RunJson(params string[] arguments)
    {
        var (_, output, error) = Run([.. arguments, "--json"]);
        Assert.True(output.Length > 0, error);
        return JsonDocument.Parse(output).RootElement;
    }

    public void Dispose() => _root.Delete(recursive: true);
}
